//! "Play on a television".

use askama::Template;

use super::Frame;

/// `/televisions/{key}/{name}`: where a film can be shown.
#[derive(Debug, Template)]
#[template(path = "televisions.html")]
pub struct Televisions {
    /// What every page has.
    pub frame: Frame,
    /// The film.
    pub title: String,
    /// The sets that were found.
    pub rows: Vec<TelevisionRow>,
    /// Where somebody stopped.
    pub resumes_at: Option<String>,
    /// The film's signed path.
    pub path: String,
}

/// A set.
#[derive(Debug, Clone)]
pub struct TelevisionRow {
    /// Its name for machines.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its maker and model.
    pub model: String,
}

/// `/television/{id}`: its remote control.
#[derive(Debug, Template)]
#[template(path = "television.html")]
pub struct Television {
    /// What every page has.
    pub frame: Frame,
    /// Its name for machines.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The film of ours that it shows.
    pub shown: Option<String>,
    /// What it is doing.
    pub state: &'static str,
    /// Whether it can be paused, or else played.
    pub pauses: bool,
    /// Where the picture stands.
    pub position: Option<String>,
    /// How long the film is.
    pub duration: Option<String>,
    /// The same of a hundred.
    pub part: Option<u8>,
    /// How loud it is, of a hundred.
    pub volume: Option<u8>,
}
