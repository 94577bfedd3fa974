//! The folders of what is here, begun, coming or pinned.

use std::sync::Arc;

use super::MOST;
use super::divided::{by_letter, children_of, from_to, of_letter, under};
use super::listing::Listing;
use super::names;
use super::node::{Children, Node, NodeId, NodeKind, Page, Video};
use super::place::Part;
use super::row::Row;
use crate::media::StremioId;
use crate::playback::{Error, Playback};
use crate::representation::media_type_of;
use crate::title::Picture;

pub(super) const FILMS_NAME: &str = "Films";
pub(super) const SERIES_NAME: &str = "Series";
pub(super) const OTHERS_NAME: &str = "Other files";

impl Part {
    pub(super) fn rows(self, listing: &Listing) -> &[Arc<Row>] {
        match self {
            Self::Begun => &listing.begun,
            Self::Films => &listing.films,
            Self::Others => &listing.others,
            Self::Coming => &listing.coming,
            Self::Pinned => &listing.pinned,
        }
    }

    /// Whether a long one is divided by letters; what was watched last stays first.
    pub(super) const fn has_letters(self) -> bool {
        !matches!(self, Self::Begun)
    }
}

impl Playback {
    /// The titles of which something lies whole on this box, with their names: films, and one episode
    /// of each series. Nothing is walked for it.
    pub fn titles_here(&self) -> Result<Vec<(StremioId, String)>, Error> {
        let listing = self.listing()?;
        let of_series = listing.series.values().filter_map(|rows| rows.first());
        let rows = listing.films.iter().chain(of_series);
        let title = |row: &Arc<Row>| Some((row.id?, row.title.clone()));
        Ok(rows.filter_map(title).collect())
    }

    pub(super) fn of_here(&self, id: &NodeId) -> Result<Vec<Node>, Error> {
        let listing = self.listing()?;
        let series = u32::try_from(listing.series.len()).ok();
        let mut folders = vec![
            id.folder("films", FILMS_NAME, children_of(Part::Films, &listing)),
            id.folder("series", SERIES_NAME, series),
        ];
        if !listing.others.is_empty() {
            folders.push(id.folder("other", OTHERS_NAME, children_of(Part::Others, &listing)));
        }
        Ok(folders)
    }

    pub(super) async fn of_shelf(
        &self,
        id: &NodeId,
        part: Part,
        page: Page,
    ) -> Result<Children, Error> {
        let listing = self.listing()?;
        let rows = part.rows(&listing);
        if !part.has_letters() {
            let some = &rows[..rows.len().min(MOST)];
            return Ok(self.films(id, part, some, page).await);
        }
        if rows.len() <= MOST {
            return Ok(self.films(id, part, rows, page).await);
        }
        let folder = |(word, rows): (&str, &[Arc<Row>])| id.folder(word, word, of_letter(rows));
        Ok(page.of(by_letter(rows).map(folder).collect()))
    }

    pub(super) async fn of_letter(
        &self,
        id: &NodeId,
        part: Part,
        word: &str,
        at: Option<usize>,
        page: Page,
    ) -> Result<Children, Error> {
        let listing = self.listing()?;
        let rows = under(part.rows(&listing), word);
        match at {
            None if rows.len() > MOST => {
                let parts = rows.chunks(MOST).enumerate().map(|(at, rows)| {
                    let children = u32::try_from(rows.len()).ok();
                    id.folder(&format!("part-{at}"), &from_to(rows), children)
                });
                Ok(page.of(parts.collect()))
            }
            None => Ok(self.films(id, part, rows, page).await),
            Some(at) => {
                let rows = rows.chunks(MOST).nth(at).unwrap_or_default();
                Ok(self.films(id, part, rows, page).await)
            }
        }
    }

    pub(super) fn heading_of_letter(
        &self,
        part: Part,
        word: &str,
        at: Option<usize>,
    ) -> Result<String, Error> {
        let Some(at) = at else { return Ok(word.to_owned()) };
        let listing = self.listing()?;
        let rows = under(part.rows(&listing), word);
        Ok(rows.chunks(MOST).nth(at).map_or_else(|| word.to_owned(), from_to))
    }

    /// A page of films; only those are looked at further that stand on it.
    async fn films(&self, id: &NodeId, part: Part, rows: &[Arc<Row>], page: Page) -> Children {
        let mut nodes = Vec::new();
        for row in page.cut(rows) {
            let mut node = film(id, row, whole_name(row));
            if part == Part::Coming {
                self.mark_how_far(&mut node, row).await;
            }
            nodes.push(node);
        }
        Children { nodes, total: rows.len() }
    }

    /// A film of the shelf by its media id, as it stands in its folder.
    pub(super) async fn film_of(&self, id: &NodeId, media_id: &str) -> Result<Option<Node>, Error> {
        let listing = self.listing()?;
        let (Some(row), Some(above)) = (listing.row(media_id), id.above()) else {
            return Ok(None);
        };
        let mut node = film(&above, row, whole_name(row));
        if let Some(super::Place::SeasonHere(title, _)) = above.place() {
            let known = self.episode_names(&title).await;
            node.title = episode_name(row, &known);
        }
        // As its folder lists it: elsewhere a film that is not here plays from wherever it comes.
        let coming = matches!(
            above.place(),
            Some(super::Place::Shelf(Part::Coming) | super::Place::Letter(Part::Coming, ..))
        );
        if coming {
            self.mark_how_far(&mut node, row).await;
        }
        Ok(Some(node))
    }

    pub(super) fn of_series_here(&self, id: &NodeId, page: Page) -> Result<Children, Error> {
        let listing = self.listing()?;
        let mut series: Vec<(&String, &Arc<Row>)> = listing
            .series
            .iter()
            .filter_map(|(title, rows)| Some((title, rows.first()?)))
            .collect();
        series.sort_by_cached_key(|(title, row)| names::order(&row.title, None, title));
        let total = series.len();
        let folder = |(title, row): (&String, &Arc<Row>)| {
            let mut folder = id.folder(title, &row.title, None);
            folder.picture = row.id.map(|id| (Picture::Poster, id));
            folder
        };
        Ok(Children { nodes: page.cut(series).map(folder).collect(), total })
    }

    pub(super) fn of_seasons_here(
        &self,
        id: &NodeId,
        title: &StremioId,
    ) -> Result<Vec<Node>, Error> {
        let listing = self.listing()?;
        let mut seasons: Vec<(u32, u32)> = Vec::new();
        // They are in the order of their seasons.
        for row in listing.series.get(&title.title_text()).into_iter().flatten() {
            let Some(episode) = row.id.and_then(|id| id.episode()) else { continue };
            match seasons.last_mut().filter(|(season, _)| *season == episode.season) {
                Some((_, count)) => *count += 1,
                None => seasons.push((episode.season, 1)),
            }
        }
        let folder = |(season, count)| {
            let mut folder =
                id.folder(&format!("s{season}"), &names::of_season(season), Some(count));
            folder.picture = Some((Picture::Poster, *title));
            folder
        };
        Ok(seasons.into_iter().map(folder).collect())
    }

    pub(super) async fn of_season_here(
        &self,
        id: &NodeId,
        title: &StremioId,
        season: u32,
        page: Page,
    ) -> Result<Children, Error> {
        let listing = self.listing()?;
        let rows = listing.series.get(&title.title_text()).into_iter().flatten();
        let rows: Vec<&Arc<Row>> = rows
            .filter(|row| row.id.and_then(|id| id.episode()).is_some_and(|e| e.season == season))
            .collect();
        let known = self.episode_names(title).await;
        let total = rows.len();
        let node = |row: &Arc<Row>| film(id, row, episode_name(row, &known));
        Ok(Children { nodes: page.cut(rows).map(node).collect(), total })
    }

    /// What a series is called that lies here.
    pub(super) fn name_here(&self, title: &StremioId) -> Result<String, Error> {
        let listing = self.listing()?;
        let rows = listing.series.get(&title.title_text());
        let name = rows.and_then(|rows| rows.first()).map(|row| row.title.clone());
        name.ok_or_else(|| Error::NoSuchNode { id: title.title_text() })
    }
}

/// A film's name where it stands beside others: an episode says which it is.
pub(super) fn whole_name(row: &Row) -> String {
    let episode = row.id.and_then(|id| id.episode());
    episode.map_or_else(
        || row.title.clone(),
        |episode| format!("{} {}", row.title, names::of_episode(episode, "")),
    )
}

fn episode_name(row: &Row, known: &super::told::EpisodeNames) -> String {
    let Some(episode) = row.id.and_then(|id| id.episode()) else { return row.title.clone() };
    names::of_episode(episode, known.get(&episode).map_or("", String::as_str))
}

pub(super) fn film(above: &NodeId, row: &Row, title: String) -> Node {
    let video = Video {
        media_id: row.media_id.clone(),
        link_name: row.link_name.clone(),
        media_type: media_type_of(&row.file),
        size_bytes: row.size_bytes,
        duration_s: row.duration_s,
        resolution: row.resolution,
        position_s: row.position_s,
        title_id: row.id,
        file_name: Some(row.file.clone()),
    };
    Node {
        id: above.child(&row.media_id),
        parent: Some(above.clone()),
        title,
        changed: row.last_watched,
        picture: row.id.map(|id| (Picture::Poster, id)),
        kind: NodeKind::Video(Box::new(video)),
    }
}
