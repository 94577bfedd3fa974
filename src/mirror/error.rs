//! Why there is no mirror, in one sentence each.

use super::template::BadTemplate;
use crate::durable;

/// Why no mirror gives a file, or a source stays as it is. None holds more of an address than its
/// host.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Error {
    #[error("mirrors are switched off; set mirror.enabled to true")]
    Off,
    #[error("{file} has no mirror: its torrent names no web seed, and no source of yours is on")]
    NoSource { file: String },
    #[error(
        "the mirrors of {file} wait for its torrent's description, which was not found ({why})"
    )]
    NeedsMetadata { file: String, why: String },
    #[error("none of the {tried} mirrors of {file} has it; the first of them: {why}")]
    NoneWorks { file: String, tried: usize, why: String },
    #[error("all mirrors of {file} broke off; the last of them: {why}")]
    AllDead { file: String, why: String },
    #[error("no torrent cache is set; mirror.torrent_caches may list some")]
    NoCache,
    #[error("no torrent cache has the description of {info_hash}: {why}")]
    NoMetainfo { info_hash: String, why: String },
    #[error("{cache}, in mirror.torrent_caches, cannot be used: {why}")]
    BadCache { cache: String, why: BadTemplate },
    #[error(transparent)]
    Source(#[from] BadSource),
    #[error(transparent)]
    State(#[from] durable::Error),
}

/// Why a source of the owner's stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSource {
    /// No name.
    #[error(
        "a source's name has 1 to 40 letters, digits, spaces, hyphens, dots and underscores, and is neither \"stats\" nor \"test\""
    )]
    Name,
    /// The address.
    #[error("{name} cannot be asked there: {why}")]
    Address {
        /// Whose.
        name: String,
        /// What is wrong with it.
        why: BadTemplate,
    },
    /// A service that is known, and off.
    #[error("{name} is known and stays off: {reason}")]
    Known {
        /// Its name.
        name: String,
        /// Why it is off.
        reason: &'static str,
    },
    /// There is none of that name.
    #[error("there is no source named {0}; to add it, give its address")]
    NotThere(String),
    /// Every film asks all of them.
    #[error("at most {most} sources can be added; remove one first", most = super::MOST_SOURCES)]
    TooMany,
    /// Too long, or with signs that cannot be shown.
    #[error("a note has at most 200 characters, without line breaks")]
    Note,
    /// A number past what is shown.
    #[error("a priority is a number from 0 to 1000; the lowest is asked first")]
    Priority,
    /// A source that gives no ranges.
    #[error("a source that cannot resume cannot play: a film is read from any point")]
    NoResume,
}
