//! Reading a file of the disk for somebody who waits for it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use rustix::io::ReadWriteFlags;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::representation::Chunk;

/// Reads what the file has at `at`: at least a byte, at most `wanted` and a chunk.
///
/// What the page cache has is read where we stand (`RWF_NOWAIT`): it costs a copy and no more. The
/// rest blocks, for milliseconds on a cold disk. Of the ways to do that, measured: inline holds
/// up a worker, `spawn_blocking` costs about 1.8 times the processor time a byte, and
/// `block_in_place` costs a tenth more than inline and hands the worker's other tasks on. It
/// needs the multi-threaded runtime, which `main` has; on another (a test's) the read goes to
/// the blocking pool.
///
/// # Errors
///
/// What the disk says; a file that has become shorter is [`io::ErrorKind::UnexpectedEof`].
pub(super) async fn read_at(file: &Arc<File>, wanted: u64, at: u64) -> io::Result<Bytes> {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut chunk = Chunk::take();
    if let Some(size) = cached(file, chunk.room(wanted), at) {
        return Ok(chunk.filled(size));
    }
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        return tokio::task::block_in_place(|| fill(file, chunk, wanted, at));
    }
    let file = Arc::clone(file);
    let read = tokio::task::spawn_blocking(move || fill(&file, chunk, wanted, at));
    read.await.map_err(io::Error::other)?
}

/// What the page cache has at `at`. `None` where it has nothing, or the file system cannot say.
fn cached(file: &File, room: &mut [u8], at: u64) -> Option<usize> {
    let rooms = &mut [io::IoSliceMut::new(room)];
    rustix::io::preadv2(file, rooms, at, ReadWriteFlags::NOWAIT).ok().filter(|size| *size > 0)
}

fn fill(file: &File, mut chunk: Chunk, wanted: usize, at: u64) -> io::Result<Bytes> {
    loop {
        match file.read_at(chunk.room(wanted), at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(size) => return Ok(chunk.filled(size)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
