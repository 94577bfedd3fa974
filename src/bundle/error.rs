//! Why a bundle is not taken: a code for programs, a sentence for the owner.

use std::io;

/// Why a bundle is not taken.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum Error {
    #[error("this is no update bundle but {seen}; take the file whose name ends in .bundle")]
    NotABundle { seen: &'static str },
    #[error("the head of this bundle is damaged ({what}); download it again")]
    DamagedHead { what: &'static str },
    #[error(
        "this bundle is signed with a key that this box does not know; take the bundle from where \
         this box's image came from"
    )]
    UnknownKey,
    #[error(
        "the signature of this bundle does not fit what it signs: the bundle was damaged or changed \
         on its way; download it again from its maker"
    )]
    BadSignature,
    #[error(
        "this bundle is of format {format}, and this version reads format 1 alone; install a \
         version between the two first"
    )]
    UnknownFormat { format: u64 },
    #[error("the manifest of this bundle is signed but makes no sense ({what}); tell its maker")]
    BadManifest { what: String },
    #[error("this bundle is for a {theirs}, and this box is a {ours}; take the one for a {ours}")]
    WrongBoard { theirs: String, ours: String },
    #[error(
        "this bundle holds version {version}, which is older than the running {running}; an update \
         only goes forward"
    )]
    TooOld { version: String, running: String },
    #[error("version {version} is running already; there is nothing to do")]
    AlreadyInstalled { version: String },
    #[error("this bundle breaks off after {got} of {of} bytes; download it again")]
    Truncated { got: u64, of: u64 },
    #[error("this bundle breaks off within its head; download it again")]
    TruncatedHead,
    #[error(
        "this bundle is damaged: its bytes do not have the checksum that was signed; download it again"
    )]
    Damaged,
    #[error(
        "something follows the end of this bundle, so it is not as its maker made it; download it again"
    )]
    TrailingBytes,
    #[error("this bundle could not be read to its end ({0}); try again")]
    Unreadable(#[from] io::Error),
    #[error("this box has no key to check updates with ({what}); flash the card anew")]
    NoKeys { what: String },
}

impl Error {
    /// For programs: `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotABundle { .. } => "not_a_bundle",
            Self::UnknownKey | Self::BadSignature => "bad_signature",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::BadManifest { .. } => "bad_manifest",
            Self::WrongBoard { .. } => "wrong_board",
            Self::TooOld { .. } => "too_old",
            Self::AlreadyInstalled { .. } => "already_installed",
            Self::Truncated { .. } | Self::TruncatedHead => "truncated",
            Self::Damaged | Self::DamagedHead { .. } => "damaged",
            Self::TrailingBytes => "trailing_bytes",
            Self::Unreadable(_) => "unreadable",
            Self::NoKeys { .. } => "damaged_image",
        }
    }
}
