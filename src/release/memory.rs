//! What was read before.
//!
//! A search lists thousands of names, and the next search of the evening lists many of them again.
//! The same name gives the same release, so nothing here shows but the time it takes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::{Release, readers};

/// Names in a generation: more than one search lists. Two are kept: some 12 MB when both are full.
const GENERATION: usize = 6000;

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

pub(super) fn recall(name: &str) -> Option<Arc<Release>> {
    memory().get(name)
}

pub(super) fn remember(name: &str, release: &Arc<Release>) {
    memory().put(name.into(), release);
}

/// Reads `names`; one release each, in their order. Blocks for some tens of microseconds a name that
/// was not read before.
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
        let read = readers::read(unknown.iter().map(|name| (*name).into()).collect());
        let read: HashMap<&str, Arc<Release>> = unknown.into_iter().zip(read).collect();
        for (name, place) in names.iter().zip(&mut known).filter(|(_, place)| place.is_none()) {
            *place = read.get(name).cloned();
        }
    }
    known.into_iter().map(Option::unwrap_or_default).collect()
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
                assert_eq!(**release, super::super::read_name(name), "{name}");
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
