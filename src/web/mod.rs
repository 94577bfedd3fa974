//! What people see: templates and assets, embedded. No handler, no room's type: each page is a
//! struct of plain words, filled by `http`.
//!
//! The pages are made for the engines of old televisions (Chrome 38, ES5): server-rendered, links
//! and forms that work without script, no CSS grid, no custom properties, sizes that read from a
//! sofa. The one script copies a link, and shows what a search finds as it comes.

mod files;
mod library;
mod mirrors;
mod preferences;
mod stremio;
mod televisions;
mod the_box;
mod titles;
mod words;

use std::sync::LazyLock;

use askama::Template;
use sha2::{Digest as _, Sha256};

pub use files::{FileRow, Files};
pub use library::{Library, LibraryRow, OthersRow};
pub use mirrors::{MirrorRow, Mirrors};
pub use preferences::{Choice, Preferences, Select, Tick};
pub use stremio::{Installed, Stremio, StremioKey};
pub use televisions::{Television, TelevisionRow, Televisions};
pub use the_box::{
    BundleRow, DiskRow, Format, NetworkRow, TheBox, Update, UpdateView, Wifi, Words,
};
pub use titles::{About, Catalogue, Home, Season, Series, Shelf, TitleCard};
pub use words::{age, plain, sentence, size};

/// The style sheet.
pub const STYLE: &str = include_str!("assets/style.css");
/// The script: ES5, an enhancement only.
pub const SCRIPT: &str = include_str!("assets/page.js");

/// Stands in the addresses of both, and changes with them: a browser keeps them for long, and after an
/// update asks for the new ones.
pub static ASSETS: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::new().chain_update(STYLE).chain_update(SCRIPT).finalize();
    data_encoding::HEXLOWER.encode(&digest[..6])
});

/// A page that can be shown.
pub trait Page {
    /// Its HTML; every text of a stranger is escaped by the template.
    fn html(&self) -> Result<String, String>;
}

impl<T: Template> Page for T {
    fn html(&self) -> Result<String, String> {
        self.render().map_err(|error| format!("this page cannot be made: {error}"))
    }
}

/// What every page has.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The box's name.
    pub name: String,
    /// Whether somebody is signed in, so that there is something to sign out of.
    pub signed_in: bool,
    /// A sentence to say first: what went wrong, or what was done.
    pub notice: Option<String>,
    /// What the owner should know of the box.
    pub warnings: Vec<String>,
    /// After so many seconds the page is asked for again.
    pub refresh: Option<u32>,
}

/// `/watch/{id}`: the candidates.
#[derive(Debug, Template)]
#[template(path = "watch.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Watch {
    pub frame: Frame,
    pub title: String,
    /// What is told of it, if anybody told in time.
    pub about: Option<About>,
    pub found: Found,
}

/// The same for a script, which fills it with [`FoundPiece`]s as they come.
#[derive(Debug, Template)]
#[template(path = "live.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Live {
    pub frame: Frame,
    pub id: String,
    pub anew: bool,
    /// What is told of it, if that is known at once.
    pub about: Option<About>,
}

/// What has been found so far, as a piece of the page.
#[derive(Debug, Template)]
#[template(path = "found-piece.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct FoundPiece {
    pub title: String,
    pub found: Found,
}

/// What a search has found.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Found {
    pub id: String,
    /// How long ago, where an earlier search found it.
    pub age: Option<String>,
    /// How the indexes are, in one sentence.
    pub health: String,
    /// A line an index that did not answer well.
    pub troubles: Vec<String>,
    pub candidates: Vec<CandidateRow>,
    /// Why, where no index answered.
    pub nobody_answered: Option<String>,
    /// Whether the first is played where nobody chooses.
    pub plays_the_best: bool,
    /// How many there are besides those shown.
    pub more: usize,
    /// Whether the search goes on.
    pub partial: bool,
}

/// A candidate, in words.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CandidateRow {
    pub info_hash: String,
    pub name: String,
    pub quality: String,
    pub size: String,
    pub seeders: String,
    pub source: String,
    pub cached: String,
    pub reason: String,
}

/// `/play/…`: the picture, and the link for other players.
#[derive(Debug, Template)]
#[template(path = "play.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Player {
    pub frame: Frame,
    pub title: String,
    pub file: String,
    pub url: String,
    pub path: String,
    /// The key and name of that path, for other addresses of the same film.
    pub signed: String,
    pub media_type: String,
    pub media_id: String,
    /// Where the picture stood last, in whole seconds.
    pub position_s: Option<u64>,
    pub detail: Vec<String>,
    pub back: String,
    /// For the browser, one a language.
    pub tracks: Vec<Track>,
    /// For players, all that are known.
    pub subtitles: Vec<SubtitleRow>,
}

/// Subtitles that a browser shows.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Track {
    pub path: String,
    /// BCP 47; `und` where it is not known.
    pub language: &'static str,
    pub label: String,
    /// Whether they are shown without being asked for.
    pub shown: bool,
}

/// Subtitles as links.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SubtitleRow {
    pub label: String,
    /// What their file is called.
    pub name: Option<String>,
    pub srt: String,
    pub vtt: String,
}

/// `/setup`, before there is an owner.
#[derive(Debug, Template)]
#[template(path = "claim.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Claim {
    pub frame: Frame,
    /// Whether this is a box, whose code is where people have hands.
    pub at_box: bool,
}

/// `/login`.
#[derive(Debug, Template)]
#[template(path = "login.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Login {
    pub frame: Frame,
    pub next: String,
}

/// `/setup`, for the owner.
#[derive(Debug, Template)]
#[template(path = "setup.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Setup {
    pub frame: Frame,
    /// `(value, chosen)` for each store.
    pub stores: Vec<(&'static str, &'static str, bool)>,
    pub token_set: bool,
    pub token_ends: String,
    pub indexes: Vec<IndexRow>,
    pub mirrors: Mirrors,
    pub stremio: Stremio,
    pub swarm_allowed: bool,
    pub swarm_fixed: bool,
    /// How the indexes are, in one sentence and each by itself.
    pub answered: String,
    pub health: Vec<HealthRow>,
    /// Under which it answers.
    pub addresses: Vec<String>,
    pub preferences: Preferences,
    /// Which sets asked lately.
    pub sets: Vec<SetRow>,
    /// Of TMDB's key, where one is set: its last characters.
    pub tmdb: Option<String>,
    /// On a box alone.
    pub the_box: Option<TheBox>,
}

/// An index, in words.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct IndexRow {
    pub name: String,
    pub address: String,
    pub enabled: bool,
    /// Whether the owner added it.
    pub added: bool,
}

/// A television or player that asked, in words.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SetRow {
    pub name: String,
    pub address: String,
    /// What it says of itself.
    pub said: String,
    pub asked: String,
    /// How long ago.
    pub last: String,
}

/// How an index is, in words.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct HealthRow {
    pub name: String,
    pub trouble: Option<String>,
    pub last: String,
}

/// Something went wrong: one sentence and a way on.
#[derive(Debug, Template)]
#[template(path = "trouble.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Trouble {
    pub frame: Frame,
    pub sentence: String,
    pub back: String,
}
