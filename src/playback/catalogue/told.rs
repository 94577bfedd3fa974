//! The folders of what strangers tell: what is popular, what a search finds, seasons and episodes.
//! Where they do not answer, what they said before stands, else the folder is empty.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::MOST;
use super::names;
use super::node::{Node, NodeId, NodeKind, Video};
use super::place::{FILM, Source};
use crate::media::{Episode, StremioId};
use crate::playback::playable::link_name;
use crate::playback::{Error, Playback};
use crate::title::{Details, EpisodeDetails, Found, Kind, List, Picture};

/// How long a folder waits for what strangers tell: sets give up on a list after some 20 s.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long the names of episodes that are here are waited for: their numbers will do.
const MOMENT: Duration = Duration::from_secs(1);
/// How far what is popular can be turned over: who walks through everything must not ask a stranger
/// for ten thousand titles.
pub(super) const FURTHEST: u32 = 500;
/// How many episodes a part of a long season has.
const PART: u32 = 100;
/// What a film is taken for until it is chosen: most are. The answer says what it is.
const LIKELY: &str = "video/x-matroska";

pub(super) type EpisodeNames = HashMap<Episode, String>;

pub(super) const fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Movie => "Films",
        Kind::Series => "Series",
        Kind::Anime => "Anime",
    }
}

pub(super) fn heading_of(source: &Source) -> String {
    match source {
        Source::Popular(kind, 0) => heading(*kind).to_owned(),
        Source::Popular(..) => "More".to_owned(),
        Source::Search(text) => text.clone(),
    }
}

pub(super) fn heading_of_season(season: u32, from: Option<u32>) -> String {
    let name = names::of_season(season);
    from.map_or(name, |from| format!("Episodes {from} \u{2013} {}", from + PART - 1))
}

impl Playback {
    /// The titles of a list; after them, the rest of it.
    pub(super) async fn of_list(&self, id: &NodeId, source: &Source) -> Vec<Node> {
        let found = match source {
            Source::Search(text) => {
                let search = async { Ok(self.parts.titles.search(text).await?.value) };
                said(id, PATIENCE, search).await
            }
            Source::Popular(kind, skip) => {
                let list = List { kind: *kind, genre: None, skip: *skip };
                let popular = async { Ok(self.parts.titles.popular(&list).await?.value) };
                said(id, PATIENCE, popular).await
            }
        };
        let found = found.unwrap_or_default();
        let rows = u32::try_from(found.len().min(MOST)).unwrap_or_default();
        let mut nodes: Vec<Node> =
            found.iter().take(MOST).map(|row| self.title_node(id, row)).collect();
        if let Source::Popular(kind, skip) = source
            && rows > 0
            && skip + rows <= FURTHEST
        {
            let mut more = popular(*kind).folder(&format!("more-{}", skip + rows), "More", None);
            more.parent = Some(id.clone());
            nodes.push(more);
        }
        nodes
    }

    /// The part of a list of popular titles that ends with the one that begins after `skip`, as far as
    /// the list was turned over.
    pub(super) fn part_before(&self, kind: Kind, skip: u32) -> NodeId {
        let mut at = 0;
        loop {
            let rows = self.parts.titles.popular_known(kind, at).len().min(MOST);
            let next = at.saturating_add(u32::try_from(rows).unwrap_or_default());
            match (rows, at) {
                (0, _) => return popular(kind),
                (_, 0) if next >= skip => return popular(kind),
                _ if next >= skip => return popular(kind).child(&format!("more-{at}")),
                _ => at = next,
            }
        }
    }

    pub(super) fn title_node(&self, above: &NodeId, found: &Found) -> Node {
        let title = names::of_title(&found.name, found.year);
        if found.film {
            let word = format!("{FILM}{}", found.id.title_text());
            return self.asked_as(above.child(&word), found.id, title);
        }
        let mut folder = above.folder(&found.id.title_text(), &title, None);
        folder.picture = Some((Picture::Poster, found.id));
        folder
    }

    /// A film or episode that anybody may ask for. What was chosen for it before is known better.
    fn asked_as(&self, id: NodeId, asked: StremioId, title: String) -> Node {
        let name = link_name(&title);
        let chosen = self.chosen_for(&asked);
        let record = chosen.as_ref().and_then(|id| self.shelf.records.of(id).ok());
        let video = Video {
            media_id: super::asked::media_id(&asked),
            link_name: format!("{name}.mkv"),
            media_type: LIKELY,
            size_bytes: None,
            duration_s: record.as_ref().and_then(|record| record.duration_s),
            resolution: record.as_ref().and_then(|record| record.resolution),
            position_s: record.as_ref().and_then(|record| record.position_s),
            title_id: Some(asked),
            file_name: None,
        };
        let parent = id.above();
        let picture = Some((Picture::Poster, asked));
        Node { id, parent, title, changed: None, picture, kind: NodeKind::Video(Box::new(video)) }
    }

    /// The same by its name alone.
    pub(super) async fn asked_node(&self, id: &NodeId, asked: StremioId) -> Node {
        let details = self.details_for(id, &asked, PATIENCE).await;
        // Under the id by which its season lists it.
        let asked = match (&details, asked.episode()) {
            (Some(details), Some(episode)) => details.id.with_episode(episode),
            _ => asked,
        };
        let title = match (&details, asked.episode()) {
            (Some(details), Some(episode)) => {
                let name = details.episode(episode).map_or("", |row| row.name.as_str());
                names::of_episode(episode, name)
            }
            (Some(details), None) => names::of_title(&details.name, details.year),
            (None, Some(episode)) => names::of_episode(episode, ""),
            (None, None) => asked.to_string(),
        };
        self.asked_as(id.clone(), asked, title)
    }

    pub(super) async fn name_told(&self, title: &StremioId) -> String {
        let details = self.details_for(&NodeId::of(title.title_text()), title, PATIENCE).await;
        details.map_or_else(
            || title.title_text(),
            |details| names::of_title(&details.name, details.year),
        )
    }

    /// The seasons of a series, specials last.
    pub(super) async fn of_seasons(self: &Arc<Self>, id: &NodeId, title: &StremioId) -> Vec<Node> {
        let Some(details) = self.details_for(id, title, PATIENCE).await else { return Vec::new() };
        let mut seasons: BTreeMap<(bool, u32), BTreeSet<u32>> = BTreeMap::new();
        for Episode { season, number } in details.episodes.iter().map(|row| row.episode) {
            seasons.entry((season == 0, season)).or_default().insert(number);
        }
        let anime = details.kind == Kind::Anime;
        let folder = |((_, season), numbers): ((bool, u32), BTreeSet<u32>)| {
            let name =
                if anime && season == 1 { "Episodes".to_owned() } else { names::of_season(season) };
            let mut folder = id.folder(&format!("s{season}"), &name, children_of(&numbers));
            folder.picture = Some((Picture::Poster, *title));
            folder
        };
        seasons.into_iter().map(folder).collect()
    }

    /// The episodes of a season; a long one has parts. The one that comes next for who watches it is
    /// looked for beside.
    pub(super) async fn of_season(
        self: &Arc<Self>,
        id: &NodeId,
        title: &StremioId,
        season: u32,
        from: Option<u32>,
    ) -> Vec<Node> {
        let Some(details) = self.details_for(id, title, PATIENCE).await else { return Vec::new() };
        let episodes = details.episodes.iter().filter(|row| row.episode.season == season);
        let mut episodes: Vec<&EpisodeDetails> = episodes.collect();
        episodes.sort_by_key(|row| row.episode);
        episodes.dedup_by_key(|row| row.episode);
        if from.is_none() && episodes.len() > MOST {
            return parts(id, &episodes);
        }
        if let Some(from) = from {
            let part = from..from.saturating_add(PART);
            episodes.retain(|row| part.contains(&row.episode.number));
        }
        self.prepare_next(&details, &episodes);
        let node = |row: &&EpisodeDetails| {
            let asked = details.id.with_episode(row.episode);
            let id = id.child(&format!("e{}", row.episode.number));
            self.asked_as(id, asked, names::of_episode(row.episode, &row.name))
        };
        episodes.iter().map(node).collect()
    }

    /// Who opens a season watches the first episode, or the one after that which was begun last.
    fn prepare_next(self: &Arc<Self>, details: &Details, episodes: &[&EpisodeDetails]) {
        let asked = |row: &&EpisodeDetails| details.id.with_episode(row.episode);
        let begun = |row: &&EpisodeDetails| self.chosen_for(&asked(row)).is_some();
        let last = episodes.iter().rposition(begun).unwrap_or_default();
        let likely: Vec<StremioId> = episodes.iter().skip(last).take(2).map(asked).collect();
        let seen = likely.first().is_some_and(|first| self.chosen_for(first).is_some());
        self.prepare(if seen { &likely[1..] } else { &likely[..likely.len().min(1)] });
    }

    /// What episodes are called, where that is told in a moment.
    pub(super) async fn episode_names(&self, title: &StremioId) -> EpisodeNames {
        let details = self.details_for(&NodeId::of(title.title_text()), title, MOMENT).await;
        let rows = details.map(|details| details.episodes).unwrap_or_default();
        rows.into_iter().map(|row| (row.episode, row.name)).collect()
    }

    async fn details_for(
        &self,
        id: &NodeId,
        title: &StremioId,
        patience: Duration,
    ) -> Option<Details> {
        said(id, patience, async { Ok(self.details(title).await?.value) }).await
    }
}

/// The folder of what is popular.
fn popular(kind: Kind) -> NodeId {
    let word = super::POPULAR.iter().find(|(_, known)| *known == kind);
    NodeId::of(word.map_or("", |(word, _)| word))
}

const fn part(number: u32) -> u32 {
    number.saturating_sub(1) / PART
}

/// How much the folder of a season with these episodes holds: them, or its parts.
fn children_of(numbers: &BTreeSet<u32>) -> Option<u32> {
    let parts = || numbers.iter().map(|number| part(*number)).collect::<BTreeSet<u32>>().len();
    u32::try_from(if numbers.len() > MOST { parts() } else { numbers.len() }).ok()
}

/// The parts of a long season.
fn parts(id: &NodeId, episodes: &[&EpisodeDetails]) -> Vec<Node> {
    let parts = episodes.chunk_by(|a, b| part(a.episode.number) == part(b.episode.number));
    let folder = |rows: &[&EpisodeDetails]| {
        let (first, last) = (rows[0].episode.number, rows[rows.len() - 1].episode.number);
        let from = part(first) * PART + 1;
        let name = format!("Episodes {first} \u{2013} {last}");
        id.folder(&format!("from-{from}"), &name, u32::try_from(rows.len()).ok())
    };
    parts.map(folder).collect()
}

/// What was said, or nothing, and a line in the log.
async fn said<T>(
    id: &NodeId,
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Option<T> {
    match timeout(patience, answer).await {
        Ok(Ok(said)) => Some(said),
        Ok(Err(error)) => {
            tracing::warn!(node = id.as_str(), %error, "a folder of the catalogue is empty");
            None
        }
        Err(_) => {
            tracing::warn!(node = id.as_str(), "a folder of the catalogue was not told in time");
            None
        }
    }
}
