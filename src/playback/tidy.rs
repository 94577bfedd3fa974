//! Tidying the shelf: what nobody reads goes after a while, or when its room is needed, or when
//! somebody says so. In this order, so that a power cut in between leaves nothing false: the title is
//! noted as not whole, its torrent leaves the engine, its files go.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::time::Instant;

use super::playable::Playable;
use super::shelf::{Lying, Title};
use super::{Error, Playback, durably, lock};
use crate::library::{Item, Root, Space, Spared, Why};
use crate::swarm::Room;
use crate::torrent::InfoHash;

/// How long ago a title may have been read to count as being watched: a set that has filled its
/// buffer closes its connection and comes again for more.
pub const JUST_READ: Duration = Duration::from_secs(60);
/// How long promised room is kept for a file that does not come to the disk.
const PROMISED: Duration = Duration::from_secs(60);

/// What a clean-up did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Swept {
    /// What was removed.
    pub removed: Vec<Gone>,
    /// What was left, and why.
    pub spared: Vec<Left>,
    /// What the removed took on the disk.
    pub freed_bytes: u64,
}

/// A title that was removed.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Gone {
    pub media_id: String,
    pub title: String,
    pub bytes: u64,
    pub why: Why,
}

/// A title that was left.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Left {
    pub media_id: String,
    pub title: String,
    /// `null`: it was read too lately.
    pub why: Option<Spared>,
}

impl Playback {
    /// Removes what nobody has read for `idle` and nothing spares.
    pub async fn clean_up(&self, idle: Duration) -> Result<Swept, Error> {
        let _alone = self.shelf.changing.lock().await;
        let roots = self.roots();
        let (titles, others) = self.titles(&roots)?;
        let on_disk: Vec<&Title> = titles.iter().filter(|title| !title.files.is_empty()).collect();
        let items: Vec<Item> =
            on_disk.iter().map(|title| self.item(title, &titles, &roots)).collect();
        let rules = self.parts.shelf.rules;
        let due = rules.idle(&items, idle);
        let mut swept = self.remove_those(&due, &on_disk, &titles, &roots, Why::Idle).await;
        let gone: HashSet<String> = swept.removed.iter().map(|one| one.media_id.clone()).collect();
        for (title, item) in on_disk.iter().zip(&items) {
            if !gone.contains(&title.media_id) {
                let (media_id, title) = (title.media_id.clone(), name_of(&title.playable));
                swept.spared.push(Left { media_id, title, why: rules.spared(item) });
            }
        }
        if !rules.permanent {
            swept.freed_bytes += self.remove_others(&others, &titles, &roots, idle);
        }
        Ok(swept)
    }

    /// Removes one title's files; its link plays on, from wherever it comes then.
    pub async fn remove_title(&self, media_id: &str) -> Result<u64, Error> {
        let _alone = self.shelf.changing.lock().await;
        let roots = self.roots();
        let (titles, _) = self.titles(&roots)?;
        let title = titles.iter().find(|title| title.media_id == media_id);
        let title = title.ok_or(Error::UnknownMedia)?;
        let freed = self.remove_files(title, &titles, &roots, Why::Asked).await?;
        // Only now: a title that is being watched stays, and so does all that is known of it.
        self.shelf.records.change(media_id, |record| {
            record.kept = false;
            record.place = None;
            record.position_s = None;
        })?;
        Ok(freed)
    }

    /// What is to be done again and again: moves that were wished for, what is idle, and what takes
    /// more room than it may.
    pub async fn tend_shelf(self: &Arc<Self>) {
        self.settle_all();
        self.place_all().await;
        let rules = self.parts.shelf.rules;
        if let Some(idle) = rules.idle.filter(|_| !rules.permanent)
            && let Err(error) = self.clean_up(idle).await
        {
            tracing::warn!(%error, "the library could not be cleaned up");
        }
        if let Err(error) = self.keep_within_bounds().await {
            tracing::warn!(%error, "the library could not be kept within its bounds");
        }
    }

    /// What is done when the server stops.
    pub(super) async fn close_shelf(&self) {
        self.shelf.records.flush();
        if self.parts.shelf.clean_on_stop
            && let Err(error) = self.clean_up(Duration::ZERO).await
        {
            tracing::warn!(%error, "the library could not be cleaned up");
        }
    }

    async fn remove_those(
        &self,
        which: &[usize],
        of: &[&Title],
        titles: &[Title],
        roots: &[Root],
        why: Why,
    ) -> Swept {
        let mut swept = Swept::default();
        for at in which {
            let title = of[*at];
            match self.remove_files(title, titles, roots, why).await {
                Ok(bytes) => {
                    swept.freed_bytes += bytes;
                    let (media_id, title) = (title.media_id.clone(), name_of(&title.playable));
                    swept.removed.push(Gone { media_id, title, bytes, why });
                }
                Err(error) => tracing::info!(%error, "a title stays"),
            }
        }
        swept
    }

    /// Under the lock on changes.
    async fn remove_files(
        &self,
        title: &Title,
        titles: &[Title],
        roots: &[Root],
        why: Why,
    ) -> Result<u64, Error> {
        let hash = title.playable.info_hash;
        self.let_go(title, titles).await?;
        let (bytes, mut failed) = (title.bytes(), None);
        for (root, file) in &title.files {
            let removed = durably(|| roots[*root].remove(&file.path));
            failed = removed.err().or(failed);
        }
        if let Some(error) = failed {
            // A disk that takes no writes still gives its bytes.
            if let Some((_, file)) = title.whole().filter(|(_, file)| file.path.is_file()) {
                self.note_place(&title.media_id, Some(&file.path))?;
            }
            return Err(Error::Disk { why: error.kind().to_string() });
        }
        self.lists.touch(&title.media_id);
        tracing::info!(info_hash = %hash, bytes, ?why, "a title was removed from the library");
        Ok(bytes)
    }

    /// Takes a title out of every hand, durably first: nobody reads it, nothing writes it.
    pub(super) async fn let_go(&self, title: &Title, titles: &[Title]) -> Result<(), Error> {
        let hash = title.playable.info_hash;
        let watched = || Error::Watched { title: name_of(&title.playable) };
        let same = titles.iter().filter(|other| other.playable.info_hash == hash);
        if same.into_iter().any(|other| self.readers.of(&other.media_id) > 0) {
            return Err(watched());
        }
        self.note_place(&title.media_id, None)?;
        // In this order: what is copied no more is not noted either.
        lock(&self.shelf.copies).remove(&title.media_id);
        self.shelf.records.forget_copied(&title.media_id)?;
        lock(&self.sessions).remove(&title.media_id);
        if !self.parts.swarm.forget(&hash).await? {
            return Err(watched());
        }
        Ok(())
    }

    /// Notes, durably, where a title lies whole, or that it does not. All else stays as it is known by
    /// now: who notes it may have opened the title long ago.
    pub(super) fn note_place(&self, media_id: &str, path: Option<&Path>) -> Result<(), Error> {
        let noted = durably(|| {
            self.parts.state.update(&Playable::key(media_id), |known: Option<Playable>| {
                let finished = path.map(Path::to_owned);
                Ok((known.map(|known| Playable { finished, ..known }), ()))
            })
        });
        self.lists.touch(media_id);
        noted
    }

    /// Removes what belongs to no title: what a piece across two files left in the neighbour, once
    /// nothing of its torrent is wanted.
    fn remove_others(
        &self,
        others: &[Lying],
        titles: &[Title],
        roots: &[Root],
        idle: Duration,
    ) -> u64 {
        let wanted: HashSet<InfoHash> = titles
            .iter()
            .filter(|title| title.files.iter().any(|(_, file)| file.path.is_file()))
            .map(|title| title.playable.info_hash)
            .collect();
        let is_open = |hash: &InfoHash| {
            let status = self.parts.swarm.status(hash);
            status.is_some_and(|status| status.state != crate::swarm::State::Paused)
        };
        let mut freed = 0;
        for (root, file) in others {
            let stays = wanted.contains(&file.info_hash) || is_open(&file.info_hash);
            if stays || file.age < idle {
                continue;
            }
            match durably(|| roots[*root].remove(&file.path)) {
                Ok(()) => freed += file.bytes,
                Err(error) => tracing::warn!(%error, "a file could not be removed"),
            }
        }
        freed
    }

    /// Frees what the quota and the reserve want free.
    async fn keep_within_bounds(&self) -> Result<(), Error> {
        let _alone = self.shelf.changing.lock().await;
        let folder = self.parts.shelf.place.folder();
        let want = Wanted { path: &folder.join("-"), bytes: 0 };
        // Where nothing can be done about it, the next file is refused with the sentence.
        let _ = self.free_for(&want).await?;
        Ok(())
    }

    /// Makes room for what is wanted; the sentence where there is none.
    async fn free_for(&self, wanted: &Wanted<'_>) -> Result<Result<(), String>, Error> {
        let roots = self.roots();
        let (titles, others) = self.titles(&roots)?;
        let rules = self.parts.shelf.rules;
        let Some(at) = roots.iter().position(|root| wanted.path.starts_with(&root.folder)) else {
            return Ok(Ok(()));
        };
        let Ok(space) = Space::of(&roots[at].folder) else { return Ok(Ok(())) };
        let reserve = space.reserve(rules.reserve_bytes);
        let begun = self.still_to_come(&titles, wanted.path);
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
        let items: Vec<Item> = able
            .iter()
            .map(|title| {
                let item = self.item(title, &titles, &roots);
                let last = self.readers.idle(&title.media_id);
                Item { read: item.read || last.is_some_and(|last| last < JUST_READ), ..item }
            })
            .collect();
        let why = if over > short { Why::Quota } else { Why::Room };
        let go = rules.to_free(&items, to_free);
        let swept = self.remove_those(&go, &able, &titles, &roots, why).await;
        if swept.freed_bytes >= to_free {
            return Ok(Ok(()));
        }
        Ok(Err(no_room(wanted.bytes, &space, reserve, rules.max_bytes.filter(|_| over > short))))
    }

    /// Bytes that files which were begun have still to take, but for the one at `path`.
    fn still_to_come(&self, titles: &[Title], path: &Path) -> u64 {
        let mut promised = lock(&self.shelf.promised);
        promised.retain(|_, (_, at)| at.elapsed() < PROMISED);
        let mut open = 0;
        for (_, file) in titles.iter().flat_map(|title| &title.files) {
            use crate::swarm::State::{Checking, Downloading};
            promised.remove(&file.path);
            let status = self.parts.swarm.status(&file.info_hash).map(|status| status.state);
            let comes = matches!(status, Some(Checking | Downloading));
            if comes && file.path != path {
                open += file.len.saturating_sub(file.bytes);
            }
        }
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
        let made = self.free_for(&Wanted { path, bytes }).await;
        made.map_err(|error| error.to_string())??;
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

pub(super) fn name_of(playable: &Playable) -> String {
    playable.title.clone().unwrap_or_else(|| playable.release.clone())
}

fn no_room(wanted: u64, space: &Space, reserve: u64, quota: Option<u64>) -> String {
    let what_to_do = "remove something on the library page, or choose a smaller release";
    let wanted = in_words(wanted);
    if let Some(most) = quota {
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
fn in_words(bytes: u64) -> String {
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
}

impl Playback {
    /// Takes up what a power cut may have left of moves, and has the swarm ask for room from now on.
    pub fn take_up_shelf(self: &Arc<Self>) {
        self.recover_moves();
        self.parts.swarm.ask_for_room(Arc::new(Keeper(Arc::downgrade(self))));
    }
}
