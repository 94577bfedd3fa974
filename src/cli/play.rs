//! `credenza play ID`.

use clap::Args;

use super::running::Running;
use super::{Global, print, serve};
use crate::app::App;
use crate::media::StremioId;

/// What is to play.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// A Stremio id: tt1254207, tt0944947:1:1, kitsu:12345:1
    id: StremioId,
    /// One JSON object with the choice and its reasons, instead of the URL
    #[arg(long)]
    json: bool,
}

/// The bytes always come from a server of ours: the one that runs on this data folder, else this
/// process, until it is interrupted.
pub(super) async fn run(global: &Global, ask: &Ask) -> Result<(), String> {
    let config = global.configuration().map_err(|error| error.to_string())?;
    if let Some(running) = Running::find(&global.data()).await {
        let id = ask.id.to_string();
        let path = ["api", "play", &id];
        let asked = running.ask(&path, &[]);
        return tokio::select! {
            answer = asked => show(ask, &answer?),
            () = serve::interrupted() => Err("interrupted".to_owned()),
        };
    }
    let app = App::start_beside(config, &global.data(), global.listen.is_none())
        .await
        .map_err(|error| error.to_string())?;
    let done = tokio::select! {
        played = app.play(&ask.id) => played.and_then(|answer| show(ask, &answer)),
        () = serve::interrupted() => { app.stop().await; return Ok(()) }
    };
    if done.is_ok() {
        serve::interrupted().await;
    }
    app.stop().await;
    done
}

fn show(ask: &Ask, answer: &serde_json::Value) -> Result<(), String> {
    let url = answer["url"].as_str().unwrap_or_default();
    print(&if ask.json { answer.to_string() } else { url.to_owned() })
}
