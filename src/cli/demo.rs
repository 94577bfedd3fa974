//! `credenza demo`: the same server, with a household of its own for a world.

use super::{Done, Global, Signals, serve};
use crate::app::App;
use crate::config::Config;
use crate::demo;
use tokio_util::task::TaskTracker;

/// Everything that is different from `serve` is in the configuration that the household gives.
pub(super) async fn run(global: &Global, signals: &mut Signals) -> Done {
    let folder = tempfile::Builder::new().prefix("credenza-demo-").tempdir().map_err(|error| {
        format!("no temporary folder can be made: {error}; set TMPDIR to a folder with room")
    })?;
    let data = global.data.clone().unwrap_or_else(|| folder.path().join("data"));
    let home = data.join("household");
    std::fs::create_dir_all(&home).map_err(|error| {
        format!(
            "the data folder {} cannot be used: {error}; choose another with --data",
            data.display()
        )
    })?;
    let household =
        demo::start(TaskTracker::new(), &home).await.map_err(|error| error.to_string())?;
    let file = home.join("credenza.toml");
    std::fs::write(&file, household.configuration()).map_err(|error| error.to_string())?;
    let config = Config::load(Some(&file)).map_err(|error| error.to_string())?;
    let app = App::start(global.apply(config), &data).await.map_err(|error| error.to_string())?;
    serve::announce(&app);
    for hint in household.hints() {
        serve::tell(&hint);
    }
    serve::tell(&format!(
        "in another terminal: credenza find ID --data {0}; credenza play ID --data {0}",
        data.display()
    ));
    signals.received().await;
    app.stop().await;
    household.stop().await;
    Ok(())
}
