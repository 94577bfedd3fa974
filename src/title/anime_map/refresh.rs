//! Fetches a newer map, off the way of every request, and keeps it on the disk.
//!
//! The public list is some 10 MB of JSON. It is read as it comes, item by item, into a table of less
//! than a megabyte. What does not come whole, or holds nothing, changes nothing; a kept file that is
//! damaged is not there. Behind both stands the table that is built in.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use url::Url;

use super::AnimeMap;
use super::shapes::Reader;
use super::table::Table;
use crate::durable;
use crate::fetch::{self, Request};

/// Not asked for more often than this: the list changes once a week.
const AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// After a failure.
const AGAIN: Duration = Duration::from_secs(6 * 3600);
/// Most bytes of one list.
const MOST_BYTES: u64 = 64 << 20;
/// Longest time for one list, on a slow line.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Largest file that is read back; a full one has some 800 kB.
const MOST_KEPT: u64 = 8 << 20;

/// Why there is no newer map.
#[derive(Debug, Clone, thiserror::Error)]
enum Error {
    /// Its host gives none.
    #[error("the map of anime ids cannot be fetched: {0}")]
    Fetch(#[from] fetch::Error),
    /// What came is none.
    #[error("what {host} gives for the map of anime ids is none, or not all of it; check {key}")]
    NoMap {
        /// The host.
        host: String,
        /// The configuration's key.
        key: &'static str,
    },
    /// It cannot be kept.
    #[error("the map of anime ids cannot be kept: {0}")]
    Disk(String),
}

/// The file in which a fetched map lies.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

impl Kept {
    /// In the data folder.
    #[must_use]
    pub fn in_folder(data: &Path) -> Self {
        Self(data.join("anime-ids.bin"))
    }

    /// Puts the file's map into `map`, if there is a sound one.
    pub fn load(&self, map: &AnimeMap) {
        let Ok(about) = std::fs::metadata(&self.0) else { return };
        if !about.is_file() || about.len() > MOST_KEPT {
            return;
        }
        match std::fs::read(&self.0).map(Table::read) {
            Ok(Ok(table)) => map.put(table),
            Ok(Err(damage)) => tracing::warn!(%damage, "the kept map of anime ids is not used"),
            Err(error) => tracing::warn!(%error, "the kept map of anime ids cannot be read"),
        }
    }

    /// How old it is; `None` where there is none that could be used.
    fn age(&self) -> Option<Duration> {
        let written = std::fs::metadata(&self.0).and_then(|about| about.modified()).ok()?;
        // A clock that stands before the file's time tells no age.
        Some(SystemTime::now().duration_since(written).unwrap_or_default())
    }
}

/// Where a newer map comes from, and where it goes.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// The way out.
    pub client: fetch::Client,
    /// `title.anime_map_url`.
    pub list: Url,
    /// `title.kitsu_map_url`: finer places of Kitsu's entries at IMDb.
    pub mapping: Url,
    /// Who is told.
    pub map: AnimeMap,
    /// The file.
    pub kept: Kept,
}

impl Refresh {
    /// How long until the next try: at once where nothing usable is kept.
    #[must_use]
    pub fn due(&self) -> Duration {
        let age = self.kept.age().filter(|_| self.map.is_fetched());
        age.map_or(Duration::ZERO, |age| AGE.saturating_sub(age))
    }

    /// Fetches, keeps and uses a newer map; says how long to wait before the next try.
    pub async fn run(&self) -> Duration {
        match self.fetch().await {
            Ok(rows) => {
                tracing::info!(rows, "the map of anime ids was refreshed");
                AGE
            }
            Err(error) => {
                tracing::info!(%error, "the map of anime ids was not refreshed");
                AGAIN
            }
        }
    }

    async fn fetch(&self) -> Result<usize, Error> {
        let mut reader = Reader::default();
        self.read(&self.list, &mut reader).await?;
        let no_map = || Error::NoMap {
            host: self.list.host_str().unwrap_or_default().to_owned(),
            key: "title.anime_map_url",
        };
        let builder = reader.finish().ok_or_else(no_map)?;
        // Without the mapping the list's own places stand.
        let mut mapping = Reader::onto(builder);
        let came = self.read(&self.mapping, &mut mapping).await;
        if let Err(error) = came {
            tracing::info!(%error, "the mapping of Kitsu's entries is missing");
        }
        let builder = mapping.into_builder();
        let kept = self.kept.clone();
        let work = move || -> Result<Option<Table>, Error> {
            let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let day = u32::try_from(day.as_secs() / 86_400).unwrap_or(0);
            let Some(bytes) = builder.build(day) else { return Ok(None) };
            durable::replace_file(&kept.0, &bytes, 0o600)
                .map_err(|error| Error::Disk(error.kind().to_string()))?;
            Ok(Table::read(bytes).ok())
        };
        let table = tokio::task::spawn_blocking(work).await;
        let table = table.map_err(|error| Error::Disk(error.to_string()))??;
        let table = table.ok_or_else(no_map)?;
        let rows = table.rows();
        self.map.put(table);
        Ok(rows)
    }

    async fn read(&self, url: &Url, reader: &mut Reader) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let read = async {
            let mut opened = self.client.open(Request::get(url.clone())).await?;
            if opened.status != 200 {
                return Err(fetch::Error::Status { host: host.clone(), status: opened.status });
            }
            let mut bytes = 0;
            while let Some(piece) = opened.body.next().await {
                let piece = piece.map_err(|_| fetch::Error::CutShort { host: host.clone() })?;
                bytes += piece.len() as u64;
                if bytes > MOST_BYTES {
                    return Err(fetch::Error::TooLarge { host: host.clone() });
                }
                reader.take(&piece);
            }
            Ok(())
        };
        let read = tokio::time::timeout(LONGEST, read).await;
        Ok(read.unwrap_or(Err(fetch::Error::TimedOut { host }))?)
    }
}
