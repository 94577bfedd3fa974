//! The partition of a slot: the slot's image at its front, the signed head in its last 64 KiB.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Advice, OFlags, fadvise};

use super::words::Refusal;
use crate::bundle::{Error, Head, Keys, Manifest, Payload};

/// The head's place; no head is longer.
const TAIL: usize = 64 << 10;
const _: () = assert!(Head::LIMIT < TAIL);
/// How much is written at once. Cards like whole erase blocks.
const STEP: usize = 1 << 20;
/// After so many steps the card must have it all: a page cache full of unwritten pages would stall
/// everything else that this box does.
const FLUSH_EVERY: u64 = 8;

/// A slot's partition.
pub(super) struct Partition {
    file: File,
    bytes: u64,
}

impl Partition {
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| refused_read(&error))?;
        Self::of(file)
    }

    /// To be written. Refused by the kernel (`O_EXCL` on a block device) while anything of it is
    /// mounted, as the running slot is.
    pub(super) fn open_to_write(path: &Path) -> Result<Self, Refusal> {
        let exclusive = OFlags::EXCL.bits().cast_signed();
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).custom_flags(exclusive).open(path);
        Self::of(opened.map_err(|error| refused_write(&error))?)
    }

    fn of(mut file: File) -> Result<Self, Refusal> {
        // A device's length is where its end is; its metadata says 0.
        let bytes = file.seek(SeekFrom::End(0)).map_err(|error| refused_read(&error))?;
        Ok(Self { file, bytes })
    }

    /// How large an image it takes.
    pub(super) fn room(&self) -> u64 {
        self.bytes.saturating_sub(TAIL as u64)
    }

    /// The head that was written with the slot, if it is whole and signed.
    pub(super) fn head(&self, keys: &Keys) -> Option<Head> {
        let mut at = From { file: &self.file, at: self.room() };
        let head = Head::read(&mut at, keys).ok()?;
        (head.manifest().slot_bytes <= self.room()).then_some(head)
    }

    /// From here on the slot holds nothing.
    pub(super) fn forget_head(&self) -> Result<(), Refusal> {
        self.write(&vec![0; TAIL], self.room())?;
        self.flush()
    }

    /// Writes the head: from here on the slot holds what was written before.
    pub(super) fn write_head(&self, head: &Head) -> Result<(), Refusal> {
        let mut tail = head.bytes().to_vec();
        tail.resize(TAIL, 0);
        self.write(&tail, self.room())?;
        self.flush()
    }

    /// Writes a payload as it comes, and flushes.
    pub(super) fn write_payload(
        &self,
        payload: &mut Payload<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Refusal> {
        let mut buffer = vec![0; STEP];
        let mut done = 0;
        for step in 1.. {
            let filled = payload.fill(&mut buffer).map_err(refused)?;
            if filled == 0 {
                break;
            }
            self.write(&buffer[..filled], done)?;
            done += filled as u64;
            if step % FLUSH_EVERY == 0 {
                self.flush()?;
                forget_cached(&self.file);
            }
            progress(done);
        }
        self.flush()
    }

    /// Whether the card gives the bytes that the manifest names; what the kernel remembers of them
    /// is forgotten first.
    pub(super) fn holds(
        &self,
        manifest: &Manifest,
        progress: &mut dyn FnMut(u64),
    ) -> Result<bool, Refusal> {
        forget_cached(&self.file);
        let mut from = From { file: &self.file, at: 0 };
        let mut payload = Payload::new(&mut from, manifest);
        let mut buffer = vec![0; STEP];
        let mut done = 0;
        loop {
            match payload.fill(&mut buffer) {
                Ok(0) => return Ok(payload.check().is_ok()),
                Ok(filled) => done += filled as u64,
                Err(Error::Unreadable(error)) => return Err(refused_read(&error)),
                Err(_) => return Ok(false),
            }
            progress(done);
        }
    }

    fn write(&self, bytes: &[u8], at: u64) -> Result<(), Refusal> {
        self.file.write_all_at(bytes, at).map_err(|error| refused_write(&error))
    }

    fn flush(&self) -> Result<(), Refusal> {
        self.file.sync_data().map_err(|error| refused_write(&error))
    }
}

/// A device read from a place on.
struct From<'a> {
    file: &'a File,
    at: u64,
}

impl Read for From<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Drops what the kernel keeps of a device in memory, so that the next read asks the device. Only
/// what was flushed is dropped; a kernel that does not do it makes the check weaker, not wrong.
pub(super) fn forget_cached(file: &File) {
    let _ = fadvise(file, 0, None, Advice::DontNeed);
}

/// A bundle's fault in the steward's words.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(super) fn refused(error: Error) -> Refusal {
    Refusal::new(error.code(), error.to_string())
}

fn refused_read(error: &io::Error) -> Refusal {
    let sentence = format!(
        "the card cannot be read ({error}); save your settings and make a new card from the image"
    );
    Refusal::new("card_faulty", sentence)
}

/// Why the card took no write.
pub(super) fn refused_write(error: &io::Error) -> Refusal {
    let kind = error.kind();
    if matches!(kind, ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) {
        let sentence = format!(
            "the card takes no more writes ({error}); it is worn out or locked: make a new card from \
             the image"
        );
        return Refusal::new("card_read_only", sentence);
    }
    if kind == ErrorKind::ResourceBusy {
        let sentence =
            format!("the other slot is in use ({error}); start the box anew and try again");
        return Refusal::new("slot_in_use", sentence);
    }
    let sentence = format!(
        "the card cannot be written ({error}); if it happens again, make a new card from the image"
    );
    Refusal::new("card_faulty", sentence)
}
