//! The files that were chosen: kept durably, by media id. Which of them are of one torrent, and of one
//! title, is known in memory, so that neither a play nor what is done each half minute reads ten
//! thousand of them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::playable::Playable;
use super::{Error, durably, lock};
use crate::durable::{self, State};
use crate::media::StremioId;
use crate::torrent::InfoHash;

/// What the keys of all of them begin with.
const KEYS: &str = "playable/";

fn key(media_id: &str) -> String {
    format!("{KEYS}{media_id}")
}

/// All chosen files.
pub(super) struct Chosen {
    state: Arc<State>,
    /// Read when it is first asked for: a start need not wait for it.
    index: Mutex<Option<Index>>,
}

/// The media ids. An id stays where a file was once noted: who follows it looks whether that is so.
#[derive(Default)]
struct Index {
    by_torrent: HashMap<InfoHash, Vec<Arc<str>>>,
    by_title: HashMap<StremioId, Vec<Arc<str>>>,
}

impl Index {
    fn note(&mut self, media_id: &str, playable: &Playable) {
        let mut ids = vec![self.by_torrent.entry(playable.info_hash).or_default()];
        ids.extend(playable.id.map(|id| self.by_title.entry(id).or_default()));
        let media_id: Arc<str> = media_id.into();
        for ids in ids.into_iter().filter(|ids| !ids.contains(&media_id)) {
            ids.push(Arc::clone(&media_id));
        }
    }
}

impl Chosen {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, index: Mutex::default() }
    }

    pub(super) fn get(&self, media_id: &str) -> Result<Option<Playable>, Error> {
        Ok(self.state.get(&key(media_id))?)
    }

    /// Every one of them, one after another.
    pub(super) fn all(&self) -> Result<impl Iterator<Item = Result<Playable, Error>>, Error> {
        let keys = self.state.keys(KEYS)?.into_iter();
        // One that was removed meanwhile is none.
        Ok(keys.filter_map(|key| self.state.get(&key).map_err(Error::from).transpose()))
    }

    /// Those of a torrent.
    pub(super) fn of_torrent(&self, info_hash: &InfoHash) -> Result<Vec<Playable>, Error> {
        let ids = self.indexed(|index| index.by_torrent.get(info_hash).cloned())?;
        self.those(&ids, |playable| playable.info_hash == *info_hash)
    }

    /// Those that were chosen for a film or an episode.
    pub(super) fn of_title(&self, id: &StremioId) -> Result<Vec<Playable>, Error> {
        let ids = self.indexed(|index| index.by_title.get(id).cloned())?;
        self.those(&ids, |playable| playable.id == Some(*id))
    }

    /// Takes one in, or what is known of it now.
    pub(super) fn put(&self, playable: &Playable) -> Result<(), Error> {
        let media_id = playable.media_id();
        durably(|| self.state.put(&key(&media_id), playable))?;
        self.is_indexed(&media_id, playable);
        Ok(())
    }

    /// The same, after it has taken over what `keep` keeps of the one that is known; what is noted of
    /// that meanwhile is not lost.
    pub(super) fn put_over(
        &self,
        playable: &mut Playable,
        keep: impl FnOnce(&mut Playable, Playable),
    ) -> Result<(), Error> {
        let media_id = playable.media_id();
        durably(|| {
            self.state.update(&key(&media_id), |before: Option<Playable>| {
                if let Some(before) = before {
                    keep(playable, before);
                }
                Ok::<_, durable::Error>((Some(playable.clone()), ()))
            })
        })?;
        self.is_indexed(&media_id, playable);
        Ok(())
    }

    fn is_indexed(&self, media_id: &str, playable: &Playable) {
        // Who reads the index for the first time reads this one too.
        if let Some(index) = lock(&self.index).as_mut() {
            index.note(media_id, playable);
        }
    }

    /// Notes where it lies whole, or that it does not. All else stays as it is known by now: who notes
    /// it may have opened the title long ago.
    pub(super) fn note_place(&self, media_id: &str, path: Option<&Path>) -> Result<(), Error> {
        durably(|| {
            self.state.update(&key(media_id), |known: Option<Playable>| {
                let finished = path.map(Path::to_owned);
                Ok((known.map(|known| Playable { finished, ..known }), ()))
            })
        })
    }

    pub(super) fn remove(&self, media_id: &str) -> Result<(), Error> {
        Ok(durably(|| self.state.remove(&key(media_id)))?)
    }

    fn indexed<T>(&self, look: impl FnOnce(&Index) -> Option<Vec<T>>) -> Result<Vec<T>, Error> {
        durably(|| {
            let mut index = lock(&self.index);
            if index.is_none() {
                let mut made = Index::default();
                for playable in self.all()? {
                    let playable = playable?;
                    made.note(&playable.media_id(), &playable);
                }
                *index = Some(made);
            }
            Ok(index.as_ref().and_then(look).unwrap_or_default())
        })
    }

    fn those(
        &self,
        ids: &[Arc<str>],
        so: impl Fn(&Playable) -> bool,
    ) -> Result<Vec<Playable>, Error> {
        let known = ids.iter().filter_map(|id| self.get(id).transpose());
        known.filter(|known| known.as_ref().map_or(true, &so)).collect()
    }
}
