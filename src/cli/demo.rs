//! `credenza demo`: the same server, with a household of its own for a world.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::{Done, Global, Signals, serve};
use crate::app::App;
use crate::config::Config;
use crate::demo;
use tokio_util::task::TaskTracker;

/// The configuration that every command on a data folder reads.
const CONFIGURATION: &str = "credenza.toml";
/// Its first line, by which a demonstration knows its own.
const MARK: &str = "# Written by `credenza demo`: it leads to stand-ins on this machine.";

/// Where the demonstration lives.
enum Folder {
    Temporary(tempfile::TempDir),
    Named(PathBuf),
}

impl Folder {
    fn of(global: &Global) -> Result<Self, String> {
        let folder = match &global.data {
            Some(data) => Self::Named(data.clone()),
            None => Self::temporary()?,
        };
        folder.check()?;
        let home = folder.path().join("household");
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(home);
        let named = folder.path().display();
        made.map_err(|error| {
            format!("the data folder {named} cannot be used: {error}; choose another with --data")
        })?;
        Ok(folder)
    }

    fn temporary() -> Result<Self, String> {
        let made = tempfile::Builder::new().prefix("credenza-demo-").tempdir();
        made.map(Self::Temporary).map_err(|error| {
            format!("no temporary folder can be made: {error}; set TMPDIR to a folder with room")
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Named(path) => path,
        }
    }

    /// A household's own data folder is not played with.
    fn check(&self) -> Result<(), String> {
        let path = self.path();
        let ours = std::fs::read_to_string(path.join(CONFIGURATION))
            .is_ok_and(|text| text.starts_with(MARK));
        let used = path.join(CONFIGURATION).exists() || path.join("state.redb").exists();
        if used && !ours {
            let named = path.display();
            return Err(format!(
                "{named} is a data folder in use; give the demonstration another with --data"
            ));
        }
        Ok(())
    }
}

/// Everything that is different from `serve` is in the configuration that the household gives.
pub(super) async fn run(global: &Global, signals: &mut Signals) -> Done {
    let folder = Folder::of(global)?;
    let data = folder.path();
    let household = demo::start(TaskTracker::new(), &data.join("household"))
        .await
        .map_err(|error| error.to_string())?;
    // Where every command with --data finds it: when the demonstration has ended, they find nobody,
    // and not the services of the world.
    let file = data.join(CONFIGURATION);
    std::fs::write(&file, format!("{MARK}\n{}", household.configuration()))
        .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    let config = Config::load(Some(&file)).map_err(|error| error.to_string())?;
    let app = App::start(global.apply(config), data).await.map_err(|error| error.to_string())?;
    serve::announce(&app);
    for hint in household.hints() {
        serve::tell(&hint);
    }
    let program = std::env::current_exe().unwrap_or_else(|_| "credenza".into());
    let (program, data) = (program.display(), data.display());
    serve::tell(&format!("in another terminal: {program} find ID --data {data}"));
    serve::tell(&format!("                     {program} play ID --data {data}"));
    signals.received().await;
    app.stop().await;
    household.stop().await;
    Ok(())
}
