//! The shelf as lists need it: kept in memory, so that a page of ten thousand titles neither walks
//! the disks nor reads the state.
//!
//! Whatever changes a title touches it here, and that title alone is looked at again before the next
//! list. What nobody told of (a disk that was pulled, files of a begun film) comes with the walk that
//! tends the shelf every half minute.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::row::Row;
use crate::playback::lying::{Title, files_of_torrent};
use crate::playback::{Error, Playback, lock};

/// How often films that are open are looked at for their first file on the disk.
const LOOKED: Duration = Duration::from_secs(2);
/// How often they are while nobody asks for a list, so that who follows its version hears of them.
const FOLLOWED: Duration = Duration::from_secs(10);

type Rows = Vec<Arc<Row>>;

/// The shelf's lists at one moment.
#[derive(Debug, Default)]
pub(super) struct Listing {
    rows: HashMap<String, Arc<Row>>,
    pub(super) begun: Rows,
    pub(super) films: Rows,
    /// Episodes by their series.
    pub(super) series: BTreeMap<String, Rows>,
    /// What a program added by its hash: nobody said which title it is.
    pub(super) others: Rows,
    pub(super) coming: Rows,
    pub(super) pinned: Rows,
}

impl Listing {
    fn of(rows: HashMap<String, Arc<Row>>) -> Self {
        let mut all: Rows = rows.values().cloned().collect();
        all.sort_unstable_by(|a, b| a.order.cmp(&b.order));
        let some = |shown: &dyn Fn(&Row) -> bool| -> Rows {
            all.iter().filter(|row| shown(row)).cloned().collect()
        };
        let mut begun = some(&Row::is_begun);
        // The one that was watched last first; of those with no date the order stays.
        begun.sort_by_key(|row| std::cmp::Reverse(row.last_watched));
        let film = |row: &Row| row.id.is_some_and(|id| id.episode().is_none());
        let mut series: BTreeMap<String, Rows> = BTreeMap::new();
        for row in &all {
            if let Some(id) = row.id.filter(|id| row.whole && id.episode().is_some()) {
                series.entry(id.title_text()).or_default().push(Arc::clone(row));
            }
        }
        Self {
            begun,
            films: some(&|row| row.whole && film(row)),
            series,
            others: some(&|row| row.whole && row.id.is_none()),
            coming: some(&|row| !row.whole && row.bytes_on_disk > 0),
            pinned: some(&|row| row.pinned),
            rows,
        }
    }

    /// A title's row.
    pub(super) fn row(&self, media_id: &str) -> Option<&Arc<Row>> {
        self.rows.get(media_id)
    }

    fn mark(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        for rows in [&self.begun, &self.films, &self.others, &self.coming, &self.pinned] {
            for row in rows {
                row.shown(&mut hasher);
            }
            u8::MAX.hash(&mut hasher);
        }
        for row in self.series.values().flatten() {
            row.shown(&mut hasher);
        }
        hasher.finish()
    }
}

/// What is kept of the lists.
pub(in crate::playback) struct Lists {
    kept: Mutex<Option<Arc<Listing>>>,
    touched: Mutex<Touched>,
    /// One at a time makes lists.
    making: Mutex<()>,
    mark: Mutex<Option<u64>>,
    /// Of what is coming, by its media id: whether its title says how far it is.
    marks: Mutex<HashMap<String, bool>>,
    version: watch::Sender<u32>,
    pub(super) told: Notify,
}

#[derive(Default)]
struct Touched {
    titles: HashSet<String>,
    looked: Option<Instant>,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            touched: Mutex::default(),
            making: Mutex::default(),
            mark: Mutex::default(),
            marks: Mutex::default(),
            version: watch::Sender::new(1),
            told: Notify::new(),
        }
    }
}

impl Lists {
    /// Something of this title may have changed.
    pub(in crate::playback) fn touch(&self, media_id: &str) {
        let mut touched = lock(&self.touched);
        touched.titles.insert(media_id.to_owned());
        drop(touched);
        self.told.notify_one();
    }

    /// Touches what a walk over the disks found otherwise than it is listed: `lying` is all that lies
    /// there.
    pub(in crate::playback) fn compare(&self, lying: &[Title]) {
        let Some(kept) = lock(&self.kept).clone() else { return };
        let lie: HashMap<&str, &Title> = lying.iter().map(|one| (&*one.media_id, one)).collect();
        for (media_id, title) in &lie {
            if Row::of(title).as_ref() != kept.row(media_id).map(Arc::as_ref) {
                self.touch(media_id);
            }
        }
        let gone = |row: &&Arc<Row>| row.bytes_on_disk > 0 && !lie.contains_key(&*row.media_id);
        for row in kept.rows.values().filter(gone) {
            self.touch(&row.media_id);
        }
    }

    fn put(&self, listing: Listing) -> Arc<Listing> {
        self.count(listing.mark());
        let listing = Arc::new(listing);
        *lock(&self.kept) = Some(Arc::clone(&listing));
        listing
    }

    /// Counts on where what is listed has changed. The first list is no change.
    fn count(&self, mark: u64) {
        let before = lock(&self.mark).replace(mark);
        if before.is_some_and(|before| before != mark) {
            self.bump();
        }
    }

    /// Counts on where a title has lost its mark, or has it again. One that is new in the list was
    /// counted with it, as marked.
    pub(super) fn marked(&self, marks: HashMap<String, bool>) {
        let mut before = lock(&self.marks);
        let had = |media_id: &String| before.get(media_id).copied().unwrap_or(true);
        let is_changed = marks.iter().any(|(media_id, has)| had(media_id) != *has);
        *before = marks;
        drop(before);
        if is_changed {
            self.bump();
        }
    }

    /// What is listed has changed.
    pub(in crate::playback) fn bump(&self) {
        // UPnP's SystemUpdateID is a ui4; 0 reads as never.
        self.version.send_modify(|version| *version = version.checked_add(1).unwrap_or(1));
    }
}

impl Playback {
    /// Counts on when what the catalogue lists of the shelf changes, a film that is coming can be
    /// opened, or a search is added; not with the clock.
    #[must_use]
    pub fn catalogue_version(&self) -> watch::Receiver<u32> {
        self.lists.version.subscribe()
    }

    /// Makes the lists again soon after something was touched, so that who follows their version
    /// hears of it; to be run until the server stops.
    pub async fn list_always(self: Arc<Self>) {
        /// Touches come in bunches.
        const SETTLES: Duration = Duration::from_millis(300);
        loop {
            match self.listing() {
                Ok(listing) => self.count_marks(&listing).await,
                Err(error) => tracing::warn!(%error, "the shelf could not be listed"),
            }
            self.something_told().await;
            tokio::time::sleep(SETTLES).await;
        }
    }

    /// Until something was touched. While a film may be coming not for long: nobody tells which of its
    /// bytes have come.
    async fn something_told(&self) {
        let told = self.lists.told.notified();
        let coming = !lock(&self.sessions).is_empty() || !lock(&self.shelf.copies).is_empty();
        if coming {
            // Either way it is time to look.
            let _ = timeout(FOLLOWED, told).await;
        } else {
            told.await;
        }
    }

    /// The lists as they are now.
    pub(super) fn listing(&self) -> Result<Arc<Listing>, Error> {
        tokio::task::block_in_place(|| {
            let _alone = lock(&self.lists.making);
            let kept = lock(&self.lists.kept).clone();
            let Some(kept) = kept else {
                let (titles, _) = self.titles(&self.roots())?;
                let rows = titles.iter().filter_map(Row::of);
                let rows = rows.map(|row| (row.media_id.clone(), Arc::new(row))).collect();
                return Ok(self.lists.put(Listing::of(rows)));
            };
            let touched = self.touched_since(&kept);
            if touched.is_empty() {
                return Ok(kept);
            }
            let mut rows = None;
            for media_id in touched {
                let row = self.row_of(&media_id)?.map(Arc::new);
                if row.as_ref() == kept.row(&media_id) {
                    continue;
                }
                let rows = rows.get_or_insert_with(|| kept.rows.clone());
                match row {
                    Some(row) => rows.insert(media_id, row),
                    None => rows.remove(&media_id),
                };
            }
            Ok(rows.map_or(kept, |rows| self.lists.put(Listing::of(rows))))
        })
    }

    /// Touched titles, and from time to time those that are open and not whole: their files come to
    /// the disk when they please.
    fn touched_since(&self, kept: &Listing) -> HashSet<String> {
        let mut touched = lock(&self.lists.touched);
        let mut titles = std::mem::take(&mut touched.titles);
        if touched.looked.is_none_or(|at| at.elapsed() > LOOKED) {
            touched.looked = Some(Instant::now());
            drop(touched);
            let whole = |id: &String| kept.row(id).is_some_and(|row| row.whole);
            let open = lock(&self.sessions);
            titles.extend(open.keys().filter(|id| !whole(id)).cloned());
        }
        titles
    }

    fn row_of(&self, media_id: &str) -> Result<Option<Row>, Error> {
        let playable = self.chosen.get(media_id)?;
        let Some(playable) = playable.filter(|playable| !playable.is_own()) else {
            return Ok(None);
        };
        let files = files_of_torrent(&playable.info_hash, &self.roots());
        let record = self.shelf.records.of(media_id)?;
        let mut title =
            Title { media_id: media_id.to_owned(), playable, record, files: Vec::new() };
        title.take_own(files);
        Ok(Row::of(&title))
    }
}
