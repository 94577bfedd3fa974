//! A film from peers on a disk that is full: it plays on in the room behind its readers. What they have
//! read is given up (a hole is punched in the sparse file), so that what comes next has room.
//!
//! The engine knows nothing of it, and goes on believing that it has what was given up. So (1) a read of
//! it is an error here, never zeros; (2) such a file never counts as whole; (3) whoever wants it again has
//! the torrent taken out of the engine and added anew, which hashes what lies on the disk
//! ([`Torrents::renew`](super::torrents::Torrents::renew)). From the first hole on the engine is to
//! fetch only what readers come to next, or the disk would be full again at once.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};
use tokio::sync::watch;
use tokio::time::Instant;

/// What is given up at a time: of a film of 20 GB some twenty thousand.
const BLOCK: u64 = 1 << 20;
/// So many are given up before the write is tried again.
const AT_ONCE: usize = 8;
/// What the engine fetches for a reader, and some more: what lies there stays.
const AHEAD: u64 = 40 << 20;
/// The head, which players come back to: given up last.
const HEAD: u64 = 4 << 20;
/// What was written so lately may belong to a piece that was not hashed yet.
const SETTLES: Duration = Duration::from_secs(10);

/// What one torrent has given up, and where its readers are.
#[derive(Debug, Default)]
pub(super) struct Ring {
    state: Mutex<State>,
    /// Whether anything was given up.
    pub(super) is_narrow: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Where readers are: the file, and the next byte.
    readers: HashMap<u64, (usize, u64)>,
    files: HashMap<usize, Blocks>,
}

/// The blocks of one file, by their number.
#[derive(Debug, Default)]
struct Blocks {
    /// A reader has been through them, so that their pieces are whole.
    read: HashSet<u64>,
    written: HashMap<u64, Instant>,
    /// What was given up, and which bytes of it were written again since: in order, none touching
    /// the next.
    gone: HashMap<u64, Vec<Range<u64>>>,
}

impl Blocks {
    fn is_gone(&self, range: &Range<u64>) -> bool {
        blocks(range).any(|block| {
            let part = within(range, block);
            let covers = |again: &Range<u64>| again.start <= part.start && part.end <= again.end;
            self.gone.get(&block).is_some_and(|again| !again.iter().any(covers))
        })
    }

    fn is_here_again(&mut self, range: &Range<u64>) {
        for block in blocks(range) {
            let Some(again) = self.gone.get_mut(&block) else { continue };
            again.push(within(range, block));
            again.sort_unstable_by_key(|part| part.start);
            let mut joined: Vec<Range<u64>> = Vec::new();
            for part in again.drain(..) {
                match joined.last_mut().filter(|last| part.start <= last.end) {
                    Some(last) => last.end = last.end.max(part.end),
                    None => joined.push(part),
                }
            }
            *again = joined;
        }
    }

    fn bytes_gone(&self) -> u64 {
        let again = self.gone.values().flatten().map(|part| part.end - part.start).sum();
        (self.gone.len() as u64 * BLOCK).saturating_sub(again)
    }
}

/// What of a range lies in a block.
fn within(range: &Range<u64>, block: u64) -> Range<u64> {
    range.start.max(block * BLOCK)..range.end.min((block + 1) * BLOCK)
}

fn blocks(range: &Range<u64>) -> Range<u64> {
    range.start / BLOCK..range.end.div_ceil(BLOCK)
}

impl Ring {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader of a file begins at this byte; its number.
    pub(super) fn begins(&self, file: usize, at: u64) -> u64 {
        let mut state = self.state();
        state.next += 1;
        let number = state.next;
        state.readers.insert(number, (file, at));
        number
    }

    /// It has come to this byte.
    pub(super) fn comes_to(&self, reader: u64, to: u64) {
        let mut state = self.state();
        let Some((file, at)) = state.readers.get_mut(&reader) else { return };
        let (file, from) = (*file, std::mem::replace(at, to));
        // Only those that end before it: of the one that it stands in, the rest is to come.
        let passed = from / BLOCK..to / BLOCK;
        state.files.entry(file).or_default().read.extend(passed);
    }

    pub(super) fn ends(&self, reader: u64) {
        self.state().readers.remove(&reader);
    }

    /// Bytes of a file came in.
    pub(super) fn wrote(&self, file: usize, range: &Range<u64>) {
        let now = Instant::now();
        let mut state = self.state();
        let known = state.files.entry(file).or_default();
        known.written.extend(blocks(range).map(|block| (block, now)));
        if known.written.len() > 256 {
            known.written.retain(|_, at| at.elapsed() < SETTLES);
        }
    }

    /// Whether any of it was given up.
    pub(super) fn is_gone(&self, file: usize, range: &Range<u64>) -> bool {
        if !*self.is_narrow.borrow() {
            return false;
        }
        self.state().files.get(&file).is_some_and(|known| known.is_gone(range))
    }

    /// Bytes of a file were written. The engine fetches a piece that it never had, or has lost, into
    /// what was given up, and must be able to hash it there: else it would blame its peers, one after
    /// the other, and the reader would wait for ever.
    pub(super) fn is_here_again(&self, file: usize, range: &Range<u64>) {
        let is_narrow = *self.is_narrow.borrow();
        if is_narrow && let Some(known) = self.state().files.get_mut(&file) {
            known.is_here_again(range);
        }
    }

    /// How many bytes of a file were given up.
    pub(super) fn bytes_gone(&self, file: usize) -> u64 {
        self.state().files.get(&file).map_or(0, Blocks::bytes_gone)
    }

    /// Makes some room by giving up what readers of this file need least; whether it could.
    pub(super) fn make_room(&self, file: usize, data: &File) -> io::Result<bool> {
        let len = data.metadata()?.len();
        let mut state = self.state();
        let chosen = state.needed_least(file, len);
        if !chosen.is_empty() {
            self.is_narrow.send_if_modified(|narrow| !std::mem::replace(narrow, true));
        }
        for block in &chosen {
            let at = block * BLOCK;
            let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            // Noted first: no reader may see the zeros.
            state.files.entry(file).or_default().gone.insert(*block, Vec::new());
            fallocate(data, how, at, BLOCK.min(len - at))?;
        }
        Ok(!chosen.is_empty())
    }
}

impl State {
    /// The blocks of a file of `len` bytes that may be given up first: what was read, the oldest part
    /// first; then what is far ahead, from the end; then the head. What a reader comes to next stays.
    fn needed_least(&self, file: usize, len: u64) -> Vec<u64> {
        let readers: Vec<u64> =
            self.readers.values().filter(|one| one.0 == file).map(|one| one.1).collect();
        let Some(known) = self.files.get(&file) else { return Vec::new() };
        // A film that nobody reads has no part that is needed less.
        if readers.is_empty() {
            return Vec::new();
        }
        let is_next = |block: u64| {
            let (from, to) = (block * BLOCK, (block + 1) * BLOCK);
            readers.iter().any(|at| to > *at && from < at + AHEAD)
        };
        let is_new =
            |block: &u64| known.written.get(block).is_some_and(|at| at.elapsed() < SETTLES);
        let head = HEAD / BLOCK;
        let all = 0..len.div_ceil(BLOCK);
        let read = (head..all.end).filter(|block| known.read.contains(block));
        let ahead = (head..all.end).rev();
        let ahead = ahead.filter(|block| !known.read.contains(block) && !is_new(block));
        let head = (0..head.min(all.end)).filter(|block| known.read.contains(block));
        let is_here = |block: &u64| known.gone.get(block).is_none_or(|again| !again.is_empty());
        read.chain(ahead)
            .chain(head)
            .filter(|block| is_here(block) && !is_next(*block))
            .take(AT_ONCE)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_read_goes_first_and_what_comes_next_stays() {
        let file = tempfile::tempfile().unwrap();
        let len = 100 * BLOCK + 5;
        file.set_len(len).unwrap();
        file.write_all_at(&vec![7; 20 << 20], 0).unwrap();
        let ring = Ring::default();
        assert!(!ring.make_room(0, &file).unwrap(), "nobody reads it");
        ring.wrote(0, &(0..20 * BLOCK));
        let reader = ring.begins(0, 0);
        ring.comes_to(reader, 15 * BLOCK + 7);
        let before = file.metadata().unwrap().blocks();
        assert!(ring.make_room(0, &file).unwrap());
        assert!(*ring.is_narrow.borrow());
        assert!(file.metadata().unwrap().blocks() < before);
        assert!(ring.is_gone(0, &(HEAD..HEAD + 1)), "behind the reader");
        assert!(!ring.is_gone(0, &(0..HEAD)) && !ring.is_gone(0, &(15 * BLOCK..55 * BLOCK)));
        assert!(!ring.is_gone(1, &(0..len)), "another file");
        // All that is behind and far ahead, in the end; never what comes next.
        while ring.make_room(0, &file).unwrap() {}
        assert!(ring.is_gone(0, &(0..1)) && ring.is_gone(0, &(len - 1..len)));
        assert!(!ring.is_gone(0, &(15 * BLOCK..55 * BLOCK)));
        ring.ends(reader);
        assert!(!ring.make_room(0, &file).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_given_up_and_comes_again_is_here_again() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(20 * BLOCK).unwrap();
        let ring = Ring::default();
        let reader = ring.begins(0, 0);
        ring.comes_to(reader, 6 * BLOCK);
        ring.ends(reader);
        ring.begins(0, 6 * BLOCK);
        assert!(ring.make_room(0, &file).unwrap());
        assert_eq!(ring.bytes_gone(0), 6 * BLOCK);
        // Four chunks of a piece over two blocks, in no order.
        let (from, chunk) = (5 * BLOCK - 30_000, 16 << 10);
        for number in [2, 0, 3, 1] {
            assert!(ring.is_gone(0, &(from..from + 4 * chunk)), "not all of it");
            let at = from + number * chunk;
            ring.is_here_again(0, &(at..at + chunk));
        }
        assert!(!ring.is_gone(0, &(from..from + 4 * chunk)));
        assert!(ring.is_gone(0, &(from - 1..from + 1)) && ring.is_gone(0, &(5 * BLOCK..6 * BLOCK)));
        assert_eq!(ring.bytes_gone(0), 6 * BLOCK - 4 * chunk);
        // It may be given up a second time.
        assert!(ring.make_room(0, &file).unwrap());
        assert!(ring.is_gone(0, &(from..from + 4 * chunk)));
        assert!(!ring.make_room(0, &file).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_just_coming_in_far_from_every_reader_is_left_until_it_was_hashed() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(100 * BLOCK).unwrap();
        let ring = Ring::default();
        let reader = ring.begins(0, 0);
        ring.comes_to(reader, 1);
        ring.wrote(0, &(95 * BLOCK..100 * BLOCK));
        assert!(ring.make_room(0, &file).unwrap());
        assert!(
            !ring.is_gone(0, &(95 * BLOCK..100 * BLOCK))
                && ring.is_gone(0, &(94 * BLOCK..95 * BLOCK))
        );
        tokio::time::advance(SETTLES * 2).await;
        assert!(ring.make_room(0, &file).unwrap());
        assert!(ring.is_gone(0, &(99 * BLOCK..100 * BLOCK)));
    }
}
