//! Room for what comes: the quota and the reserve are kept, and what was watched longest ago goes first.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::lying::{Lie, Title};
use super::tidy::JUST_READ;
use super::{Error, Playback, lock};
use crate::library::{Item, Space, Why};
use crate::swarm::Room;
use crate::torrent::InfoHash;

/// How long promised room is kept for a file that does not come to the disk.
const PROMISED: Duration = Duration::from_secs(60);

impl Playback {
    /// Frees what the quota and the reserve want free; under the lock on changes.
    pub(super) async fn keep_within_bounds(&self, lie: &Lie) -> Result<(), Error> {
        let folder = self.parts.shelf.place.folder();
        let want = Wanted { path: &folder.join("-"), bytes: 0 };
        // Where nothing can be done about it, the next file is refused with the sentence.
        let _ = self.free_for(&want, lie).await?;
        Ok(())
    }

    /// Makes room for what is wanted; the sentence where there is none.
    async fn free_for(
        &self,
        wanted: &Wanted<'_>,
        Lie { roots, titles, others }: &Lie,
    ) -> Result<Result<(), String>, Error> {
        let rules = self.parts.shelf.rules;
        let Some(at) = roots.iter().position(|root| wanted.path.starts_with(&root.folder)) else {
            return Ok(Ok(()));
        };
        let Ok(space) = Space::of(&roots[at].folder) else { return Ok(Ok(())) };
        let reserve = space.reserve(rules.reserve_bytes);
        let begun = self.still_to_come(titles, wanted.path);
        let used: u64 = others.iter().map(|(_, file)| file.bytes).sum::<u64>()
            + titles.iter().map(Title::bytes).sum::<u64>();
        let needs = wanted.bytes.saturating_add(begun);
        let short = needs.saturating_add(reserve).saturating_sub(space.free_bytes);
        let over =
            rules.max_bytes.map_or(0, |most| used.saturating_add(needs).saturating_sub(most));
        let to_free = short.max(over);
        if to_free == 0 {
            return Ok(Ok(()));
        }
        // Only what lies on the same file system makes room there.
        let disk = device(&roots[at].folder);
        let here = |title: &&Title| {
            let mut files = title.files.iter();
            !title.files.is_empty()
                && files.all(|(root, file)| {
                    device(&roots[*root].folder) == disk && file.path != wanted.path
                })
        };
        let able: Vec<&Title> = titles.iter().filter(here).collect();
        let read = self.torrents_read(titles);
        let items: Vec<Item> = able
            .iter()
            .map(|title| {
                let item = self.item(title, &read, roots);
                let last = self.readers.idle(&title.media_id);
                Item { read: item.read || last.is_some_and(|last| last < JUST_READ), ..item }
            })
            .collect();
        let why = if over > short { Why::Quota } else { Why::Room };
        let go = rules.to_free(&items, to_free);
        let swept = self.remove_those(&go, &able, titles, roots, why).await;
        self.made_room.note(&swept.removed);
        if swept.freed_bytes >= to_free {
            return Ok(Ok(()));
        }
        let found = others.iter().filter(|(root, _)| device(&roots[*root].folder) == disk);
        let found = found.filter(|(root, file)| self.is_found(&roots[*root], file));
        Ok(Err(no_room(&Short {
            wanted: wanted.bytes,
            space,
            reserve,
            quota: rules.max_bytes.filter(|_| over > short),
            found: found.map(|(_, file)| file.bytes).sum(),
        })))
    }

    /// Bytes that files which were begun have still to take, but for the one at `path`.
    fn still_to_come(&self, titles: &[Title], path: &Path) -> u64 {
        let mut promised = lock(&self.shelf.promised);
        promised.retain(|_, (_, at)| at.elapsed() < PROMISED);
        let mut open = 0;
        for (_, file) in titles.iter().flat_map(|title| &title.files) {
            use crate::swarm::State::{Checking, Downloading, GivesWay};
            promised.remove(&file.path);
            let status = self.parts.swarm.status(&file.info_hash).map(|status| status.state);
            let comes = matches!(status, Some(Checking | Downloading | GivesWay));
            if comes && file.path != path {
                open += file.len.saturating_sub(file.bytes);
            }
        }
        // A copy has its full length at once, and its promise is long over while it comes.
        let copies = lock(&self.shelf.copies);
        let copies = copies.values().filter(|copy| copy.path() != path);
        open +=
            copies.map(|copy| copy.whole_bytes().saturating_sub(copy.bytes_have())).sum::<u64>();
        open + promised.iter().filter(|row| row.0 != path).map(|row| row.1.0).sum::<u64>()
    }

    /// Makes room for the file at `path`.
    pub(super) async fn room_for(&self, path: &Path, len: u64) -> Result<(), String> {
        let _alone = self.shelf.changing.lock().await;
        let there = std::fs::metadata(path).map_or(0, |metadata| metadata.blocks() * 512);
        let bytes = len.saturating_sub(there);
        if bytes == 0 {
            return Ok(());
        }
        let made = async { self.free_for(&Wanted { path, bytes }, &self.walk()?).await };
        made.await.map_err(|error| error.to_string())??;
        // What is refused was not begun.
        if let Err(error) = self.note_begun(path) {
            // The film plays all the same: it is only spared when the others go.
            tracing::warn!(%error, "that a film was begun here could not be noted");
        }
        lock(&self.shelf.promised).insert(path.to_owned(), (bytes, Instant::now()));
        Ok(())
    }
}

/// Room that is wanted.
struct Wanted<'a> {
    path: &'a Path,
    bytes: u64,
}

fn device(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    std::fs::metadata(there).ok().map(|metadata| metadata.dev())
}

/// What there is too little of.
struct Short {
    wanted: u64,
    space: Space,
    reserve: u64,
    quota: Option<u64>,
    /// Bytes that nothing removes by itself, and that belong to no title.
    found: u64,
}

fn no_room(short: &Short) -> String {
    let found = match short.found {
        0 => String::new(),
        found => format!(
            " ({} are films of an earlier state or of another box, and can be removed there)",
            in_words(found)
        ),
    };
    let what_to_do =
        format!("remove something on the library page{found}, or choose a smaller release");
    let Short { space, reserve, .. } = *short;
    let wanted = in_words(short.wanted);
    if let Some(most) = short.quota {
        let most = in_words(most);
        return format!(
            "the file needs {wanted}, and the library may take {most} in all (library.max_bytes) \
             and is full of titles that are kept: {what_to_do}"
        );
    }
    let (free, reserve) = (in_words(space.free_bytes), in_words(reserve));
    format!(
        "the file needs {wanted}, and the library's disk has {free} free, of which {reserve} stay \
         free: {what_to_do}"
    )
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn in_words(bytes: u64) -> String {
    let mib = bytes as f64 / 1_048_576.0;
    if mib >= 1024.0 { format!("{:.1} GiB", mib / 1024.0) } else { format!("{mib:.1} MiB") }
}

/// The story as the swarm asks it for room.
struct Keeper(Weak<Playback>);

impl Room for Keeper {
    fn make_room<'a>(&'a self, path: &'a Path, len: u64) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match self.0.upgrade() {
                Some(playback) => playback.room_for(path, len).await,
                None => Ok(()),
            }
        })
    }

    fn is_made(&self, info_hash: &InfoHash, path: &Path) -> Result<(), String> {
        let Some(playback) = self.0.upgrade() else { return Ok(()) };
        playback.length_says_nothing(info_hash, path).map_err(|error| error.to_string())
    }
}

impl Playback {
    /// Takes up what a power cut may have left of moves, and has the swarm ask for room from now on.
    pub fn take_up_shelf(self: &Arc<Self>) {
        if let Err(error) = self.know_what_was_begun() {
            tracing::warn!(%error, "which films are this server's own cannot be read, so none goes by itself");
        }
        self.recover_moves();
        self.parts.swarm.ask_for_room(Arc::new(Keeper(Arc::downgrade(self))));
    }
}
