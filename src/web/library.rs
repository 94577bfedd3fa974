//! The library.

use askama::Template;

use super::Frame;

/// `/library`: what lies on the disks.
#[derive(Debug, Template)]
#[template(path = "library.html")]
pub struct Library {
    /// What every page has.
    pub frame: Frame,
    /// How long films stay, in a sentence.
    pub stay: String,
    /// How much room there is, a sentence a place.
    pub room: Vec<String>,
    /// What was found here.
    pub others: Option<OthersRow>,
    /// The titles.
    pub rows: Vec<LibraryRow>,
    /// Whether the owner looks at it.
    pub owner: bool,
}

/// What lies here of an earlier state or of another box.
#[derive(Debug, Clone)]
pub struct OthersRow {
    /// How much, in a sentence.
    pub said: String,
    /// What it takes, as the form tells that the owner has read it.
    pub bytes: u64,
}

/// A title, in words.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each shows something of its own")]
pub struct LibraryRow {
    /// The name of its bytes in links.
    pub media_id: String,
    /// What it is called.
    pub title: String,
    /// Its player's page.
    pub link: String,
    /// The file's name.
    pub file: String,
    /// Where programs and sets without a cookie read it by its torrent; `None` where its number in
    /// the torrent is not known.
    pub proxy: Option<String>,
    /// How much of it is here.
    pub here: String,
    /// When it was watched, and how far.
    pub watched: String,
    /// Why it stays, if so.
    pub stays: Option<String>,
    /// Why it is not here yet, where that does not go on.
    pub trouble: Option<String>,
    /// Whether the owner said that it stays.
    pub pinned: bool,
    /// Whether all of it shall be here.
    pub kept: bool,
    /// Whether all of it is.
    pub whole: bool,
    /// Whether anything of it is, or might be on a disk that is away.
    pub here_at_all: bool,
    /// Where it may lie: `(name, chosen)`.
    pub places: Vec<(String, bool)>,
}
