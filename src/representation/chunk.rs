//! Memory for bytes on their way from the disk or the swarm to a socket.
//!
//! Each reader would make a buffer of its own for every read, and let it go again: with a houseful of
//! readers the allocator then holds several for each of them, and more with every hour. These go from
//! reader to reader instead, so that there are as many as are on their way at one time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Bytes of one read. With 64 KiB, 256 KiB and 1 MiB and 1, 8 and 64 clients the processor's time a byte
/// was alike within the noise; so few, since a reader whose player is slow holds one or two of them.
pub const CHUNK_BYTES: usize = 128 << 10;

/// Free ones that are kept, 4 MiB in all.
const MOST_FREE: usize = 32;

/// Fewer bytes than this are copied out, so that they do not hold a whole chunk.
const FEW: usize = 16 << 10;

static FREE: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<Box<[u8]>>> {
    // A buffer is put in or taken out whole.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room for [`CHUNK_BYTES`]. What is in it before it is filled is anything.
#[derive(Debug)]
pub struct Chunk(Box<[u8]>);

impl Chunk {
    /// One that is free, or a new one.
    #[must_use]
    pub fn take() -> Self {
        let freed = free().pop();
        Self(freed.unwrap_or_else(|| vec![0; CHUNK_BYTES].into()))
    }

    /// The first `len` bytes, at most a chunk, to read into.
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        let len = len.min(self.0.len());
        &mut self.0[..len]
    }

    /// Its first `len` bytes, to be passed on: when all of them are let go, it is free again.
    #[must_use]
    pub fn filled(self, len: usize) -> Bytes {
        let len = len.min(self.0.len());
        if len < FEW {
            return Bytes::copy_from_slice(&self.0[..len]);
        }
        Bytes::from_owner(Filled { chunk: self, len })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut free = free();
        if free.len() < MOST_FREE {
            free.push(std::mem::take(&mut self.0));
        }
    }
}

struct Filled {
    chunk: Chunk,
    len: usize,
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.chunk.0[..self.len]
    }
}
