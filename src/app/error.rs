//! What keeps the house from being built.

use std::path::PathBuf;

use crate::config::BadConfig;
use crate::http::server;
use crate::playback;

/// Why the house cannot be built. Each is one sentence with what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each carries its room's sentence")]
pub enum Error {
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error("the section [prefer] of the configuration is wrong: {0}")]
    Prefer(crate::select::BadPreference),
    #[error("the data folder {folder} cannot be used: {error}; choose another with --data")]
    Data { folder: PathBuf, error: std::io::Error },
    #[error(transparent)]
    State(#[from] crate::durable::Error),
    #[error(transparent)]
    Fetch(#[from] crate::fetch::Error),
    #[error(transparent)]
    Mirror(#[from] crate::mirror::Error),
    #[error(transparent)]
    Playback(#[from] playback::Error),
    #[error(transparent)]
    Access(#[from] crate::access::Error),
    #[error(transparent)]
    Listen(#[from] server::Error),
    #[error("this machine gives no random numbers, of which the box's id is made; restart it")]
    NoChance,
    #[error("the token file {file} cannot be read: {error}; mend debrid.token_file")]
    TokenFile { file: PathBuf, error: std::io::Error },
}
