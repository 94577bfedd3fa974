//! Where a title lies: in the library, where things come and go, or in a place where they stay.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::lying::{Lie, Title};
use super::playable::Playable;
use super::shelf::{LIBRARY, PERMANENT};
use super::{Error, Playback, durably, lock};
use crate::library::{self, Root};

/// What its owner wants done with a title. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShelfChange {
    /// Whether it stays whatever comes.
    pub pinned: Option<bool>,
    /// Whether it is to lie where things stay.
    pub permanent: Option<bool>,
    /// The same with a place of the owner's: `library`, `permanent`, or a name of `library.places`.
    pub place: Option<String>,
    /// Whether all of it shall be here.
    pub keep: Option<bool>,
    /// Where the picture stands, in seconds.
    pub position_s: Option<f64>,
    /// How long it is, in seconds.
    pub duration_s: Option<f64>,
}

impl ShelfChange {
    /// Whether it says only how far somebody has watched: what a viewer may, too.
    #[must_use]
    pub fn is_a_position(&self) -> bool {
        let Self { pinned, permanent, place, keep, .. } = self;
        pinned.is_none() && permanent.is_none() && place.is_none() && keep.is_none()
    }
}

/// How long a move may take before it goes on behind the answer.
const ANSWERED: Duration = Duration::from_secs(10);
/// A longer film there is not; what a player says beyond it is no position.
pub(super) const LONGEST_S: f64 = 7.0 * 24.0 * 3600.0;

impl Playback {
    /// Notes what is to be done with a title, durably, and begins with it. A file that is not whole
    /// yet is moved once it is.
    pub async fn change_title(
        self: &Arc<Self>,
        media_id: &str,
        change: ShelfChange,
    ) -> Result<(), Error> {
        self.known(media_id)?;
        if change.is_a_position() {
            return self.note_position(media_id, &change);
        }
        let place = match (change.place, change.permanent) {
            (Some(place), _) => Some(place),
            (None, Some(true)) => Some(PERMANENT.to_owned()),
            (None, Some(false)) => Some(LIBRARY.to_owned()),
            (None, None) => None,
        };
        if let Some(place) = &place
            && !self.roots().iter().any(|root| root.name == *place)
        {
            return Err(Error::NoPlace { place: place.clone() });
        }
        self.shelf.records.change(media_id, |record| {
            record.pinned = change.pinned.unwrap_or(record.pinned);
            record.kept = change.keep.unwrap_or(record.kept);
            if let Some(place) = &place {
                record.place = Some(place.clone()).filter(|place| place != LIBRARY);
            }
        })?;
        if change.keep.is_some() {
            lock(&self.shelf.troubles).remove(media_id);
            self.shelf.wanted.notify_one();
        }
        if place.is_some() {
            self.place_soon(media_id).await?;
        }
        Ok(())
    }

    /// What was chosen under this media id.
    pub(super) fn known(&self, media_id: &str) -> Result<Playable, Error> {
        let playable = self.chosen.get(media_id)?;
        playable.filter(|playable| !playable.is_own()).ok_or(Error::UnknownMedia)
    }

    fn note_position(&self, media_id: &str, change: &ShelfChange) -> Result<(), Error> {
        let sound = |seconds: &f64| seconds.is_finite() && (0.0..=LONGEST_S).contains(seconds);
        let position = change.position_s.filter(sound);
        let duration = change.duration_s.filter(|seconds| sound(seconds) && *seconds > 0.0);
        self.shelf.records.note(media_id, |record| {
            record.position_s = position.or(record.position_s);
            record.duration_s = duration.or(record.duration_s);
        })?;
        if let (Some(position), Some(duration)) = (position, duration)
            && position / duration >= 0.8
        {
            self.readers.is_nearly_over(media_id);
        }
        Ok(())
    }

    /// Moves whatever is whole and lies elsewhere than it shall. Says whether anything was moved, or may
    /// have been.
    pub(super) async fn place_all(&self, Lie { roots, titles, .. }: &Lie) -> bool {
        let mut any = false;
        for title in titles.iter().filter(|title| way(title, roots).is_some()) {
            match self.place(&title.media_id).await {
                Ok(moved) => any |= moved,
                // Refused before anything was done.
                Err(error @ Error::PlaceAway { .. }) => not_yet(&error),
                Err(error) => {
                    any = true;
                    not_yet(&error);
                }
            }
        }
        any
    }

    /// Moves a title, and waits a moment for it: to another disk it takes minutes, and goes on
    /// behind the answer.
    async fn place_soon(self: &Arc<Self>, media_id: &str) -> Result<(), Error> {
        let (playback, media_id) = (Arc::clone(self), media_id.to_owned());
        let placing = self.parts.tasks.spawn(async move { playback.place(&media_id).await });
        match tokio::time::timeout(ANSWERED, placing).await {
            Ok(Ok(placed)) => placed.map(drop),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Moves a title to where it shall lie, if it is whole, lies elsewhere, and nobody reads it; says
    /// whether it was begun with.
    async fn place(&self, media_id: &str) -> Result<bool, Error> {
        let _alone = self.shelf.placing.lock().await;
        let roots = self.roots();
        let (titles, at) = self.with_siblings(media_id, &roots)?;
        let title = &titles[at];
        let Some((from, to)) = way(title, &roots) else { return Ok(false) };
        let disk = |error: std::io::Error| Error::Disk { why: error.kind().to_string() };
        self.make_permanent_folder(&to).map_err(disk)?;
        if !to.parent().and_then(Path::parent).is_some_and(Path::is_dir) {
            return Err(Error::PlaceAway { place: title.record.place.clone().unwrap_or_default() });
        }
        if self.readers.of(media_id) > 0 {
            return Ok(false);
        }
        // Its bytes may have to be copied, which takes minutes, and holds up nobody.
        let (from_too, to_too) = (from.clone(), to.clone());
        let prepared =
            tokio::task::spawn_blocking(move || library::prepare_move(&from_too, &to_too));
        prepared.await.map_err(|error| disk(std::io::Error::other(error)))?.map_err(disk)?;
        self.finish_move(media_id, from, to).await?;
        Ok(true)
    }

    /// Only in the library, which is there while its disk is. A place of the owner's is not made: it
    /// may be on a disk that is away.
    fn make_permanent_folder(&self, to: &Path) -> std::io::Result<()> {
        let folders = self.parts.shelf.place.folders();
        let root = to.parent().and_then(Path::parent);
        match root.filter(|root| folders.iter().any(|folder| *root == folder.join(PERMANENT))) {
            Some(root) => std::fs::create_dir_all(root),
            None => Ok(()),
        }
    }

    async fn finish_move(&self, media_id: &str, from: PathBuf, to: PathBuf) -> Result<(), Error> {
        let _alone = self.shelf.changing.lock().await;
        let roots = self.roots();
        let (titles, at) = self.with_siblings(media_id, &roots)?;
        let title = &titles[at];
        if way(title, &roots) != Some((from.clone(), to.clone())) {
            return Ok(());
        }
        let hash = title.playable.info_hash;
        self.note_begun(&to)?;
        let moving = Some((from.clone(), to.clone()));
        self.shelf.records.change(media_id, |record| record.moving = moving)?;
        match self.let_go(title, &titles).await {
            // Somebody came in between: it is moved once they have gone.
            Err(Error::Watched { .. }) => {}
            let_go => {
                let_go?;
                let moved = durably(|| library::finish_move(&from, &to));
                if let Err(error) = moved {
                    // It was noted as not whole: where it is whole now is noted first.
                    self.settle_move(media_id, &from, &to)?;
                    return Err(Error::Disk { why: error.kind().to_string() });
                }
                tracing::info!(info_hash = %hash, "a title was moved");
            }
        }
        let left = roots.iter().find(|root| from.starts_with(root.folder_of(&hash)));
        if let Some(root) = left {
            self.forget_begun(&hash, root);
        }
        self.settle_move(media_id, &from, &to)
    }

    /// Notes where the file is now, whatever became of the move.
    fn settle_move(&self, media_id: &str, from: &Path, to: &Path) -> Result<(), Error> {
        let disk = |error: std::io::Error| Error::Disk { why: error.kind().to_string() };
        let at = durably(|| library::recover(from, to)).map_err(disk)?;
        self.note_place(media_id, Some(&at).filter(|at| at.is_file()).map(PathBuf::as_path))?;
        lock(&self.sessions).remove(media_id);
        self.shelf.records.change(media_id, |record| {
            record.moving = None;
            record.in_pieces = None;
        })?;
        Ok(())
    }

    /// Ends what a power cut has left.
    pub(super) fn recover_moves(&self) {
        let Ok(ids) = self.shelf.records.ids() else { return };
        for media_id in ids {
            let Ok(record) = self.shelf.records.of(&media_id) else { continue };
            let Some((from, to)) = record.moving else { continue };
            // On a disk that is away nothing can be said.
            if !from.is_file() && !to.is_file() {
                continue;
            }
            if let Err(error) = self.settle_move(&media_id, &from, &to) {
                tracing::warn!(%error, "a move that was broken off could not be ended");
            }
        }
    }
}

fn not_yet(error: &Error) {
    tracing::info!(%error, "a title could not be moved yet");
}

/// From where to where it is to be moved, if it is whole and lies elsewhere than it shall.
fn way(title: &Title, roots: &[Root]) -> Option<(PathBuf, PathBuf)> {
    let place = title.record.place.as_deref().unwrap_or(LIBRARY);
    let (root, file) = title.whole()?;
    if roots[*root].name == place {
        return None;
    }
    let to = roots.iter().find(|root| root.name == place)?;
    Some((file.path.clone(), to.folder_of(&file.info_hash).join(file.path.file_name()?)))
}
