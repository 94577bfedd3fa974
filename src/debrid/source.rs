//! Where the bytes of one file come from at the moment: its link, and how a fresh one is had.
//!
//! All readers of a film share it. A link that has died is replaced once, by whoever notices first;
//! the others wait for that and go on with the new one.

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};
use url::Url;

use super::{Debrid, Error};
use crate::torrent::{Magnet, TorrentFile};

/// For how long a failed renewal answers for those who come after it.
const REMEMBERED: Duration = Duration::from_secs(2);

/// A link, and how many there were before it.
#[derive(Clone)]
pub(super) struct Fresh {
    pub(super) url: Url,
    pub(super) generation: u64,
}

pub(super) struct Source {
    debrid: Debrid,
    magnet: Magnet,
    state: Mutex<State>,
}

struct State {
    file: TorrentFile,
    fresh: Fresh,
    /// Whether the link has answered as one that gives bytes. One that never did is not asked for a
    /// second time.
    proven: bool,
    failure: Option<(Instant, Error)>,
}

impl Source {
    pub(super) async fn new(
        debrid: Debrid,
        magnet: Magnet,
        file: TorrentFile,
    ) -> Result<Self, Error> {
        let url = debrid.generate(&file).await?;
        let fresh = Fresh { url, generation: 0 };
        let state = State { file, fresh, proven: false, failure: None };
        Ok(Self { debrid, magnet, state: Mutex::new(state) })
    }

    pub(super) fn debrid(&self) -> &Debrid {
        &self.debrid
    }

    pub(super) async fn link(&self) -> Fresh {
        self.state.lock().await.fresh.clone()
    }

    /// Says that the link of this generation gives bytes.
    pub(super) async fn prove(&self, generation: u64) {
        let mut state = self.state.lock().await;
        state.proven |= state.fresh.generation == generation;
    }

    /// Replaces the link of generation `dead`, unless somebody has done so.
    pub(super) async fn renew(&self, dead: u64) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        if state.fresh.generation != dead {
            return Ok(());
        }
        if let Some((when, error)) = &state.failure
            && when.elapsed() < REMEMBERED
        {
            return Err(error.clone());
        }
        match self.fresh_link(&mut state).await {
            Ok(url) => {
                state.fresh = Fresh { url, generation: dead + 1 };
                state.proven = false;
                state.failure = None;
                tracing::info!(store = %self.debrid.store, "a link had died; a fresh one is in use");
                Ok(())
            }
            Err(error) => {
                state.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// A link for the same file: of the torrent as it is in the account, or, where that gives none
    /// or gives the dead one again, of the torrent added anew.
    async fn fresh_link(&self, state: &mut State) -> Result<Url, Error> {
        if state.proven {
            match self.debrid.generate(&state.file).await {
                Ok(url) => return Ok(url),
                // Asking once more by another way would not change these.
                Err(error @ (Error::Refused { .. } | Error::BadToken { .. })) => return Err(error),
                Err(error @ (Error::NoSubscription { .. } | Error::Limited { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::debug!(store = %self.debrid.store, %error, "no fresh link; adding anew");
                }
            }
        }
        let stored = self.debrid.add(&self.magnet).await?;
        let file = same_file(&state.file, &stored.files)
            .ok_or(Error::NoLink { store: self.debrid.store })?;
        let url = self.debrid.generate(file).await?;
        state.file.link.clone_from(&file.link);
        Ok(url)
    }
}

impl Debrid {
    /// Turns the store's own name of a file into an address: `POST /v0/store/link/generate`.
    async fn generate(&self, file: &TorrentFile) -> Result<Url, Error> {
        let link = file.link.as_deref().ok_or(Error::NoLink { store: self.store })?;
        let answer = self.wire.post("v0/store/link/generate", json!({"link": link})).await;
        let data: Value = answer.map_err(|error| self.error(error))?;
        let url = data["link"].as_str().and_then(|link| link.parse().ok());
        url.ok_or(Error::NoLink { store: self.store })
    }
}

/// The file of `files` that is `known`: the same name and size, the same place where both know it,
/// and the only such. What one of the two does not know does not speak against it.
fn same_file<'a>(known: &TorrentFile, files: &'a [TorrentFile]) -> Option<&'a TorrentFile> {
    fn agree<T: PartialEq + Copy>(a: Option<T>, b: Option<T>) -> bool {
        a.is_none() || b.is_none() || a == b
    }
    let mut same = files.iter().filter(|file| {
        file.base_name() == known.base_name()
            && agree(file.size_bytes, known.size_bytes)
            && agree(file.index, known.index)
            && agree(file.twin.as_ref(), known.twin.as_ref())
            && file.link.is_some()
    });
    same.next().filter(|_| same.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(index: Option<u32>, name: &str, size_bytes: Option<u64>) -> TorrentFile {
        let link = Some("x".to_owned());
        TorrentFile { index, name: name.to_owned(), size_bytes, link, ..TorrentFile::default() }
    }

    #[test]
    fn the_same_file_is_found_again_and_no_other() {
        let known = file(Some(1), "S/a.mkv", Some(9));
        for (files, found) in [
            (vec![file(Some(0), "b.mkv", Some(9)), file(Some(1), "S/a.mkv", Some(9))], Some(1)),
            (vec![file(None, "a.mkv", Some(9))], Some(0)),
            (vec![file(None, "a.mkv", None)], Some(0)),
            (vec![file(Some(2), "S/a.mkv", Some(9))], None),
            (vec![file(Some(1), "S/a.mkv", Some(8))], None),
            (vec![file(Some(1), "S/b.mkv", Some(9))], None),
            (vec![file(None, "x/a.mkv", Some(9)), file(None, "y/a.mkv", Some(9))], None),
            (vec![TorrentFile { link: None, ..known.clone() }], None),
            (vec![], None),
        ] {
            assert_eq!(same_file(&known, &files), found.map(|place: usize| &files[place]));
        }
    }
}
