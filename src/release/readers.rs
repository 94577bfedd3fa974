//! The threads that read names: always the same few.
//!
//! Each of the grammar's patterns keeps an automaton for every thread that has used it, built as it
//! goes, some 10 MB in all. Threads that come and go (those of a scope, or the runtime's for what
//! blocks) would each build their own: nine indexes that answered at once took four times the
//! processor's time, and 60 MB instead of 30. Two are enough, also where there are more cores: the
//! others have a film to send.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use super::Release;
use super::memory::{recall, remember};

const MOST_READERS: usize = 2;
/// Names that a reader takes at a time; after them it is another batch's turn.
const PORTION: usize = 16;

static READERS: LazyLock<Arc<Readers>> = LazyLock::new(Readers::start);

/// The readers, and what they have to do.
#[derive(Default)]
struct Readers {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

/// What waits to be read.
#[derive(Default)]
struct Waiting {
    batches: VecDeque<Arc<Batch>>,
    /// How many searches wait for names.
    expected: usize,
    /// Whether there is time to learn what ordinary names need.
    settled: bool,
}

/// What a reader is to do next.
enum Task {
    /// A portion of the names that somebody waits for, from this one on.
    Read(Arc<Batch>, usize),
    /// To read a name that nobody waits for, and learn by it.
    Learn(String),
}

/// Names that somebody waits for.
struct Batch {
    names: Vec<Box<str>>,
    progress: Mutex<Progress>,
    done: Condvar,
}

struct Progress {
    /// The first that nobody has taken.
    next: usize,
    /// How many are not read yet.
    left: usize,
    read: Vec<Option<Arc<Release>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads `names`, and remembers them; one release each, in their order. Blocks meanwhile.
pub(super) fn read(names: Vec<Box<str>>) -> Vec<Arc<Release>> {
    if names.is_empty() {
        return Vec::new();
    }
    let batch = READERS.put(names);
    let waiting = batch.done.wait_while(lock(&batch.progress), |progress| progress.left > 0);
    let mut progress = waiting.unwrap_or_else(PoisonError::into_inner);
    let read = std::mem::take(&mut progress.read);
    read.into_iter().map(Option::unwrap_or_default).collect()
}

impl Readers {
    fn start() -> Arc<Self> {
        let readers = Arc::<Self>::default();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        for place in 0..cores.min(MOST_READERS) {
            let readers = Arc::clone(&readers);
            let work = move || {
                // The other one begins meanwhile, and compiles what its names need.
                if place == 0 {
                    super::grammar::warm_up();
                }
                readers.work(Lessons::of(place));
            };
            // They end with the process: there is nothing that they could leave undone.
            let thread = std::thread::Builder::new().name("names".to_owned()).spawn(work);
            thread.expect("a process that may have no thread of its own cannot serve");
        }
        readers
    }

    fn put(&self, names: Vec<Box<str>>) -> Arc<Batch> {
        let progress = Progress { next: 0, left: names.len(), read: vec![None; names.len()] };
        let batch = Arc::new(Batch { names, progress: Mutex::new(progress), done: Condvar::new() });
        lock(&self.waiting).batches.push_back(Arc::clone(&batch));
        self.more.notify_all();
        batch
    }

    fn work(&self, mut lessons: Lessons) {
        loop {
            let (batch, from) = match self.take(&mut lessons) {
                Task::Read(batch, from) => (batch, from),
                Task::Learn(name) => {
                    let _ = catch_unwind(AssertUnwindSafe(|| super::read_name(&name)));
                    continue;
                }
            };
            let to = batch.names.len().min(from + PORTION);
            let read: Vec<_> = batch.names[from..to].iter().map(|name| read_one(name)).collect();
            let mut progress = lock(&batch.progress);
            progress.left -= read.len();
            for (place, release) in progress.read[from..to].iter_mut().zip(read) {
                *place = Some(release);
            }
            if progress.left == 0 {
                batch.done.notify_all();
            }
        }
    }

    /// The next portion of the batch whose turn it is; where nobody waits, the next lesson.
    fn take(&self, lessons: &mut Lessons) -> Task {
        let mut waiting = lock(&self.waiting);
        let batch = loop {
            if let Some(batch) = waiting.batches.pop_front() {
                break batch;
            }
            if let Some(name) = lessons.next(&waiting) {
                return Task::Learn(name);
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        };
        let from = {
            let mut progress = lock(&batch.progress);
            progress.next += PORTION;
            progress.next - PORTION
        };
        if from + PORTION < batch.names.len() {
            waiting.batches.push_back(Arc::clone(&batch));
        }
        Task::Read(batch, from)
    }
}

/// Another batch may have held it too: nine indexes list many torrents twice.
fn read_one(name: &str) -> Arc<Release> {
    if let Some(known) = recall(name) {
        return known;
    }
    let read = catch_unwind(AssertUnwindSafe(|| super::read_name(name)));
    // Reading does not panic; if it does, this name says nothing and the others are read.
    let release = Arc::new(read.unwrap_or_default());
    remember(name, &release);
    release
}

/// Has the readers make what ordinary names need, so that nobody need wait for it: a fifth of a
/// second of work. Returns at once. For when nobody wants the processor: not in the midst of a start.
pub fn warm_up() {
    lock(&READERS.waiting).settled = true;
    READERS.more.notify_all();
}

/// Names that will come soon, as long as it lives.
#[must_use]
pub struct Expected(());

/// Tells the readers that names will come soon, of which one in thirty needs the whole grammar: both
/// learn it now. Returns at once.
///
/// To be told when a search begins, and not sooner: the indexes take longer to answer than the readers
/// to learn, so that nobody waits for it, and it takes 10 MB, of which a box with 1 GB that nobody uses
/// has a better use. And not for longer than the search: who has its answer plays something, and on
/// two cores the lessons would take both.
pub fn expect_names() -> Expected {
    lock(&READERS.waiting).expected += 1;
    READERS.more.notify_all();
    Expected(())
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut waiting = lock(&READERS.waiting);
        waiting.expected = waiting.expected.saturating_sub(1);
    }
}

/// Names that a reader reads while nobody waits: the automata of its thread grow with each.
struct Lessons {
    /// For the rules that most names need.
    ordinary: Vec<String>,
    /// For the whole grammar, only when names are expected.
    whole: Vec<String>,
}

impl Lessons {
    /// For the reader of this place. One learns the whole grammar from its beginning and one from its
    /// end: a rule is compiled once for both, and neither is to wait for the other.
    fn of(place: usize) -> Self {
        let names = |round: usize| {
            let rows = EXERCISES.iter().enumerate();
            rows.map(move |(row, rest)| rest.replace("A.Title", &title(round * 31 + row)))
        };
        let ordinary = (0..ROUNDS).rev().flat_map(names);
        let ordinary = ordinary.filter(|name| super::grammar::is_ordinary(name)).collect();
        let mut whole: Vec<String> = names(ROUNDS).collect();
        if place > 0 {
            whole.reverse();
        }
        Self { ordinary, whole }
    }

    fn next(&mut self, waiting: &Waiting) -> Option<String> {
        let expected = waiting.expected > 0;
        let ordinary = if expected || waiting.settled { self.ordinary.pop() } else { None };
        ordinary.or_else(|| if expected { self.whole.pop() } else { None })
    }
}

/// How often the exercises are read, each time under another title: a tenth of a second in all.
const ROUNDS: usize = 30;

/// A title that is none, with letters and numbers of every kind.
fn title(seed: usize) -> String {
    const SYLLABLES: [&str; 23] = [
        "ba", "che", "di", "for", "gu", "ha", "in", "jo", "kel", "lu", "ma", "ne", "of", "po",
        "qui", "ren", "sta", "the", "un", "vex", "wo", "yl", "za",
    ];
    let syllable = |n: usize| SYLLABLES[(seed * 7 + n * n * 5 + n) % SYLLABLES.len()];
    let words = (0..4).map(|word| {
        let first = syllable(word * 3);
        format!(
            "{}{}{}{}",
            first[..1].to_uppercase(),
            &first[1..],
            syllable(word * 3 + 1),
            syllable(word * 3 + 2)
        )
    });
    words.chain([(seed * 37 % 2100).to_string()]).collect::<Vec<_>>().join(".")
}

/// Names of every kind, none a real one's.
const EXERCISES: &[&str] = &[
    "A.Title.2020.1080p.BluRay.REMUX.DTS-HD.MA.7.1.TrueHD.Atmos.HDR10.DV.x264-GROUP.mkv",
    "A.Title.2019.2160p.UHD.BluRay.x265.10bit.HDR10+.DDP5.1-GROUP",
    "A.Title.S01E02.2160p.WEB-DL.DDP5.1.AAC2.0.10bit.HEVC.H.265-GROUP[site].mkv",
    "A.Title.S03E17.Name.of.It.REPACK.1080p.AMZN.WEB-DL.DDP5.1.H.264-Group.mkv",
    "A.Title S01-S04 Season 1-3 Complete 720p HDTV x265 [Dual Audio] [English Subs] Batch",
    "[Group] A.Title - 05v2 (1920x1080 Hi10P FLAC) [0A1B2C3D].mkv",
    "[Group] A.Title (01-26) [BD 1080p][Multi-Subs] + OVA + Specials",
    "[Group] A.Title S2 - 118 [WEB 720p HEVC AAC].mkv",
    "A.Title.1x03.Name.XviD.MP3.FRENCH.GERMAN.iTALiAN.SPANISH.DVDRip.avi",
    "www.site.org - A.Title.2021.HDRip.x264.MULTi-Group.mp4",
    "A.Title (2018-2021) 2nd Season E01-E10 (480p AC3 5.1 x264)",
    "\u{413}\u{43e}\u{440}\u{43e}\u{434} / A.Title [S01] (2019) WEB-DLRip \u{441}\u{435}\u{437}\u{43e}\u{43d} 1",
    "\u{300c}A.Title\u{300d} \u{7b2c}05\u{8a71} EP05 VOSTFR MULTi (1280x720)",
    "A.Title.2024.03.12.Part.2.Extended.Uncut.PROPER.REPACK.HC.HDCAM.TS.1080p",
    "A.Title.The.Movie.2019.Directors.Cut.REMASTERED.UNRATED.2160p.UHD.BDRip.Opus.2.0.NORDiC.ITA.ENG-GROUP",
    "A.Title.Seasons.1-4.COMPLETE.KORSUB.DUTCH.SWEDISH.PORTUGUESE.TURKISH.POLISH.CZECH.480p.HMAX.WEBRip.EAC3",
    "A.Title (2018) Season 2 Complete + Extras 576p PAL DVD9 HINDI ENG ESUB | Dual Audio",
    "[Group] A.Title - Episode 7 (WEB 1080p Hi10P E-AC-3) [Multiple Subtitle] [Uncensored]",
    "[Group] A.Title [01~13] [BDRip][1920x1080][x265][FLAC] [Batch] | Complete",
    "A.Title.S02.E03.Name.of.the.Place.SPANISH.LATINO.PL.RUS.UKR.NF.WEB.AV1.TrueHD.7.1.mp4",
    "A.Title (2020) [4K] {EN, ES, DE, IT, FR, PT, RU} Hindi Tamil Telugu 3D HSBS AV1",
];

#[cfg(test)]
#[path = "readers_tests.rs"]
mod tests;
