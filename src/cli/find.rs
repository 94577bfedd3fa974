//! `credenza find ID`.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;

use super::running::Running;
use super::{Global, print, table};
use crate::app;
use crate::media::StremioId;
use crate::playback::IndexLine;

/// What is searched.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// A Stremio id: tt1254207, tt0944947:1:1, kitsu:12345:1
    id: StremioId,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, ask: &Ask) -> Result<(), String> {
    let config = global.configuration().map_err(|error| error.to_string())?;
    let found = match Running::find(&global.data()).await {
        Some(running) => running.ask(&["api", "find", &ask.id.to_string()], &[]).await?,
        None => search(config, global, ask).await?,
    };
    let text = if ask.json { found.to_string() } else { table::of(&found) };
    print(&text)?;
    match every_index_failed(&found) {
        Some(why) => {
            Err(format!("none of the indexes answered ({why}); check the network, then try again"))
        }
        None => Ok(()),
    }
}

async fn search(
    config: crate::config::Config,
    global: &Global,
    ask: &Ask,
) -> Result<serde_json::Value, String> {
    let story = app::story(&config, &global.data()).map_err(|error| error.to_string())?;
    let live = std::io::stderr().is_terminal();
    let mut on = |line: &IndexLine| {
        if live {
            let _ = writeln!(std::io::stderr(), "{}", table::progress(line));
        }
    };
    let findings = story.playback.find(&ask.id, &mut on).await;
    story.playback.stop().await;
    serde_json::to_value(&*findings).map_err(|error| error.to_string())
}

/// The first failure's sentence, where nobody that was asked answered.
fn every_index_failed(found: &serde_json::Value) -> Option<String> {
    let lines = found["indexes"].as_array()?;
    let asked: Vec<_> = lines.iter().filter(|line| line["state"] != "off").collect();
    let well = asked.iter().any(|line| line["state"] == "ok" || line["state"] == "empty");
    if well {
        return None;
    }
    let words = |line: &&serde_json::Value| line["message"].as_str().map(str::to_owned);
    Some(asked.iter().find_map(words).unwrap_or_else(|| "every index is switched off".to_owned()))
}
