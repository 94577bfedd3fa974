//! Everything of a bundle before its payload.

use std::io::{ErrorKind, Read};

use super::{Error, Keys, Manifest};

const MAGIC: &[u8] = b"credenza-bundle 1\n";
const MANIFEST_LIMIT: usize = 16 << 10;
const SIGNATURE_LIMIT: usize = 4 << 10;
/// `16384 4096` and a line break.
const SIZES_LIMIT: usize = 11;

/// A head whose signature was checked: there is no other way to have one.
#[derive(Debug, Clone)]
pub struct Head {
    bytes: Vec<u8>,
    manifest: Manifest,
}

impl Head {
    /// No head is longer.
    pub const LIMIT: usize = MAGIC.len() + SIZES_LIMIT + MANIFEST_LIMIT + SIGNATURE_LIMIT;

    /// Reads a head and not one byte more, and checks its signature before a word of it is believed.
    pub fn read(from: &mut dyn Read, keys: &Keys) -> Result<Self, Error> {
        let mut bytes = magic(from)?;
        let sizes = sizes_line(from)?;
        let (manifest_bytes, signature_bytes) = sizes_of(&sizes)?;
        bytes.extend_from_slice(&sizes);
        let start = bytes.len();
        bytes.resize(start + manifest_bytes + signature_bytes, 0);
        exact(from, &mut bytes[start..])?;
        let (json, signature) = bytes[start..].split_at(manifest_bytes);
        keys.verify(json, signature)?;
        let manifest = Manifest::parse(json)?;
        Ok(Self { bytes, manifest })
    }

    /// What it says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its bytes as they were read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn exact(from: &mut dyn Read, into: &mut [u8]) -> Result<(), Error> {
    from.read_exact(into).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::TruncatedHead,
        _ => Error::Unreadable(error),
    })
}

/// The first line, or what stands there in its place.
fn magic(from: &mut dyn Read) -> Result<Vec<u8>, Error> {
    let mut seen = Vec::with_capacity(Head::LIMIT);
    from.take(MAGIC.len() as u64).read_to_end(&mut seen)?;
    if seen == MAGIC {
        return Ok(seen);
    }
    if !seen.is_empty() && MAGIC.starts_with(&seen) {
        return Err(Error::TruncatedHead);
    }
    let compressed: [&[u8]; 5] = [b"\x1f\x8b", b"\xfd7zXZ", b"PK", b"\x28\xb5\x2f\xfd", b"BZh"];
    let seen = if seen.is_empty() {
        "an empty file"
    } else if seen.starts_with(b"credenza-bundle ") {
        "one of a kind that this version does not know"
    } else if seen.trim_ascii_start().starts_with(b"<") {
        "a web page"
    } else if compressed.iter().any(|start| seen.starts_with(start)) {
        "a compressed file"
    } else {
        "something else"
    };
    Err(Error::NotABundle { seen })
}

/// The second line with its break, byte by byte, so that nothing after it is taken.
fn sizes_line(from: &mut dyn Read) -> Result<Vec<u8>, Error> {
    let mut line = Vec::with_capacity(SIZES_LIMIT);
    while line.last() != Some(&b'\n') {
        if line.len() == SIZES_LIMIT {
            return Err(Error::DamagedHead { what: "no sizes" });
        }
        let mut byte = [0];
        exact(from, &mut byte)?;
        line.push(byte[0]);
    }
    Ok(line)
}

fn sizes_of(line: &[u8]) -> Result<(usize, usize), Error> {
    // One spelling a number: no sign, no zeros before it.
    let number = |text: &str, limit: usize| {
        let number: usize = text.parse().ok().filter(|number| (1..=limit).contains(number))?;
        (number.to_string() == text).then_some(number)
    };
    let sizes = || {
        let (manifest, signature) =
            std::str::from_utf8(line).ok()?.strip_suffix("\n")?.split_once(' ')?;
        Some((number(manifest, MANIFEST_LIMIT)?, number(signature, SIGNATURE_LIMIT)?))
    };
    sizes().ok_or(Error::DamagedHead { what: "sizes that cannot be" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::keys::tests::keys;

    #[test]
    fn what_is_no_bundle_is_called_by_its_name() {
        let cases: [(&[u8], &str, &str); 9] = [
            (b"", "not_a_bundle", "an empty file"),
            (b"<!doctype html><title>404", "not_a_bundle", "a web page"),
            (b"\n <html>", "not_a_bundle", "a web page"),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\0\0\0", "not_a_bundle", "a compressed file"),
            (b"PK\x03\x04", "not_a_bundle", "a compressed file"),
            (b"credenza-bundle 2\n1 1\n", "not_a_bundle", "does not know"),
            (b"credenza-bundle 1\r\n1 1\n", "not_a_bundle", "does not know"),
            (b"credenza-bun", "truncated", "within its head"),
            (b"credenza-bundle 1\n5", "truncated", "within its head"),
        ];
        for (bytes, code, part) in cases {
            let fault = Head::read(&mut &bytes[..], &keys()).unwrap_err();
            assert_eq!(fault.code(), code, "{fault}");
            assert!(fault.to_string().contains(part), "{fault}");
        }
    }

    #[test]
    fn sizes_have_one_spelling_and_a_limit() {
        assert_eq!(sizes_of(b"16384 4096\n").unwrap(), (16384, 4096));
        let bad =
            "0 1|1 0|16385 1|1 4097|01 1|+1 1|1  1|1 1 1| 1 1|1|a b|-1 1|1 1 |\u{661} 1|99999999 9";
        for line in bad.split('|') {
            let mut bytes = MAGIC.to_vec();
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\n");
            bytes.resize(40_000, b'x');
            let fault = Head::read(&mut &bytes[..], &keys()).expect_err(line);
            assert_eq!(fault.code(), "damaged", "{line}: {fault}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_are_taken(
            bytes: Vec<u8>,
            manifest in 0usize..40,
            signature in 0usize..40,
        ) {
            assert!(Head::read(&mut &bytes[..], &keys()).is_err());
            let mut framed = format!("credenza-bundle 1\n{manifest} {signature}\n").into_bytes();
            framed.extend_from_slice(&bytes);
            assert!(Head::read(&mut &framed[..], &keys()).is_err());
        }
    }
}
