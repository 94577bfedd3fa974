//! The catalogue that sets without an app browse: one tree for UPnP, WebDAV and playlists.
//!
//! A node's name says how to make it again, so nothing is remembered of who browses. What the shelf
//! has comes from lists in memory, what strangers tell from what is cached or from them; where they
//! do not answer, a folder is empty and the log says why, and the rest of the tree stands. A film's
//! URL opens the same session as everywhere.

mod asked;
mod at_hand;
mod coming;
mod divided;
mod facts;
mod listing;
mod names;
mod node;
mod place;
mod prepared;
mod row;
mod search_here;
mod searches;
mod shelves;
mod told;
mod told_to;

pub use facts::Facts;
pub use node::{Children, Node, NodeId, NodeKind, Page, Video};

pub(super) use asked::{Asked, asked};
pub(super) use listing::Lists;
pub(super) use prepared::Prepared;

use std::sync::Arc;

use super::{Error, Playback};
use place::{COMING, CONTINUE, HERE, PINNED, POPULAR, Part, Place, SEARCHES, Source};

/// Most that one folder holds before it is divided: remotes scroll line by line.
const MOST: usize = 200;

impl Playback {
    /// The node of this name. Where it plays and was not chosen yet, a likely release is looked for
    /// beside: who looks at one film may well press play.
    pub async fn node(self: &Arc<Self>, id: &NodeId) -> Result<Node, Error> {
        let none = || Error::NoSuchNode { id: id.as_str().to_owned() };
        match id.place().ok_or_else(none)? {
            Place::Film(media_id) => self.film_of(id, &media_id).await?.ok_or_else(none),
            Place::Asked(asked) => {
                self.prepare(&[asked]);
                Ok(self.asked_node(id, asked).await)
            }
            place => self.folder(id, &place).await,
        }
    }

    /// What a folder holds.
    pub async fn children(self: &Arc<Self>, id: &NodeId, page: Page) -> Result<Children, Error> {
        let none = || Error::NoSuchNode { id: id.as_str().to_owned() };
        match id.place().ok_or_else(none)? {
            Place::Root => Ok(page.of(self.of_root(id)?)),
            Place::Here => Ok(page.of(self.of_here(id)?)),
            Place::Shelf(part) => self.of_shelf(id, part, page).await,
            Place::Letter(part, letter, at) => self.of_letter(id, part, &letter, at, page).await,
            Place::SeriesHere => self.of_series_here(id, page),
            Place::SeasonsHere(title) => Ok(page.of(self.of_seasons_here(id, &title)?)),
            Place::SeasonHere(title, season) => self.of_season_here(id, &title, season, page).await,
            Place::Searches => Ok(page.of(self.of_searches(id))),
            Place::List(source) => Ok(page.of(self.of_list(id, &source).await)),
            Place::Seasons(title) => Ok(page.of(self.of_seasons(id, &title).await)),
            Place::Season(title, season, from) => {
                Ok(page.of(self.of_season(id, &title, season, from).await))
            }
            Place::Film(_) | Place::Asked(_) => Ok(page.of(Vec::new())),
        }
    }

    fn of_root(&self, id: &NodeId) -> Result<Vec<Node>, Error> {
        let listing = self.listing()?;
        let children = |part| divided::children_of(part, &listing);
        let searches = u32::try_from(self.searches().len()).ok();
        let mut folders = vec![
            id.folder(CONTINUE, CONTINUE_NAME, children(Part::Begun)),
            id.folder(HERE, HERE_NAME, None),
            id.folder(COMING, COMING_NAME, children(Part::Coming)),
            id.folder(PINNED, PINNED_NAME, children(Part::Pinned)),
            id.folder(SEARCHES, SEARCHES_NAME, searches),
        ];
        folders
            .extend(POPULAR.iter().map(|(word, kind)| id.folder(word, told::heading(*kind), None)));
        Ok(folders)
    }

    async fn folder(&self, id: &NodeId, place: &Place) -> Result<Node, Error> {
        let title = match place {
            Place::Root => "Credenza".to_owned(),
            Place::Here => HERE_NAME.to_owned(),
            Place::Shelf(part) => part.heading().to_owned(),
            Place::Letter(part, letter, at) => self.heading_of_letter(*part, letter, *at)?,
            Place::SeriesHere => shelves::SERIES_NAME.to_owned(),
            Place::SeasonsHere(title) => self.name_here(title)?,
            Place::SeasonHere(_, season) => names::of_season(*season),
            Place::Searches => SEARCHES_NAME.to_owned(),
            Place::List(source) => told::heading_of(source),
            Place::Seasons(title) => self.name_told(title).await,
            Place::Season(_, season, from) => told::heading_of_season(*season, *from),
            Place::Film(_) | Place::Asked(_) => String::new(),
        };
        let picture = match place {
            Place::SeasonsHere(title)
            | Place::SeasonHere(title, _)
            | Place::Seasons(title)
            | Place::Season(title, ..) => Some(title),
            _ => None,
        };
        let parent = match place {
            Place::List(Source::Popular(kind, skip)) if *skip > 0 => {
                Some(self.part_before(*kind, *skip))
            }
            _ => id.above(),
        };
        Ok(Node {
            id: id.clone(),
            parent,
            title,
            changed: None,
            picture: picture.map(|title| (crate::title::Picture::Poster, *title)),
            kind: NodeKind::Folder { children: None },
        })
    }
}

const CONTINUE_NAME: &str = "Continue watching";
const HERE_NAME: &str = "On this box";
const COMING_NAME: &str = "Downloading";
const PINNED_NAME: &str = "Pinned";
const SEARCHES_NAME: &str = "Searches";

impl Part {
    const fn heading(self) -> &'static str {
        match self {
            Self::Begun => CONTINUE_NAME,
            Self::Films => shelves::FILMS_NAME,
            Self::Others => shelves::OTHERS_NAME,
            Self::Coming => COMING_NAME,
            Self::Pinned => PINNED_NAME,
        }
    }
}
