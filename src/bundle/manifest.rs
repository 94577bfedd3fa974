//! What a bundle says of itself.

use serde::Deserialize;

use super::Error;

/// What a bundle says of itself, signed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u64,
    /// The board, such as `rpi4`.
    pub board: String,
    /// The version, for people.
    pub version: String,
    /// Its place in the order of versions.
    pub counter: u64,
    /// How many bytes follow the head.
    pub slot_bytes: u64,
    /// Their SHA-256, in lower-case hexadecimal digits.
    pub slot_sha256: String,
}

/// What an update must fit.
#[derive(Debug, Clone, Copy)]
pub struct Running<'a> {
    /// The board, as bundles name it.
    pub board: &'a str,
    /// The board, as people name it.
    pub name: &'a str,
    /// The version that runs.
    pub version: &'a str,
    /// Its place in the order of versions.
    pub counter: u64,
}

/// Boards as people name them; `NAME` of `board/*/meta`.
const NAMES: &[(&str, &str)] = &[
    ("qemu", "QEMU virt"),
    ("rpi3", "Raspberry Pi 3"),
    ("rpi4", "Raspberry Pi 4"),
    ("rpi5", "Raspberry Pi 5"),
];

/// A slot's image comes in whole pages.
const PAGE: u64 = 4096;

impl Manifest {
    /// Reads what was signed; the signature is the caller's to check before.
    pub(super) fn parse(json: &[u8]) -> Result<Self, Error> {
        // First the format: what a later one says besides is not held against its sentence.
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        let bad = |what: String| Error::BadManifest { what };
        let not_json = |error: serde_json::Error| bad(error.to_string());
        let Format { format } = serde_json::from_slice(json).map_err(not_json)?;
        if format != 1 {
            return Err(Error::UnknownFormat { format });
        }
        let manifest: Self = serde_json::from_slice(json).map_err(not_json)?;
        if !word(&manifest.board, b"-_") {
            return Err(bad("its board is no plain word".to_owned()));
        }
        if !word(&manifest.version, b".+-~_") {
            return Err(bad("its version is no plain word".to_owned()));
        }
        if manifest.slot_bytes == 0 || !manifest.slot_bytes.is_multiple_of(PAGE) {
            return Err(bad(format!("slot_bytes is {}, no pages", manifest.slot_bytes)));
        }
        let hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        if manifest.slot_sha256.len() != 64 || !manifest.slot_sha256.bytes().all(hex) {
            return Err(bad("slot_sha256 is no SHA-256".to_owned()));
        }
        Ok(manifest)
    }

    /// Whether this is for our board.
    pub fn fits_board(&self, running: Running<'_>) -> Result<(), Error> {
        if self.board == running.board {
            return Ok(());
        }
        let known = NAMES.iter().find(|(board, _)| *board == self.board);
        let theirs = known.map_or(self.board.as_str(), |(_, name)| name);
        Err(Error::WrongBoard { theirs: theirs.to_owned(), ours: running.name.to_owned() })
    }

    /// Whether this is an update for what runs: for our board, and newer.
    pub fn updates(&self, running: Running<'_>) -> Result<(), Error> {
        self.fits_board(running)?;
        match self.counter.cmp(&running.counter) {
            std::cmp::Ordering::Greater => Ok(()),
            std::cmp::Ordering::Equal => {
                Err(Error::AlreadyInstalled { version: running.version.to_owned() })
            }
            std::cmp::Ordering::Less => Err(Error::TooOld {
                version: self.version.clone(),
                running: running.version.to_owned(),
            }),
        }
    }
}

/// Whether `text` may stand in a sentence and a file name: letters, digits and these signs.
fn word(text: &str, signs: &[u8]) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || signs.contains(&byte);
    (1..=32).contains(&text.len())
        && text.as_bytes()[0].is_ascii_alphanumeric()
        && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: &[(&str, serde_json::Value)]) -> Vec<u8> {
        let mut value = serde_json::json!({
            "format": 1, "board": "rpi4", "version": "0.3.1", "counter": 31,
            "slot_bytes": 8192, "slot_sha256": "ab".repeat(32),
        });
        for (key, to) in change {
            value[*key] = to.clone();
        }
        serde_json::to_vec(&value).unwrap()
    }

    #[test]
    fn a_manifest_that_makes_no_sense_is_a_sentence_even_when_it_is_signed() {
        assert_eq!(Manifest::parse(&manifest(&[])).unwrap().counter, 31);
        let cases: [(&str, serde_json::Value); 14] = [
            ("board", "../../etc/passwd".into()),
            ("board", "".into()),
            ("board", "x".repeat(33).into()),
            ("version", "0.3.1\u{1b}[2J".into()),
            ("version", "..".into()),
            ("version", "a/b".into()),
            ("counter", (-1).into()),
            ("counter", 1.5.into()),
            ("slot_bytes", 0.into()),
            ("slot_bytes", 4095.into()),
            ("slot_bytes", "8192".into()),
            ("slot_sha256", "AB".repeat(32).into()),
            ("slot_sha256", "ab".repeat(31).into()),
            ("run", "rm -rf /".into()),
        ];
        for (key, value) in cases {
            let fault = Manifest::parse(&manifest(&[(key, value.clone())])).expect_err(key);
            assert_eq!(fault.code(), "bad_manifest", "{key} {value}");
        }
        for json in [&b"[]"[..], b"", b"null", b"{\"format\":1,\"format\":1}"] {
            assert_eq!(Manifest::parse(json).unwrap_err().code(), "bad_manifest");
        }
        let newer = manifest(&[("format", 2.into()), ("delta", true.into())]);
        let sentence = Manifest::parse(&newer).unwrap_err().to_string();
        assert!(sentence.starts_with("this bundle is of format 2"), "{sentence}");
    }

    #[test]
    fn only_a_newer_version_for_this_board_is_an_update() {
        let with =
            |counter| Running { board: "rpi4", name: "Raspberry Pi 4", version: "0.3.0", counter };
        let manifest = Manifest::parse(&manifest(&[])).unwrap();
        manifest.updates(with(30)).unwrap();
        assert_eq!(manifest.updates(with(31)).unwrap_err().code(), "already_installed");
        assert_eq!(manifest.updates(with(32)).unwrap_err().code(), "too_old");
        let ours = Running { board: "rpi5", name: "Raspberry Pi 5", ..with(30) };
        assert_eq!(
            manifest.updates(ours).unwrap_err().to_string(),
            "this bundle is for a Raspberry Pi 4, and this box is a Raspberry Pi 5; take the one for \
             a Raspberry Pi 5"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "\\{(\"(format|board|counter)\":(1|\"x\"|\\{),?){0,4}\\}?") {
            let _ = Manifest::parse(&bytes);
            assert!(Manifest::parse(text.as_bytes()).is_err());
        }
    }
}
