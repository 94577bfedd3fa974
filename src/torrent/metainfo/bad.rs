//! Why a torrent's description is refused, a sentence each.

/// Why a torrent's description is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// Not bencoding (BEP 3).
    #[error("this is no torrent: its bencoding breaks at byte {at}")]
    Bencode {
        /// Where, in bytes.
        at: usize,
    },
    /// Nested deeper than 16, or of more than 400,000 values.
    #[error(
        "the torrent is refused: its description is nested deeper than any real one; choose another release"
    )]
    Nested,
    /// Longer than 8 MiB.
    #[error(
        "the torrent is refused: its description is {bytes} bytes long and 8 MiB are the limit; choose another release"
    )]
    TooLong {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// A key that BEP 3 demands is missing or of another type.
    #[error("this is no torrent: its description has no usable {0:?}")]
    Missing(&'static str),
    /// Version 2 (BEP 52) without the v1 half.
    #[error(
        "the torrent is of BitTorrent v2 only, which is not supported: choose a v1 or hybrid release"
    )]
    OnlyV2,
    /// No file, or no byte in any.
    #[error("the torrent is empty: it has no file with a byte in it")]
    Empty,
    /// More than 10,000.
    #[error(
        "the torrent is refused: it has {0} files and 10000 are the limit; choose another release"
    )]
    TooManyFiles(usize),
    /// Not 16 KiB to 32 MiB.
    #[error(
        "the torrent is refused: its pieces are {0} bytes long, where 16 KiB to 32 MiB are wanted; choose another release"
    )]
    PieceLength(i64),
    /// Negative, or the sum is past what a number holds.
    #[error(
        "the torrent is refused: the lengths of its files are impossible; choose another release"
    )]
    Lengths,
    /// As many piece hashes as the length wants is the rule.
    #[error(
        "the torrent is refused: it has {has} piece hashes where its length wants {wants}; choose another release"
    )]
    PieceCount {
        /// What it has.
        has: u64,
        /// What its length wants.
        wants: u64,
    },
    /// A name that could lead out of a folder, or that hides what it is.
    #[error("the torrent is refused: the name {name:?} in it {fault}; choose another release")]
    Name {
        /// Its start, made harmless.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Two files of one path, but for the case of letters.
    #[error("the torrent is refused: two of its files are called {0:?}; choose another release")]
    Duplicate(String),
    /// Metadata from a peer that is not what the magnet names.
    #[error("the description does not belong to the torrent: its hash is another")]
    OtherHash,
}

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing, or only a dot.
    #[error("is empty")]
    Empty,
    /// `..`
    #[error("leads out of its folder")]
    Parent,
    /// `/` or `\`, so an absolute path too.
    #[error("contains a path separator")]
    Separator,
    /// NUL, line ends, and the like.
    #[error("contains control characters")]
    Control,
    /// Bidirectional overrides and characters without width: `gpj.exe` shown as `exe.jpg`.
    #[error("contains invisible characters that disguise it")]
    Invisible,
    /// More than 16 parts of a path.
    #[error("lies deeper than 16 folders")]
    Deep,
    /// `CON`, `NUL.txt`
    #[error("is a device on Windows")]
    Device,
    /// More than 255 bytes, or a path of more than 1,024.
    #[error("is too long")]
    TooLong,
}
