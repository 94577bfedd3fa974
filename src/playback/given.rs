//! The last bytes of a film that somebody was given from a store, by which a mirror is known for one of
//! the same film: where nobody has told what the torrent's pieces hash to, as of what a store has, nothing
//! else says so but the file's length.

use std::sync::Mutex;

use bytes::Bytes;

use super::lock;
use crate::mirror::Given;

/// As many as are compared where one mirror is left for another.
const COMPARED: usize = 4096;

#[derive(Default)]
pub(super) struct LastGiven(Mutex<Option<Given>>);

impl LastGiven {
    /// These were passed on, from byte `at`.
    pub(super) fn note(&self, at: u64, bytes: &Bytes) {
        let before = bytes.len().saturating_sub(COMPARED);
        if bytes.is_empty() {
            return;
        }
        // A copy: a part of a chunk would keep the whole of it.
        let bytes = Bytes::copy_from_slice(&bytes[before..]);
        *lock(&self.0) = Some(Given { at: at + before as u64, bytes });
    }

    pub(super) fn last(&self) -> Option<Given> {
        lock(&self.0).clone()
    }
}
