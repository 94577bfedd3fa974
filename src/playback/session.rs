//! One film, opened once: a television asks for forty ranges of it, and none of them searches,
//! adds a magnet or opens a torrent again.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::playable::{Playable, Via};
use super::{Error, Playback, lock};
use crate::library::DiskFile;
use crate::media::StremioId;
use crate::representation::{ByteStream, Representation, media_type_of};
use crate::swarm::SwarmFile;
use crate::torrent::{TorrentFile, entity_tag};

/// A file and, once somebody asked for it, its bytes.
pub(super) struct Session {
    playable: Playable,
    opened: tokio::sync::Mutex<Option<Bytes>>,
}

/// Bytes, by the way they come.
pub(super) enum Bytes {
    /// From a store, or from the disk.
    Whole(Arc<dyn Representation>),
    /// From peers: to be watched for its last piece.
    Swarm(Arc<SwarmFile>),
}

impl Bytes {
    pub(super) fn representation(&self) -> Arc<dyn Representation> {
        match self {
            Self::Whole(bytes) => Arc::clone(bytes),
            Self::Swarm(file) => Arc::clone(file) as Arc<dyn Representation>,
        }
    }
}

impl Playback {
    /// Takes a chosen file in, durably, so that its link outlives this process.
    pub(super) fn keep(&self, mut playable: Playable, bytes: Bytes) -> Result<(), Error> {
        let media_id = playable.media_id();
        let key = Playable::key(&media_id);
        if let Some(before) = self.parts.state.get::<Playable>(&key)? {
            // `Last-Modified` is of the bytes, and these are the same.
            playable.since = before.since;
            playable.finished = before.finished;
        }
        self.parts.state.put(&key, &playable)?;
        let session = Session { playable, opened: tokio::sync::Mutex::new(Some(bytes)) };
        lock(&self.sessions).insert(media_id, Arc::new(session));
        Ok(())
    }

    /// The bytes of a link's media id, and the name that the link must carry.
    pub async fn representation(
        &self,
        media_id: &str,
    ) -> Result<(String, Arc<dyn Representation>), Error> {
        let session = self.session(media_id)?;
        let mut opened = session.opened.lock().await;
        let bytes = match opened.take() {
            Some(bytes) => self.settled(&session.playable, bytes)?,
            None => self.reopen(&session.playable).await?,
        };
        let representation =
            Dated { bytes: bytes.representation(), modified: session.playable.modified() };
        *opened = Some(bytes);
        Ok((session.playable.link_name(), Arc::new(representation)))
    }

    /// Looks at every film that peers are sending, so that one that became whole after its last
    /// reader went is known to be, too.
    pub(super) async fn settle_all(&self) {
        let sessions: Vec<Arc<Session>> = lock(&self.sessions).values().cloned().collect();
        for session in sessions {
            let mut opened = session.opened.lock().await;
            let Some(bytes) = opened.take() else { continue };
            match self.settled(&session.playable, bytes) {
                Ok(bytes) => *opened = Some(bytes),
                // It is opened anew by who asks next.
                Err(error) => tracing::warn!(%error, "a finished film could not be noted"),
            }
        }
    }

    fn session(&self, media_id: &str) -> Result<Arc<Session>, Error> {
        if let Some(session) = lock(&self.sessions).get(media_id) {
            return Ok(Arc::clone(session));
        }
        let playable = self.parts.state.get::<Playable>(&Playable::key(media_id))?;
        let playable = playable.ok_or(Error::UnknownMedia)?;
        let session = Arc::new(Session { playable, opened: tokio::sync::Mutex::default() });
        let mut sessions = lock(&self.sessions);
        Ok(Arc::clone(sessions.entry(media_id.to_owned()).or_insert(session)))
    }

    /// Once the last piece is here (and on the disk: the swarm has synced it), the file is served
    /// from the disk, and after a restart too, without the engine.
    fn settled(&self, playable: &Playable, bytes: Bytes) -> Result<Bytes, Error> {
        let Bytes::Swarm(file) = &bytes else { return Ok(bytes) };
        let Some(path) = file.complete_path().map(Path::to_owned) else { return Ok(bytes) };
        let finished = Playable { finished: Some(path.clone()), ..playable.clone() };
        let Some(disk) = on_disk(&finished, &path) else { return Ok(bytes) };
        self.parts.state.put(&Playable::key(&playable.media_id()), &finished)?;
        tracing::info!(info_hash = %playable.info_hash, "the whole file is on the disk, and served from there");
        Ok(Bytes::Whole(disk))
    }

    /// Opens a file that was chosen before: from the disk if it is whole there, else the way it
    /// came, else the other. All give the same bytes under the same entity tag, so that a player's
    /// `If-Match` holds.
    async fn reopen(&self, playable: &Playable) -> Result<Bytes, Error> {
        if let Some(disk) = playable.finished.as_ref().and_then(|path| on_disk(playable, path)) {
            return Ok(Bytes::Whole(disk));
        }
        let ways = match playable.via {
            Via::Debrid => [Via::Debrid, Via::Swarm],
            Via::Swarm | Via::Disk => [Via::Swarm, Via::Debrid],
        };
        let mut why = "peer-to-peer is off, and no debrid store is set".to_owned();
        for (place, way) in ways.into_iter().enumerate() {
            match self.reopen_by(way, playable).await {
                Ok(Some(bytes)) => return Ok(bytes),
                // The first way's sentence is the one that matters to who chose it.
                Err(error) if place == 0 => why = error.to_string(),
                Ok(None) | Err(_) => {}
            }
        }
        Err(Error::Gone { name: playable.link_name(), why })
    }

    async fn reopen_by(&self, way: Via, playable: &Playable) -> Result<Option<Bytes>, Error> {
        let magnet = playable.magnet();
        match (way, self.debrid()) {
            (Via::Debrid, Some(debrid)) => {
                Ok(Some(Bytes::Whole(debrid.open(&magnet, &playable.file).await?)))
            }
            (Via::Swarm, _) if self.parts.swarm.allowed() => {
                let metainfo = self.parts.swarm.resolve(&magnet).await?;
                // A store's file index may be unknown or its own: path and size say which it is.
                let tag = |file: &TorrentFile| entity_tag(&playable.info_hash, file);
                let wanted = tag(&playable.file);
                let same = metainfo.files.iter().find(|file| tag(file) == wanted);
                let Some(index) = same.and_then(|file| file.index) else { return Ok(None) };
                Ok(Some(Bytes::Swarm(Arc::new(self.parts.swarm.open(&magnet, index).await?))))
            }
            _ => Ok(None),
        }
    }
}

/// A chosen file, for people.
#[derive(Debug, Clone)]
pub struct Description {
    /// What was asked for.
    pub id: StremioId,
    /// The release.
    pub title: String,
    /// The file's name.
    pub file: String,
    /// Media type of the bytes.
    pub media_type: String,
    /// Why this torrent and this file, a sentence a line.
    pub detail: Vec<String>,
}

impl Playback {
    /// What is known of a link's file, without opening it.
    pub fn describe(&self, media_id: &str) -> Result<Description, Error> {
        let session = self.session(media_id)?;
        let playable = &session.playable;
        Ok(Description {
            id: playable.id,
            title: playable.release.clone(),
            file: playable.file.name.clone(),
            media_type: media_type_of(&playable.file.name).to_owned(),
            detail: playable.detail.clone(),
        })
    }
}

/// The finished file, if it is still there and whole.
fn on_disk(playable: &Playable, path: &Path) -> Option<Arc<dyn Representation>> {
    let tag = entity_tag(&playable.info_hash, &playable.file);
    let media_type = media_type_of(&playable.file.name).to_owned();
    let disk = DiskFile::open(path, tag, media_type, playable.modified()).ok()?;
    (Some(disk.len()) == playable.file.size_bytes).then(|| Arc::new(disk) as _)
}

/// The same bytes with the date at which they were first chosen, whichever way they come today.
struct Dated {
    bytes: Arc<dyn Representation>,
    modified: SystemTime,
}

impl Representation for Dated {
    fn len(&self) -> u64 {
        self.bytes.len()
    }

    fn media_type(&self) -> &str {
        self.bytes.media_type()
    }

    fn entity_tag(&self) -> &str {
        self.bytes.entity_tag()
    }

    fn last_modified(&self) -> SystemTime {
        self.modified
    }

    fn may_stall(&self) -> bool {
        self.bytes.may_stall()
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        self.bytes.read(range)
    }
}
