//! Which files a film's torrent has: from memory, else from the store or from peers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::super::playable::{Playable, Via};
use super::super::{Error, Playback, lock};
use crate::subtitle::{self, Beside};
use crate::torrent::{InfoHash, TorrentFile};

/// After a failure nobody is asked again for so long.
const REST: Duration = Duration::from_secs(60);
/// Most failures, and questions under way, that are remembered.
const MOST: usize = 500;

/// Torrents whose files are being learnt, and when that failed.
#[derive(Default)]
pub(super) struct Learning(Mutex<HashMap<InfoHash, Arc<tokio::sync::Mutex<Option<Instant>>>>>);

impl Learning {
    fn of(&self, info_hash: InfoHash) -> Arc<tokio::sync::Mutex<Option<Instant>>> {
        let mut under_way = lock(&self.0);
        if under_way.len() >= MOST {
            under_way.retain(|_, one| Arc::strong_count(one) > 1);
        }
        Arc::clone(under_way.entry(info_hash).or_default())
    }
}

impl Playable {
    /// Whether peers were who gave it.
    pub(super) fn comes_by_peers(&self) -> bool {
        matches!(self.via, Via::Swarm | Via::Disk)
    }
}

fn key(info_hash: &InfoHash) -> String {
    format!("subtitles/{info_hash}")
}

impl Playback {
    /// The subtitle files of a film; `None` where it is not known what is in its torrent.
    pub(super) fn beside(&self, playable: &Playable) -> Option<Arc<Vec<Beside>>> {
        let media_id = playable.media_id();
        if let Some(beside) = lock(&self.subtitles.beside).get(&media_id) {
            return Some(Arc::clone(beside));
        }
        let files = self.files_known(&playable.info_hash)?;
        let beside = Arc::new(subtitle::beside(&files, &playable.file));
        let mut kept = lock(&self.subtitles.beside);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(media_id, Arc::clone(&beside));
        Some(beside)
    }

    /// Cheap: lists ask it of each of their films.
    pub(super) fn files_known(&self, info_hash: &InfoHash) -> Option<Vec<TorrentFile>> {
        if let Some(metainfo) = self.parts.swarm.known(info_hash) {
            return Some(metainfo.files.clone());
        }
        self.parts.cache.answer(&key(info_hash)).map(|(files, _)| files)
    }

    /// What programs were told of the torrent; looks through all that was ever chosen.
    fn files_told(&self, info_hash: &InfoHash) -> Option<Vec<TorrentFile>> {
        let told = self.torrent(*info_hash).ok()?.files;
        (!told.is_empty()).then_some(told)
    }

    /// Notes which files a store has of a torrent, if there are subtitles among them: most stores tell
    /// of videos alone, and peers may know more.
    pub(in super::super) fn note_files(&self, info_hash: &InfoHash, files: &[TorrentFile]) {
        if files.iter().any(subtitle::is_subtitle) {
            self.keep_files(info_hash, files);
        }
    }

    fn keep_files(&self, info_hash: &InfoHash, files: &[TorrentFile]) {
        let is_told = |file: &&TorrentFile| {
            crate::release::is_video(&file.name) || subtitle::is_subtitle(file)
        };
        let told: Vec<&TorrentFile> = files.iter().filter(is_told).collect();
        self.parts.cache.put_answer(&key(info_hash), &told);
    }

    /// Learns what is in a film's torrent, where that is not known: one question at a time. The work
    /// is a task's, so that who loses patience does not take it back.
    pub(super) async fn files_learnt(self: &Arc<Self>, playable: &Playable) {
        if self.files_known(&playable.info_hash).is_some() {
            return;
        }
        let (playback, playable) = (Arc::clone(self), playable.clone());
        let learning = async move {
            let failed = playback.subtitles.learning.of(playable.info_hash);
            let mut failed = failed.lock().await;
            let rests = failed.is_some_and(|failed| failed.elapsed() < REST);
            if rests || playback.files_known(&playable.info_hash).is_some() {
                return;
            }
            if let Some(told) = playback.files_told(&playable.info_hash) {
                playback.keep_files(&playable.info_hash, &told);
                return;
            }
            if let Err(error) = playback.ask_for_files(&playable).await {
                tracing::info!(info_hash = %playable.info_hash, %error, "what lies beside a film is not known");
                *failed = Some(Instant::now());
            }
        };
        let ending = self.desk.ending.clone();
        let _ = self.parts.tasks.spawn(ending.run_until_cancelled_owned(learning)).await;
    }

    async fn ask_for_files(&self, playable: &Playable) -> Result<(), Error> {
        let magnet = playable.magnet();
        let (mut why, mut of_store) = (Error::UnknownMedia, None);
        for way in self.ways_of(playable) {
            let asked = match (way, self.debrid()) {
                (Via::Debrid, Some(debrid)) => {
                    debrid.add(&magnet).await.map(|stored| stored.files).map_err(Error::from)
                }
                (Via::Swarm, _) => self.description(&magnet).await.map_or_else(
                    |error| Err(error.into()),
                    |(metainfo, _)| Ok(metainfo.files.clone()),
                ),
                _ => continue,
            };
            match asked {
                Ok(files) if way == Via::Debrid && !files.iter().any(subtitle::is_subtitle) => {
                    of_store = Some(files);
                }
                Ok(files) => {
                    self.keep_files(&magnet.info_hash, &files);
                    return Ok(());
                }
                Err(error) => why = error,
            }
        }
        let files = of_store.ok_or(why)?;
        self.keep_files(&magnet.info_hash, &files);
        Ok(())
    }
}
