//! What is kept of each title beside what it is: how often it was watched, how far, and what its owner
//! wants done with it. Durable, by media id.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::catalogue::Lists;
use super::{Error, durably, lock};
use crate::durable::{self, State};
use crate::library::Ranges;

/// How often what a player reports is written: each write wears the card.
const WRITTEN: Duration = Duration::from_secs(30);

/// What is kept of a title.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// How often it was watched.
    pub(super) watched: u32,
    /// When last, in milliseconds since 1970: which of two was watched before the other counts.
    pub(super) last_watched_ms: Option<u64>,
    pub(super) pinned: bool,
    /// Whether all of it shall be here.
    pub(super) kept: bool,
    /// Where it shall lie, or does; `None`: in the library.
    pub(super) place: Option<String>,
    /// A move that was begun: from, to.
    pub(super) moving: Option<(PathBuf, PathBuf)>,
    /// Where peers' pieces of it lie, of one that is kept and is not whole yet.
    pub(super) in_pieces: Option<PathBuf>,
    /// Where the picture stood last.
    pub(super) position_s: Option<f64>,
    pub(super) duration_s: Option<f64>,
    /// Its picture's width and height, as the container says.
    pub(super) resolution: Option<(u32, u32)>,
}

/// How far a copy is: what was flushed to the disk, of which file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Copied {
    pub(super) path: PathBuf,
    pub(super) here: Ranges,
}

/// All records. What a player reports is kept in memory for a while.
pub(super) struct Records {
    state: Arc<State>,
    /// Told of each change.
    lists: Arc<Lists>,
    /// One change at a time: each sees the one before.
    changing: Mutex<()>,
    noted: Mutex<HashMap<String, Noted>>,
    /// Those that shall be here whole, once somebody asked: of ten thousand titles they are few, and
    /// are asked for each half minute.
    kept: Mutex<Option<BTreeSet<String>>>,
}

struct Noted {
    record: Record,
    dirty: bool,
    written: Instant,
    written_at_s: Option<f64>,
}

/// Whether the picture stands elsewhere than it was written to stand, by more than playing on
/// explains.
fn jumped(written: Option<f64>, now: Option<f64>) -> bool {
    match (written, now) {
        (Some(written), Some(now)) => (written - now).abs() > 2.0 * WRITTEN.as_secs_f64(),
        (written, now) => written.is_some() != now.is_some(),
    }
}

const KEYS: &str = "shelf/";

fn key(media_id: &str) -> String {
    format!("{KEYS}{media_id}")
}

fn copy_key(media_id: &str) -> String {
    format!("copied/{media_id}")
}

impl Records {
    pub(super) fn new(state: Arc<State>, lists: Arc<Lists>) -> Self {
        let (changing, noted, kept) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { state, lists, changing, noted, kept }
    }

    /// The media ids of all records.
    pub(super) fn ids(&self) -> Result<Vec<String>, Error> {
        let kept = self.state.keys(KEYS)?.into_iter();
        let mut ids: Vec<String> = kept.map(|key| key[KEYS.len()..].to_owned()).collect();
        ids.extend(lock(&self.noted).keys().cloned());
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// The media ids of what shall be here whole, in order.
    pub(super) fn kept(&self) -> Result<Vec<String>, Error> {
        durably(|| {
            let mut kept = lock(&self.kept);
            if kept.is_none() {
                let mut all = BTreeSet::new();
                for id in self.ids()? {
                    match self.of(&id) {
                        Ok(record) if record.kept => drop(all.insert(id)),
                        // One that is not understood is not known to be wanted.
                        Ok(_) | Err(Error::State(durable::Error::NotUnderstood { .. })) => {}
                        Err(error) => return Err(error),
                    }
                }
                *kept = Some(all);
            }
            Ok(kept.iter().flatten().cloned().collect())
        })
    }

    pub(super) fn of(&self, media_id: &str) -> Result<Record, Error> {
        if let Some(noted) = lock(&self.noted).get(media_id) {
            return Ok(noted.record.clone());
        }
        Ok(self.state.get(&key(media_id))?.unwrap_or_default())
    }

    /// Changes a record; it is on the disk when this returns.
    pub(super) fn change(
        &self,
        media_id: &str,
        change: impl FnOnce(&mut Record),
    ) -> Result<Record, Error> {
        let _alone = lock(&self.changing);
        let mut record = self.of(media_id)?;
        change(&mut record);
        self.write(media_id, record)
    }

    /// Changes a record; it is written now if none was for a while, or if the picture has jumped, else
    /// with the next [`flush`](Self::flush).
    pub(super) fn note(
        &self,
        media_id: &str,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), Error> {
        let _alone = lock(&self.changing);
        let mut record = self.of(media_id)?;
        change(&mut record);
        let lately = |noted: &Noted| {
            noted.written.elapsed() < WRITTEN && !jumped(noted.written_at_s, record.position_s)
        };
        if let Some(noted) = lock(&self.noted).get_mut(media_id).filter(|noted| lately(noted)) {
            (noted.record, noted.dirty) = (record, true);
            self.lists.touch(media_id);
            return Ok(());
        }
        self.write(media_id, record).map(|_| ())
    }

    /// Changes a record in memory alone; it is written with the next [`flush`](Self::flush). For what
    /// is learnt again where it is lost.
    pub(super) fn learn(
        &self,
        media_id: &str,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), Error> {
        let _alone = lock(&self.changing);
        let before = self.of(media_id)?;
        let mut record = before.clone();
        change(&mut record);
        if record == before {
            return Ok(());
        }
        let mut noted = lock(&self.noted);
        let noted = noted.entry(media_id.to_owned()).or_insert_with(|| Noted {
            record: before.clone(),
            dirty: false,
            written: Instant::now(),
            written_at_s: before.position_s,
        });
        (noted.record, noted.dirty) = (record, true);
        self.lists.touch(media_id);
        Ok(())
    }

    fn write(&self, media_id: &str, record: Record) -> Result<Record, Error> {
        durably(|| self.state.put(&key(media_id), &record))?;
        let is_kept = record.kept;
        let noted = Noted {
            record: record.clone(),
            dirty: false,
            written: Instant::now(),
            written_at_s: record.position_s,
        };
        lock(&self.noted).insert(media_id.to_owned(), noted);
        // Last: who makes the set anew meanwhile may have read what was before.
        match lock(&self.kept).as_mut() {
            Some(kept) if is_kept => drop(kept.insert(media_id.to_owned())),
            Some(kept) => drop(kept.remove(media_id)),
            None => {}
        }
        self.lists.touch(media_id);
        Ok(record)
    }

    /// Writes what was only noted.
    pub(super) fn flush(&self) {
        let dirty: Vec<String> = {
            let noted = lock(&self.noted);
            noted.iter().filter(|row| row.1.dirty).map(|row| row.0.clone()).collect()
        };
        for media_id in dirty {
            if let Err(error) = self.change(&media_id, |_| {}) {
                tracing::warn!(%error, "what was watched could not be noted");
            }
        }
    }

    /// How far the copy is.
    pub(super) fn copied(&self, media_id: &str) -> Option<Copied> {
        self.state.get(&copy_key(media_id)).ok().flatten()
    }

    /// Notes that, if it is still so once nothing else is being noted; says whether.
    pub(super) fn note_copied(
        &self,
        media_id: &str,
        copied: &Copied,
        is_so: impl FnOnce() -> bool,
    ) -> Result<bool, Error> {
        let _alone = lock(&self.changing);
        if !is_so() {
            return Ok(false);
        }
        durably(|| self.state.put(&copy_key(media_id), copied))?;
        Ok(true)
    }

    pub(super) fn forget_copied(&self, media_id: &str) -> Result<(), Error> {
        let _alone = lock(&self.changing);
        Ok(durably(|| self.state.remove(&copy_key(media_id)))?)
    }
}
