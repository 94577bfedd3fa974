//! `credenza find ID`.

use std::io::{self, Write as _};

use clap::Args;
use serde_json::{Value, json};

use super::running::Running;
use super::terminal::Terminal;
use super::{Done, Global, print, table};
use crate::app;
use crate::config::Config;
use crate::media::StremioId;
use crate::playback::{IndexLine, Look, not_understood};
use crate::select::Candidate;

/// What is searched.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// A Stremio id: tt1254207, tt0944947:1:1, kitsu:12345:1
    id: StremioId,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Search anew, whatever was found before
    #[arg(long)]
    anew: bool,
}

pub(super) async fn run(global: &Global, ask: &Ask) -> Done {
    let config = global.configuration().map_err(|error| error.to_string())?;
    let (found, why) = match Running::find(&global.data()).await {
        Some(running) => running.search(&ask.id, ask.anew, &mut progress).await?,
        None => search(&config, global, ask).await?,
    };
    if let Some(health) = found["health"].as_str()
        && let Some(terminal) = Terminal::of_stderr()
    {
        let _ = writeln!(io::stderr(), "{}", table::health(health, &terminal));
    }
    let table = || table::of(&found, why.as_deref(), &Terminal::of_stdout());
    print(&if ask.json { found.to_string() } else { table() })?;
    nobody_answered(&found).map_or(Ok(()), |sentence| Err(sentence.into()))
}

/// Searches here. With the answer comes why its first candidate leads.
async fn search(
    config: &Config,
    global: &Global,
    ask: &Ask,
) -> Result<(Value, Option<String>), String> {
    let story = app::story(config, &global.data()).map_err(|error| error.to_string())?;
    let mut on = |line: &IndexLine| progress(&json!(line));
    let look = if ask.anew { Look::Anew } else { Look::Alone };
    let findings = story.playback.find_as(&ask.id, look, &mut on).await;
    story.playback.stop().await;
    let found = serde_json::to_value(&*findings).map_err(|error| error.to_string())?;
    Ok((found, findings.candidates.first().map(Candidate::why)))
}

/// A line for whoever waits before a terminal.
fn progress(line: &Value) {
    if let Some(terminal) = Terminal::of_stderr() {
        let _ = writeln!(io::stderr(), "{}", table::progress(line, &terminal));
    }
}

/// The sentence that names the culprit, where nobody that was asked answered.
fn nobody_answered(found: &Value) -> Option<String> {
    let lines = found["indexes"].as_array()?;
    let is = |line: &Value, state: &str| line["state"] == state;
    if lines.iter().any(|line| is(line, "ok") || is(line, "empty")) {
        return None;
    }
    let asked = || lines.iter().filter(|line| !is(line, "off"));
    if asked().next().is_none() {
        let how = "set index.torrentio.enabled, or another's, to true";
        return Some(format!("every index is switched off; {how}"));
    }
    let Some(failed) = asked().find(|line| !is(line, "unsupported_id")) else {
        return Some(not_understood(found["id"].as_str().unwrap_or_default()));
    };
    let why = failed["message"].as_str().unwrap_or("no reason was given");
    Some(format!("none of the indexes answered ({why}); check the network, then try again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_who_kept_the_answer_away() {
        for (id, states, expected) in [
            ("tt1", &["off", "ok", "failed"][..], None),
            ("tt1", &["empty", "timed_out"], None),
            ("tt1", &["off", "off"], Some("every index is switched off; ")),
            ("anidb:69:1", &["off", "unsupported_id"], Some("understands anidb ids; use a kit")),
            ("mal:21:1", &["unsupported_id"], Some("understands mal ids; use a kitsu: or tt id")),
            ("kitsu:1:1", &["unsupported_id"], Some("understands kitsu ids; use a tt id")),
            (
                "tmdb:movie:1",
                &["unsupported_id"],
                Some("; set title.tmdb_key to a key for TMDB, or"),
            ),
            ("tt1:1:1", &["unsupported_id"], Some("understands tt1:1:1; switch on another")),
            (
                "mal:21:1",
                &["unsupported_id", "failed"],
                Some("answered (failed it has); check the"),
            ),
        ] {
            let line = |state: &&str| json!({"state": state, "message": format!("{state} it has")});
            let lines: Vec<_> = states.iter().map(line).collect();
            let told = nobody_answered(&json!({"id": id, "indexes": lines}));
            match expected {
                None => assert_eq!(told, None, "{states:?}"),
                Some(part) => assert!(told.as_ref().is_some_and(|t| t.contains(part)), "{told:?}"),
            }
        }
    }
}
