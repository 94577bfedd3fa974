//! `credenza play ID`.

use clap::Args;

use super::running::Running;
use super::{Done, Global, Signals, print};
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
pub(super) async fn run(global: &Global, ask: &Ask, signals: &mut Signals) -> Done {
    let config = global.configuration().map_err(|error| error.to_string())?;
    let data = global.data();
    let found = tokio::select! {
        found = Running::find(&data) => found,
        () = signals.received() => return Ok(()),
    };
    if let Some(running) = found {
        let id = ask.id.to_string();
        let path = ["api", "play", &id];
        return tokio::select! {
            biased;
            answer = running.ask(&path, &[]) => show(ask, &answer?),
            () = signals.received() => Ok(()),
        };
    }
    let app = App::start_beside(config, &data, global.listen.is_none())
        .await
        .map_err(|error| error.to_string())?;
    let done = tokio::select! {
        biased;
        played = app.play(&ask.id) => match played {
            Ok(answer) => show(ask, &answer),
            Err(sentence) => Err(sentence.into()),
        },
        () = signals.received() => { app.stop().await; return Ok(()) }
    };
    if done.is_ok() {
        signals.received().await;
    }
    app.stop().await;
    done
}

fn show(ask: &Ask, answer: &serde_json::Value) -> Done {
    let url = answer["url"].as_str().unwrap_or_default();
    print(&if ask.json { answer.to_string() } else { url.to_owned() })
}
