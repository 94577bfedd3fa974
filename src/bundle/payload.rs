//! The bytes of a slot as they come by, counted and summed.

use std::io::Read;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{Error, Manifest};

/// The payload of a bundle, or the same bytes read again from where they were written.
pub struct Payload<'a> {
    from: &'a mut dyn Read,
    manifest: &'a Manifest,
    sum: Sha256,
    got: u64,
}

impl<'a> Payload<'a> {
    /// The payload that `from` gives from here on.
    pub fn new(from: &'a mut dyn Read, manifest: &'a Manifest) -> Self {
        Self { from, manifest, sum: Sha256::new(), got: 0 }
    }

    /// Fills `buffer` as far as the payload goes, and says how far; 0 is the end. Bytes that are
    /// missing are an error.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let of = self.manifest.slot_bytes;
        let left = usize::try_from(of - self.got).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let mut filled = 0;
        while filled < wanted {
            match self.from.read(&mut buffer[filled..wanted]) {
                Ok(0) => return Err(Error::Truncated { got: self.got + filled as u64, of }),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.sum.update(&buffer[..filled]);
        self.got += filled as u64;
        Ok(filled)
    }

    /// After the end: whether these were the bytes that were signed.
    pub fn check(&self) -> Result<(), Error> {
        let sum = HEXLOWER.encode(&self.sum.clone().finalize());
        if sum == self.manifest.slot_sha256 { Ok(()) } else { Err(Error::Damaged) }
    }

    /// After the end: whether nothing follows.
    pub fn ended(&mut self) -> Result<(), Error> {
        let mut byte = Vec::new();
        self.from.take(1).read_to_end(&mut byte)?;
        if byte.is_empty() { Ok(()) } else { Err(Error::TrailingBytes) }
    }
}
