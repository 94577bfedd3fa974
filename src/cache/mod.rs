//! What may be lost: found torrents, titles, availability, subtitles, hashes that a store refuses.
//!
//! All of it can be asked for again, so nothing here is worth a failure. A folder that does not open
//! is set aside and a new one begun; an entry that cannot be read is a miss; after an engine's panic
//! every entry is a miss until the next start. The engine is sled, which nobody else names; it is
//! held below 10 MB on the disk, because its appetite for writing grows with the size of what it
//! keeps (1 MB/s for one small update a second at 66 MB), and is written out every 30 s.
//!
//! The calls are synchronous: each is some microseconds in memory. Only [`Cache::flush`] waits.

use std::borrow::Borrow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::media::{StremioId, Title};
use crate::torrent::{Availability, IndexName, InfoHash, Store, Unique};

mod engine;
mod opening;
mod packed;
mod shelf;

use engine::Engine;
use opening::Opened;

/// Longest that [`Cache::flush`] waits for the disk.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// A title as it is kept.
#[derive(serde::Serialize, serde::Deserialize)]
struct Told<T> {
    #[serde(flatten)]
    title: T,
    #[serde(default)]
    edition: String,
}

/// The cache. Cheap to clone.
#[derive(Clone)]
pub struct Cache {
    engine: Arc<Engine>,
    /// `None`: it is in memory.
    dir: Option<PathBuf>,
    /// No flush while the engine is replaced: it would keep the old one's files open.
    tending: Arc<tokio::sync::Mutex<()>>,
}

impl Cache {
    /// Opens the cache in folder `dir`, whatever is there. It never fails: what does not open is
    /// moved to `dir.bad` (the one that was there before is deleted) and a new cache begun; where
    /// even that is impossible, or another process has it open, the cache lives in memory and ends
    /// with the process. The notice is a sentence for the log.
    #[must_use]
    pub fn open(dir: &Path) -> (Self, Option<String>) {
        let Opened { engine, dir, notice } = opening::open(dir);
        opening::compact(&engine, dir.as_deref());
        (Self { engine: Arc::new(engine), dir, tending: Arc::default() }, notice)
    }

    /// Whether it lies on the disk, and not in memory for want of a folder that takes it.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.dir.is_some()
    }

    /// How much of the disk it takes, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.engine.size()
    }

    /// Keeps the cache small on the disk; to be called once a minute or so. Mostly it looks at a size
    /// and returns; every hundred searches it moves what is kept to a new engine, on a blocking
    /// thread. Meanwhile everything is a miss.
    pub async fn tend(&self) {
        let tending = self.tending.clone().lock_owned().await;
        let (engine, dir) = (self.engine.clone(), self.dir.clone());
        let work = move || {
            opening::compact(&engine, dir.as_deref());
            drop(tending);
        };
        // It can only fail where the runtime is going away.
        let _ = tokio::task::spawn_blocking(work).await;
    }

    /// The torrents last found for `id`, and how long ago.
    #[must_use]
    pub fn found(&self, id: &StremioId) -> Option<(Vec<Unique>, Duration)> {
        let (packed, age) = self.engine.read(&shelf::FOUND, id.to_string().as_bytes())?;
        Some((packed::unpack(&packed)?, age))
    }

    /// Keeps what was found for `id`: `torrents`, best first. Where they are more than one entry of
    /// [`shelf::FOUND`] takes, the last of them are left out.
    pub fn put_found<T: Borrow<Unique>>(&self, id: &StremioId, torrents: &[T]) {
        if let Some(packed) = packed::pack(torrents, shelf::FOUND.longest) {
            self.engine.put(&shelf::FOUND, vec![(id.to_string().into_bytes(), packed)]);
        }
    }

    /// How the last search for `id` went, in the words of whoever searched, and how long ago.
    #[must_use]
    pub fn asked<T: serde::de::DeserializeOwned>(&self, id: &StremioId) -> Option<(T, Duration)> {
        self.read_json(&shelf::ASKED, id)
    }

    /// Keeps how the search for `id` went.
    pub fn put_asked<T: serde::Serialize>(&self, id: &StremioId, how: &T) {
        self.put_json(&shelf::ASKED, id, how);
    }

    /// What was kept of an index.
    #[must_use]
    pub fn index(&self, index: IndexName) -> Option<serde_json::Value> {
        let (bytes, _) = self.engine.read(&shelf::INDEX, index.as_str().as_bytes())?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps what is known of an index.
    pub fn put_index(&self, index: IndexName, record: &serde_json::Value) {
        let entry = (index.as_str().as_bytes().to_vec(), record.to_string().into_bytes());
        self.engine.put(&shelf::INDEX, vec![entry]);
    }

    /// What `id` is called, and how long ago that was learnt.
    #[must_use]
    pub fn title(&self, id: &StremioId) -> Option<(Title, Duration)> {
        self.read_json(&shelf::TITLE, id)
    }

    /// The same where the title was told by `edition`, as [`put_title`](Self::put_title) was given it.
    #[must_use]
    pub fn title_told_by(&self, id: &StremioId, edition: &str) -> Option<(Title, Duration)> {
        let (told, age) = self.read_json::<Told<Title>>(&shelf::TITLE, id)?;
        (told.edition == edition).then_some((told.title, age))
    }

    /// Keeps what `id` is called, and by which `edition` of those who tell it.
    pub fn put_title(&self, id: &StremioId, title: &Title, edition: &str) {
        self.put_json(&shelf::TITLE, id, &Told { title, edition: edition.to_owned() });
    }

    /// What was said in answer to `asked`, and how long ago.
    #[must_use]
    pub fn answer<T: serde::de::DeserializeOwned>(&self, asked: &str) -> Option<(T, Duration)> {
        let (bytes, age) = self.engine.read(&shelf::ANSWER, asked.as_bytes())?;
        Some((packed::read(&bytes)?, age))
    }

    /// Keeps an answer. Says whether it is small enough to be kept.
    pub fn put_answer<T: serde::Serialize>(&self, asked: &str, answer: &T) -> bool {
        let packed = packed::write(answer).filter(|bytes| bytes.len() <= shelf::ANSWER.longest);
        let kept = packed.is_some();
        let entry = packed.map(|bytes| (asked.as_bytes().to_vec(), bytes));
        self.engine.put(&shelf::ANSWER, entry.into_iter().collect());
        kept
    }

    /// Which id another one is, and how long ago that was learnt.
    #[must_use]
    pub fn link(&self, from: &str) -> Option<(String, Duration)> {
        let (bytes, age) = self.engine.read(&shelf::LINK, from.as_bytes())?;
        Some((String::from_utf8(bytes).ok()?, age))
    }

    /// Keeps which id another one is.
    pub fn put_link(&self, from: &str, to: &str) {
        let entry = (from.as_bytes().to_vec(), to.as_bytes().to_vec());
        self.engine.put(&shelf::LINK, vec![entry]);
    }

    /// Subtitles that were fetched before.
    #[must_use]
    pub fn subtitle(&self, key: &str) -> Option<String> {
        let (bytes, _) = self.engine.read(&shelf::SUBTITLE, key.as_bytes())?;
        packed::read(&bytes)
    }

    /// Keeps subtitles; very long ones are not kept.
    pub fn put_subtitle(&self, key: &str, text: &str) {
        let packed = packed::write(&text);
        let packed = packed.filter(|bytes| bytes.len() <= shelf::SUBTITLE.longest);
        let entry = packed.map(|bytes| (key.as_bytes().to_vec(), bytes));
        self.engine.put(&shelf::SUBTITLE, entry.into_iter().collect());
    }

    /// What `store` last said of the hash, and how long ago. A refusal outlives everything else.
    #[must_use]
    pub fn availability(&self, store: Store, hash: &InfoHash) -> Option<(Availability, Duration)> {
        let key = hash_key(store, hash);
        if let Some((_, age)) = self.engine.read(&shelf::REFUSED, &key) {
            return Some((Availability::Refused, age));
        }
        let (code, age) = self.engine.read(&shelf::AVAILABILITY, &key)?;
        let availability = match *code.as_slice() {
            [b'c'] => Availability::Cached,
            [b'n'] => Availability::NotCached,
            _ => return None,
        };
        Some((availability, age))
    }

    /// Keeps one answer of `store`, all of it in one batch. `Unknown` is not kept, but ends what was
    /// cached before; that a torrent was not there when it was wanted says more than `Unknown` does.
    pub fn put_availability(&self, store: Store, answer: &[(InfoHash, Availability)]) {
        let keep = |wanted: Availability, code: &'static [u8]| {
            let of_kind = answer.iter().filter(move |(_, availability)| *availability == wanted);
            of_kind.map(move |(hash, _)| (hash_key(store, hash), code.to_vec()))
        };
        let cached = keep(Availability::Cached, b"c");
        let known = cached.chain(keep(Availability::NotCached, b"n"));
        self.engine.put(&shelf::AVAILABILITY, known.collect());
        let unknown = answer.iter().filter(|(_, state)| *state == Availability::Unknown);
        let unknown = unknown.map(|(hash, _)| hash_key(store, hash));
        self.engine.remove(&shelf::AVAILABILITY, unknown.collect(), |kept| kept == b"c");
        self.engine.put(&shelf::REFUSED, keep(Availability::Refused, b"").collect());
    }

    /// Whether `store` refuses the hash for legal reasons (451): final for this pair.
    #[must_use]
    pub fn refused(&self, store: Store, hash: &InfoHash) -> bool {
        self.engine.read(&shelf::REFUSED, &hash_key(store, hash)).is_some()
    }

    /// Remembers that `store` refuses the hash.
    pub fn put_refused(&self, store: Store, hash: &InfoHash) {
        self.put_availability(store, &[(*hash, Availability::Refused)]);
    }

    /// Writes everything out, for at most five seconds: before the process ends.
    pub async fn flush(&self) {
        let flushed = async {
            let _tending = self.tending.lock().await;
            self.engine.flush().await;
        };
        if tokio::time::timeout(FLUSH_LIMIT, flushed).await.is_err() {
            tracing::warn!(
                limit_s = FLUSH_LIMIT.as_secs(),
                "the cache was not written out in time"
            );
        }
    }

    fn read_json<T: serde::de::DeserializeOwned>(
        &self,
        kind: &shelf::Shelf,
        id: &StremioId,
    ) -> Option<(T, Duration)> {
        let (bytes, age) = self.engine.read(kind, id.to_string().as_bytes())?;
        Some((serde_json::from_slice(&bytes).ok()?, age))
    }

    fn put_json<T: serde::Serialize + ?Sized>(
        &self,
        kind: &shelf::Shelf,
        id: &StremioId,
        value: &T,
    ) {
        if let Ok(bytes) = serde_json::to_vec(value) {
            self.engine.put(kind, vec![(id.to_string().into_bytes(), bytes)]);
        }
    }
}

/// A store's word on a hash: the store's name, a slash, the twenty bytes.
fn hash_key(store: Store, hash: &InfoHash) -> Vec<u8> {
    [store.as_str().as_bytes(), b"/", hash.as_bytes()].concat()
}
