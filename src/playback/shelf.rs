//! The shelf: which titles lie on this machine's disks, how far each is, and what is known of it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::time::Instant;

use super::begun::Begun;
use super::catalogue::Lists;
use super::found::Found;
use super::lying::Title;
use super::playable::{Playable, Via};
use super::records::Records;
use super::{Error, Playback, lock};
use crate::durable::State;
use crate::library::{self, Item, Name, Root, Rules, Space, Spared};
use crate::media::StremioId;
use crate::swarm::Place;
use crate::torrent::InfoHash;

/// The place in the library where things stay.
pub(super) const PERMANENT: &str = "permanent";
/// The library itself, where titles are temporary.
pub(super) const LIBRARY: &str = "library";

/// What the shelf needs to know.
#[derive(Debug, Clone)]
pub struct ShelfOptions {
    /// Where new data goes.
    pub place: Place,
    /// Further folders where titles may be kept for good, by name.
    pub places: Vec<Root>,
    /// Which titles go, and when.
    pub rules: Rules,
    /// Whether a title that nothing spares goes when the server stops.
    pub clean_on_stop: bool,
    /// Whether the next episode is looked for when one is nearly over.
    pub next_episode: bool,
}

/// What is kept in memory of the shelf.
pub(super) struct Shelf {
    pub(super) records: Records,
    /// Files are removed and moved by one at a time, and none is begun meanwhile.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// One title is moved at a time; bytes may have to be copied for it.
    pub(super) placing: tokio::sync::Mutex<()>,
    /// Room that was promised to files that are not on the disk yet.
    pub(super) promised: Mutex<HashMap<PathBuf, (u64, Instant)>>,
    /// Copies that are being made.
    pub(super) copies: Mutex<HashMap<String, Arc<library::Copy>>>,
    /// Titles to be kept that could not be: why.
    pub(super) troubles: Mutex<HashMap<String, String>>,
    /// Somebody wants something kept.
    pub(super) wanted: tokio::sync::Notify,
    /// What this state has begun itself.
    pub(super) begun: Begun,
    pub(super) started: Instant,
}

/// A title on the shelf, for people and programs.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct ShelfRow {
    /// The name of its bytes in links.
    pub media_id: String,
    /// The last part of its link.
    #[serde(skip)]
    pub link_name: String,
    /// What was asked for, where that was a title.
    pub id: Option<StremioId>,
    /// What it is called.
    pub title: String,
    /// The file's name in the torrent.
    pub file: String,
    /// The torrent.
    pub info_hash: InfoHash,
    /// The file's number in it, where that is known.
    #[serde(skip)]
    pub file_index: Option<u32>,
    /// Its whole length.
    pub size_bytes: Option<u64>,
    /// What it takes on the disk.
    pub bytes_on_disk: u64,
    /// How many bytes are here; `null` where nobody counts just now.
    pub bytes_have: Option<u64>,
    /// Whether all of it is here, and is served from the disk.
    pub whole: bool,
    /// Which way it came.
    pub via: Via,
    /// When it was watched last, in seconds since 1970.
    pub last_watched: Option<u64>,
    /// How often.
    pub times_watched: u32,
    /// Whether the owner said that it stays.
    pub pinned: bool,
    /// Whether it lies where things stay.
    pub permanent: bool,
    /// Whether all of it shall be here.
    pub kept: bool,
    /// Whether the rest of it waits while somebody watches what may stall.
    pub gives_way: bool,
    /// Why it is not, where that does not go on.
    pub trouble: Option<String>,
    /// Where it lies: `library`, `permanent`, or a place of the owner's; `null`: nowhere.
    pub place: Option<String>,
    /// Where the picture stood last, in seconds.
    pub position_s: Option<f64>,
    /// How long it is, in seconds.
    pub duration_s: Option<f64>,
    /// How many read it now.
    pub readers: usize,
    /// Why it is not cleaned up, if so.
    pub spared: Option<Spared>,
}

/// The whole shelf.
#[derive(Debug, Clone, Serialize)]
pub struct ShelfView {
    /// `temporary` or `permanent`.
    pub mode: &'static str,
    /// After how many minutes a title that nobody reads goes; 0: not for that.
    pub idle_minutes: u64,
    /// Most bytes of all titles; `null`: as many as the disk takes.
    pub max_bytes: Option<u64>,
    /// What all of it takes.
    pub used_bytes: u64,
    /// Of that, what belongs to no title that is known.
    pub other_bytes: u64,
    /// Of that, what is of an earlier state or of another box.
    pub others: Found,
    /// The places, and their room.
    pub places: Vec<PlaceRow>,
    /// The titles, the one that was watched last first.
    pub titles: Vec<ShelfRow>,
}

/// A place, and its room.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceRow {
    /// What it is called.
    pub name: String,
    /// Whether its folder is there.
    pub there: bool,
    /// The room of its file system, in bytes.
    pub space: Option<Space>,
    /// How much of that stays free.
    pub reserve_bytes: Option<u64>,
}

impl Shelf {
    pub(super) fn new(state: Arc<State>, lists: Arc<Lists>) -> Self {
        Self {
            begun: Begun::new(Arc::clone(&state)),
            records: Records::new(state, lists),
            changing: tokio::sync::Mutex::default(),
            placing: tokio::sync::Mutex::default(),
            promised: Mutex::default(),
            copies: Mutex::default(),
            troubles: Mutex::default(),
            wanted: tokio::sync::Notify::new(),
            started: Instant::now(),
        }
    }
}

impl Playback {
    /// How long nobody has read it. What was before the start does not count: nobody could have.
    fn idle(&self, media_id: &str) -> Duration {
        self.readers.idle(media_id).unwrap_or_else(|| self.shelf.started.elapsed())
    }

    /// An evening with a title begins. That is written beside: a worn card takes a second for it,
    /// and the picture must not wait.
    pub(super) fn note_evening(self: &Arc<Self>, media_id: String) {
        let playback = Arc::clone(self);
        self.parts.tasks.spawn(async move {
            let noted = playback.shelf.records.note(&media_id, |record| {
                record.watched += 1;
                record.last_watched_ms = Some(millis_now());
            });
            if let Err(error) = noted {
                tracing::warn!(%error, "what was watched could not be noted");
            }
        });
    }

    /// As the rules look at it; `read` are the torrents of which somebody reads a file. A torrent's
    /// files are read together or not at all: the engine has it open once.
    pub(super) fn item(&self, title: &Title, read: &HashSet<InfoHash>, roots: &[Root]) -> Item {
        Item {
            bytes: title.bytes(),
            idle: self.idle(&title.media_id),
            last_watched_ms: title.record.last_watched_ms,
            watched: title.record.watched,
            read: read.contains(&title.playable.info_hash),
            pinned: title.record.pinned,
            permanent: title.is_permanent(roots),
            kept: title.record.kept,
            found: self.was_found(title, roots),
        }
    }

    /// All that lies on the disks, and what was begun to be watched.
    pub fn shelf(&self) -> Result<ShelfView, Error> {
        let (options, roots) = (&self.parts.shelf, self.roots());
        let (titles, others) = self.titles(&roots)?;
        let other_bytes = others.iter().map(|(_, file)| file.bytes).sum();
        let found = self.found(&others, &roots);
        let on_shelf = |title: &&Title| {
            !title.files.is_empty() || title.record.kept || title.record.position_s.is_some()
        };
        let (shown, read) = (titles.iter().filter(on_shelf), self.torrents_read(&titles));
        let mut rows: Vec<ShelfRow> = shown.map(|title| self.row(title, &read, &roots)).collect();
        rows.sort_by(|a, b| (b.last_watched, &a.title).cmp(&(a.last_watched, &b.title)));
        Ok(ShelfView {
            mode: if options.rules.permanent { "permanent" } else { "temporary" },
            idle_minutes: options.rules.idle.map_or(0, |idle| idle.as_secs() / 60),
            max_bytes: options.rules.max_bytes,
            used_bytes: other_bytes + titles.iter().map(Title::bytes).sum::<u64>(),
            other_bytes,
            others: found,
            places: roots.iter().map(|root| self.place_row(root)).collect(),
            titles: rows,
        })
    }

    /// What is known of one title.
    pub fn shelf_row(&self, media_id: &str) -> Result<ShelfRow, Error> {
        let roots = self.roots();
        let (titles, at) = self.with_siblings(media_id, &roots)?;
        Ok(self.row(&titles[at], &self.torrents_read(&titles), &roots))
    }

    fn place_row(&self, root: &Root) -> PlaceRow {
        let space = Space::of(&root.folder).ok();
        let reserve = self.parts.shelf.rules.reserve_bytes;
        PlaceRow {
            name: root.name.clone(),
            there: root.folder.is_dir(),
            reserve_bytes: space.map(|space| space.reserve(reserve)),
            space,
        }
    }

    fn row(&self, title: &Title, read: &HashSet<InfoHash>, roots: &[Root]) -> ShelfRow {
        let Title { media_id, playable, record, files } = title;
        let item = self.item(title, read, roots);
        let whole = title.whole();
        let place = whole.or_else(|| files.first()).map(|(root, _)| roots[*root].name.clone());
        ShelfRow {
            media_id: media_id.clone(),
            link_name: playable.link_name(),
            id: playable.id,
            title: playable.title.clone().unwrap_or_else(|| playable.release.clone()),
            file: playable.file.name.clone(),
            info_hash: playable.info_hash,
            file_index: playable.file.index,
            size_bytes: playable.file.size_bytes,
            bytes_on_disk: title.bytes(),
            bytes_have: self.bytes_have(title),
            whole: whole.is_some(),
            via: playable.via,
            last_watched: record.last_watched_ms.map(|ms| ms / 1000),
            times_watched: record.watched,
            pinned: record.pinned,
            permanent: item.permanent,
            kept: record.kept,
            gives_way: whole.is_none() && self.gives_way(playable),
            trouble: lock(&self.shelf.troubles).get(media_id).cloned(),
            place,
            position_s: record.position_s,
            duration_s: record.duration_s,
            readers: self.readers.of(media_id),
            spared: self.parts.shelf.rules.spared(&item),
        }
    }

    fn gives_way(&self, playable: &Playable) -> bool {
        let status = self.parts.swarm.status(&playable.info_hash);
        status.is_some_and(|status| status.state == crate::swarm::State::GivesWay)
    }

    fn bytes_have(&self, title: &Title) -> Option<u64> {
        if title.whole().is_some() {
            return title.playable.file.size_bytes;
        }
        if let Some(copy) = lock(&self.shelf.copies).get(&title.media_id) {
            return Some(copy.bytes_have());
        }
        let (_, file) = title.files.first()?;
        match &file.name {
            Name::Piece(index) => self.parts.swarm.bytes_have(&title.playable.info_hash, *index),
            Name::Copy(_) => {
                let copied = self.shelf.records.copied(&title.media_id);
                Some(copied.map_or(0, |copied| copied.here.bytes()))
            }
        }
    }
}

fn millis_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
