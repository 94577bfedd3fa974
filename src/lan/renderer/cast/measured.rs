//! A reader of Cast messages that looks at their lengths: each is a number of four bytes and so many
//! bytes, and the crate that reads them sets as much memory aside as the number says, up to 4 GiB. A
//! number that no receiver has to say ends the line before the crate sees it.

use std::io::{Error, ErrorKind, Read, Result, Write};

/// Longest message (Cast's own bound).
const LONGEST: usize = 64 << 10;
/// Most that is read on one line: the crate keeps each message that is no answer, and a status has some
/// kilobytes.
const MOST: usize = 1 << 20;

/// What is read through it.
#[derive(Debug)]
pub(super) struct Measured<S> {
    inner: S,
    head: [u8; 4],
    /// How much of the number is there.
    told: usize,
    /// What is still to come of the message.
    left: usize,
    /// What is still to come of all that may.
    allowed: usize,
}

impl<S> Measured<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner, head: [0; 4], told: 0, left: 0, allowed: MOST }
    }

    /// Takes note of the next bytes of a number; refuses what is too long when it is whole.
    fn note(&mut self, bytes: &[u8]) -> Result<()> {
        self.head[self.told..self.told + bytes.len()].copy_from_slice(bytes);
        self.told += bytes.len();
        if self.told < self.head.len() {
            return Ok(());
        }
        self.told = 0;
        self.left = usize::try_from(u32::from_be_bytes(self.head)).unwrap_or(usize::MAX);
        if self.left > LONGEST {
            return Err(Error::new(ErrorKind::InvalidData, "its answer is too long for Cast"));
        }
        let spent = self.left + self.head.len();
        self.allowed = self.allowed.checked_sub(spent).ok_or_else(|| {
            Error::new(ErrorKind::InvalidData, "it says much, and nothing of what it was asked")
        })?;
        Ok(())
    }
}

impl<S: Read> Read for Measured<S> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let most = if self.left > 0 { self.left } else { self.head.len() - self.told };
        let most = most.min(into.len());
        let count = self.inner.read(&mut into[..most])?;
        if self.left > 0 {
            self.left -= count;
        } else {
            self.note(&into[..count])?;
        }
        Ok(count)
    }
}

impl<S: Write> Write for Measured<S> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it has a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> Result<usize> {
            let count = self.1.min(into.len()).min(self.0.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn message(length: u32) -> Vec<u8> {
        [&length.to_be_bytes()[..], &vec![7; length as usize]].concat()
    }

    #[test]
    fn messages_of_a_length_that_receivers_have_pass_however_they_come() {
        let sent = [message(0), message(1), message(64 << 10), message(5)].concat();
        for step in [1, 3, 4, 5, 4096, usize::MAX] {
            let mut read = Vec::new();
            Measured::new(Slow(&sent, step)).read_to_end(&mut read).unwrap();
            assert!(read == sent, "{step}");
        }
    }

    #[test]
    fn a_number_that_no_receiver_has_to_say_is_not_passed_on() {
        for length in [(64 << 10) + 1, 2 << 30, u32::MAX] {
            for step in [1, 2, 4, 8] {
                let sent = [message(3), length.to_be_bytes().to_vec()].concat();
                let mut measured = Measured::new(Slow(&sent, step));
                measured.read_exact(&mut [0; 7]).unwrap();
                let error = measured.read_exact(&mut [0; 4]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData, "{length} in steps of {step}");
            }
        }
    }

    #[test]
    fn who_talks_without_end_is_not_listened_to() {
        let sent = message(64 << 10).repeat(17);
        let mut read = Vec::new();
        let error = Measured::new(Slow(&sent, usize::MAX)).read_to_end(&mut read).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(read.len() <= MOST);
    }
}
