//! Many names at once: what was read before is remembered, the rest is read on all cores.
//!
//! A search lists thousands of names, and the next search of the evening lists many of them again.
//! The same name gives the same release, so nothing here shows but the time it takes.

use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::Release;

/// Names in a generation: more than one search lists. Two are kept: some 12 MB when both are full.
const GENERATION: usize = 6000;
/// Fewer unknown names than this are read by the thread that asks.
const WORTH_A_THREAD: usize = 48;
/// More threads would gain little on a board and cost memory: each keeps its own automata.
const MOST_THREADS: usize = 4;
/// Names that a thread takes at a time.
const PORTION: usize = 16;

static MEMORY: LazyLock<Mutex<Memory>> = LazyLock::new(Mutex::default);

/// Two generations: what is asked for again moves into the young one; when that is full it becomes
/// the old one, and what nobody has asked for since is forgotten.
#[derive(Default)]
struct Memory {
    young: HashMap<Box<str>, Arc<Release>>,
    old: HashMap<Box<str>, Arc<Release>>,
}

impl Memory {
    fn get(&mut self, name: &str) -> Option<Arc<Release>> {
        if let Some(known) = self.young.get(name) {
            return Some(Arc::clone(known));
        }
        let (name, known) = self.old.remove_entry(name)?;
        self.put(name, &known);
        Some(known)
    }

    fn put(&mut self, name: Box<str>, release: &Arc<Release>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, Arc::clone(release));
    }
}

fn memory() -> std::sync::MutexGuard<'static, Memory> {
    // An entry is put in whole: after a panic elsewhere it is still sound.
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads `names`; one release each, in their order. Blocks for some tens of microseconds a name that
/// was not read before, divided by the cores.
#[must_use]
pub fn parse_all(names: &[&str]) -> Vec<Arc<Release>> {
    let mut known: Vec<Option<Arc<Release>>> = {
        let mut memory = memory();
        names.iter().map(|name| memory.get(name)).collect()
    };
    let mut seen = HashSet::new();
    let unknown = names.iter().zip(&known).filter(|(_, known)| known.is_none());
    let unknown: Vec<&str> = unknown.map(|(name, _)| *name).filter(|n| seen.insert(*n)).collect();
    if !unknown.is_empty() {
        let read: HashMap<&str, Arc<Release>> = read_all(&unknown);
        for (name, place) in names.iter().zip(&mut known).filter(|(_, place)| place.is_none()) {
            *place = read.get(name).cloned();
        }
        let mut memory = memory();
        for (name, release) in &read {
            memory.put((*name).into(), release);
        }
    }
    known.into_iter().map(Option::unwrap_or_default).collect()
}

/// Reads `names`, so that [`parse_all`] need not. In portions, that those who do the same on another
/// thread find what is common to both already read; nine indexes list many torrents twice.
pub fn read_ahead(names: &[&str]) {
    for portion in names.chunks(PORTION) {
        let _ = parse_all(portion);
    }
}

fn read_all<'a>(names: &[&'a str]) -> HashMap<&'a str, Arc<Release>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MOST_THREADS).min(names.len() / WORTH_A_THREAD + 1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut read = Vec::new();
        loop {
            let from = next.fetch_add(PORTION, Ordering::Relaxed);
            if from >= names.len() {
                return read;
            }
            let portion = &names[from..names.len().min(from + PORTION)];
            read.extend(portion.iter().map(|name| (*name, Arc::new(super::parse(name)))));
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut read: HashMap<_, _> = work().into_iter().collect();
        // Reading does not panic; if a thread does, its names are read as saying nothing.
        read.extend(others.into_iter().filter_map(|other| other.join().ok()).flatten());
        read
    })
}

/// Names of every kind, none a real one's: each makes the grammar compile rules that it compiles
/// when they are first needed, some 200 ms in all.
const EXERCISES: &[&str] = &[
    "A.Film.2020.1080p.BluRay.REMUX.DTS-HD.MA.7.1.TrueHD.Atmos.HDR10.DV.x264-GROUP.mkv",
    "A.Show.S01E02.2160p.WEB-DL.DDP5.1.AAC2.0.10bit.HEVC.H.265-GROUP[site].mkv",
    "A Show Season 1-3 Complete 720p HDTV x265 [Dual Audio] [English Subs] Batch",
    "[Group] A Show - 05v2 (1920x1080 Hi10P FLAC) [0A1B2C3D].mkv",
    "[Group] A Show (01-26) [BD 1080p][Multi-Subs] + OVA + Specials",
    "A.Show.1x03.Name.XviD.MP3.FRENCH.GERMAN.iTALiAN.SPANISH.DVDRip.avi",
    "\u{413}\u{43e}\u{440}\u{43e}\u{434} / A City [S01] (2019) WEB-DLRip \u{441}\u{435}\u{437}\u{43e}\u{43d} 1",
    "\u{300c}A\u{300d} \u{7b2c}05\u{8a71} EP05 VOSTFR MULTi (1280x720)",
    "A.Daily.Show.2024.03.12.Part.2.Extended.Uncut.PROPER.REPACK.HC.HDCAM.TS.1080p",
    "A Film (2020) [4K] {EN, ES, DE, IT, FR, PT, RU} Hindi Tamil Telugu 3D HSBS AV1",
];

/// Compiles what is compiled when it is first needed, so that the first search need not. Takes a
/// fraction of a second: off the runtime's threads.
pub fn warm_up() {
    super::grammar::warm_up();
    for name in EXERCISES {
        let _ = super::parse(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_read_as_each_by_itself_and_in_order() {
        let names: Vec<String> =
            (0..400).map(|n| format!("Film {} 2019 {}p.mkv", n % 150, 720 + n % 2)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for _ in 0..2 {
            let all = parse_all(&names);
            assert_eq!(all.len(), names.len());
            for (name, release) in names.iter().zip(&all) {
                assert_eq!(**release, super::super::parse(name), "{name}");
            }
        }
        assert!(parse_all(&[]).is_empty());
    }

    #[test]
    fn the_memory_stays_within_two_generations() {
        let mut memory = Memory::default();
        let release = Arc::new(Release::default());
        memory.put("kept".into(), &release);
        for n in 0..3 * GENERATION {
            memory.put(n.to_string().into(), &release);
            assert!(memory.get("kept").is_some(), "asked for again and again");
        }
        assert!(memory.young.len() <= GENERATION && memory.old.len() <= GENERATION);
        assert!(memory.get("0").is_none());
    }
}
