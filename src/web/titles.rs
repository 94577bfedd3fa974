//! Search, catalogues, what is told of a title.

use askama::Template;

use super::Frame;

/// `/`: a search by title or id, and what is popular.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct Home {
    /// What every page has.
    pub frame: Frame,
    /// What was searched for.
    pub asked: String,
    /// What was found.
    pub titles: Vec<TitleCard>,
    /// Whether a search was made.
    pub searched: bool,
    /// How long ago it was found, where nobody answers now.
    pub older: Option<String>,
    /// What was begun and not ended.
    pub begun: Vec<TitleCard>,
    /// What is popular.
    pub shelves: Vec<Shelf>,
    /// What must be set up before anything plays.
    pub to_do: Option<String>,
    /// Why indexes are not asked now.
    pub ill: Vec<String>,
}

/// The first titles of a catalogue.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Shelf {
    pub name: String,
    pub link: String,
    pub older: Option<String>,
    pub titles: Vec<TitleCard>,
}

/// `/catalogue/{kind}`.
#[derive(Debug, Template)]
#[template(path = "catalogue.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Catalogue {
    pub frame: Frame,
    pub name: String,
    /// `(name, link, chosen)`.
    pub genres: Vec<(String, String, bool)>,
    pub older: Option<String>,
    pub titles: Vec<TitleCard>,
    /// The link of the next part.
    pub next: Option<String>,
}

/// A title in a list.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TitleCard {
    pub link: String,
    pub name: String,
    pub detail: String,
    /// A picture of this server.
    pub poster: Option<String>,
}

/// What is told of a title, in words.
#[derive(Debug, Clone)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Year, length, rating, genres.
    pub facts: Vec<String>,
    /// The name of the episode that is asked for.
    pub episode: Option<String>,
    /// What happens in it.
    pub plot: Option<String>,
    /// Who plays in it.
    pub cast: Option<String>,
    /// A picture of this server.
    pub poster: Option<String>,
    /// Links to trailers.
    pub trailers: Vec<String>,
    /// How long ago it was told, where nobody answers now.
    pub older: Option<String>,
}

/// `/series/{id}`: what is told of it, seasons and episodes.
#[derive(Debug, Template)]
#[template(path = "series.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Series {
    pub frame: Frame,
    pub about: About,
    pub seasons: Vec<Season>,
}

/// A season of a series.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Season {
    pub name: String,
    pub episodes: Vec<TitleCard>,
}
