//! Bundles that were tampered with, given to the real steward: none is taken, and whatever was
//! wrong, the slot that runs, the choice of the slot that starts and the one-shot flag are as before.

use std::fs;
use std::io::Write as _;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::bundle::{Bundle, Key, manifest, slot_image};
use crate::support::card::{Card, SLOT_BYTES, TAIL, missing_tools};
use crate::support::skip;

/// What the payloads have.
const PAYLOAD: u64 = 2 << 20;

/// A case: its name, the code that it is refused with, its bytes, and whether it may have been
/// written before it was known to be bad.
struct Case {
    name: String,
    code: &'static str,
    bytes: Vec<u8>,
    written: bool,
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    /// Known to be bad by its head: not one byte is written.
    fn head(&mut self, name: &str, code: &'static str, bytes: Vec<u8>) {
        self.0.push(Case { name: name.to_owned(), code, bytes, written: false });
    }

    /// Known to be bad only when the payload came.
    fn payload(&mut self, name: &str, code: &'static str, bytes: Vec<u8>) {
        self.0.push(Case { name: name.to_owned(), code, bytes, written: true });
    }
}

/// A good bundle, and how to spoil it.
struct Good<'a> {
    key: &'a Key,
    payload: Vec<u8>,
    bundle: Bundle,
    /// Another, older one, as good.
    older: Bundle,
}

impl<'a> Good<'a> {
    fn new(key: &'a Key) -> Self {
        let payload = slot_image(31, PAYLOAD);
        let bundle = Bundle::new(key, "0.3.1", 31, payload.clone());
        let older = Bundle::new(key, "0.2.9", 29, payload.clone());
        Self { key, payload, bundle, older }
    }

    fn changed(&self, change: impl Fn(&mut Bundle)) -> Vec<u8> {
        let mut bundle = self.bundle.clone();
        change(&mut bundle);
        bundle.bytes()
    }

    /// Well signed, but for one thing that the manifest says.
    fn saying(&self, name: &str, value: Value) -> Vec<u8> {
        let mut manifest = manifest("0.3.1", 31, &self.payload);
        manifest[name] = value;
        Bundle::of(self.key, manifest.to_string().into_bytes(), self.payload.clone()).bytes()
    }
}

/// A bit turned, wherever it is.
fn flipped_bits(cases: &mut Cases, good: &Good<'_>) {
    cases.head("a bit of the magic line", "not_a_bundle", good.changed(|b| b.magic[3] ^= 1));
    cases.head("a bit of the manifest", "bad_signature", good.changed(|b| b.manifest[40] ^= 1));
    cases.head("a bit of the signature", "bad_signature", good.changed(|b| b.signature[90] ^= 1));
    cases.head("a letter of the trusted comment", "bad_signature", {
        good.changed(|b| {
            let at = b.signature.windows(9).position(|part| part == b"timestamp").unwrap();
            b.signature[at] = b'T';
        })
    });
    for (name, at) in [("first", 0), ("middle", PAYLOAD / 2), ("last", PAYLOAD - 1)] {
        let at = usize::try_from(at).unwrap();
        let bytes = good.changed(|b| b.payload[at] ^= 0x10);
        cases.payload(&format!("a bit of the payload's {name} byte"), "damaged", bytes);
    }
}

/// A download that broke off.
fn cut_off(cases: &mut Cases, good: &Good<'_>) {
    let whole = good.bundle.bytes();
    let head = good.bundle.head().len();
    for (name, at) in [
        ("in the magic line", 9),
        ("in the sizes", 20),
        ("in the manifest", head - good.bundle.signature.len() - 10),
        ("in the signature", head - 10),
    ] {
        cases.head(&format!("cut off {name}"), "truncated", whole[..at].to_vec());
    }
    cases.payload("cut off after the head", "truncated", whole[..head].to_vec());
    cases.payload("cut off in the payload", "truncated", whole[..head + 1_500_000].to_vec());
    cases.payload("cut off by a byte", "truncated", whole[..whole.len() - 1].to_vec());
}

/// Signatures that do not stand for what they stand at.
fn wrongly_signed(cases: &mut Cases, good: &Good<'_>, revoked: &Key, stranger: &Key) {
    cases.head("a strange key", "bad_signature", {
        Bundle::new(stranger, "0.3.1", 31, good.payload.clone()).bytes()
    });
    cases.head("a key that was revoked", "bad_signature", {
        Bundle::new(revoked, "0.3.1", 31, good.payload.clone()).bytes()
    });
    cases.head("a strange key under the known key's number", "bad_signature", {
        let mut other = Bundle::new(stranger, "0.3.1", 31, good.payload.clone());
        with_key_number_of(&mut other.signature, &good.bundle.signature);
        other.bytes()
    });
    cases.head("the manifest of another bundle", "bad_signature", {
        good.changed(|b| b.manifest.clone_from(&good.older.manifest))
    });
    cases.head("the signature of another manifest", "bad_signature", {
        good.changed(|b| b.signature.clone_from(&good.older.signature))
    });
    cases.head("a whole head of an older bundle", "too_old", {
        [good.older.head(), good.payload.clone()].concat()
    });
    cases.payload("the payload of another bundle", "damaged", {
        good.changed(|b| b.payload = slot_image(99, PAYLOAD))
    });
    cases.head("a legacy signature", "bad_signature", {
        good.changed(|b| b.signature = good.key.sign_with(&["-l"], &b.manifest))
    });
    cases.head("no signature", "damaged", good.changed(|b| b.signature.clear()));
    cases.head("a signature of blanks", "bad_signature", good.changed(|b| b.signature.fill(b' ')));
    cases.head("a second signature behind the first", "bad_signature", {
        good.changed(|b| b.signature.extend_from_slice(&good.older.signature))
    });
    cases.head("a manifest of 17 KiB", "damaged", {
        good.changed(|b| b.manifest.resize(17 << 10, b' '))
    });
    cases.head("sizes that would not fit into memory", "damaged", {
        good.changed(|b| b.sizes = Some("18446744073709551615 99\n".to_owned()))
    });
    cases.head("sizes that shift the manifest", "bad_signature", {
        good.changed(|b| {
            b.sizes = Some(format!("{} {}\n", b.manifest.len() - 1, b.signature.len() + 1));
        })
    });
}

/// Well signed, and nothing for this box all the same.
fn wrongly_said(cases: &mut Cases, good: &Good<'_>) {
    let whole = good.bundle.bytes();
    cases.head("another board", "wrong_board", good.saying("board", "rpi3".into()));
    cases.head("an older version", "too_old", good.saying("counter", 29.into()));
    cases.head("the same counter", "already_installed", good.saying("counter", 30.into()));
    let room = SLOT_BYTES - TAIL as u64;
    cases.head("larger than a slot", "too_large", good.saying("slot_bytes", (room + 4096).into()));
    cases.head("far larger", "too_large", good.saying("slot_bytes", (u64::MAX - 4095).into()));
    cases.head("no payload", "bad_manifest", good.saying("slot_bytes", 0.into()));
    cases.head("no whole pages", "bad_manifest", good.saying("slot_bytes", 4097.into()));
    cases.payload(
        "fewer bytes signed than come",
        "damaged",
        good.saying("slot_bytes", 4096.into()),
    );
    cases.payload("more bytes signed than come", "truncated", {
        good.saying("slot_bytes", (PAYLOAD + 4096).into())
    });
    cases.payload("a byte behind the end", "trailing_bytes", [&whole[..], b"\0"].concat());
    cases.payload("twice the bundle", "trailing_bytes", [&whole[..], &whole].concat());
    cases.head("an unknown field", "bad_manifest", good.saying("run", "/bin/sh".into()));
    cases.head("a format to come", "unknown_format", good.saying("format", 2.into()));
    cases.head("a key twice", "bad_manifest", {
        let text = manifest("0.3.1", 31, &good.payload).to_string();
        let twice = text.replacen('{', "{\"counter\":29,", 1);
        Bundle::of(good.key, twice.into_bytes(), good.payload.clone()).bytes()
    });
    for path in ["../../../etc/passwd", "/dev/sda", "rpi4/../rpi4", "rpi4\0", "C:\\rpi4"] {
        let bytes = good.saying("board", path.into());
        cases.head(&format!("a board called {path:?}"), "bad_manifest", bytes);
    }
    cases.head(
        "a version with a line break",
        "bad_manifest",
        good.saying("version", "1\n2".into()),
    );
    cases.head(
        "a checksum in capitals",
        "bad_manifest",
        good.saying("slot_sha256", "AB".repeat(32).into()),
    );
}

/// What people take for a bundle.
fn no_bundles(cases: &mut Cases, good: &Good<'_>) {
    cases.head("packed by gzip", "not_a_bundle", {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&good.bundle.bytes()).unwrap();
        gzip.finish().unwrap()
    });
    cases.head("an empty file", "not_a_bundle", Vec::new());
    cases.head("a web page", "not_a_bundle", b"<!DOCTYPE html><title>404</title>".repeat(9999));
    cases.head("the image without a head", "not_a_bundle", good.payload.clone());
    cases.head("line breaks of Windows", "not_a_bundle", {
        good.changed(|b| b.magic = b"credenza-bundle 1\r\n".to_vec())
    });
}

/// Writes the key number (bytes 2 to 10 of the second line) of `from` into `to`.
fn with_key_number_of(to: &mut Vec<u8>, from: &[u8]) {
    let second = |text: &[u8]| {
        let line = std::str::from_utf8(text).unwrap().lines().nth(1).unwrap().to_owned();
        (BASE64.decode(line.as_bytes()).unwrap(), line)
    };
    let ((mut binary, line), (theirs, _)) = (second(to), second(from));
    binary[2..10].copy_from_slice(&theirs[2..10]);
    let text = String::from_utf8(to.clone()).unwrap();
    *to = text.replace(&line, &BASE64.encode(&binary)).into_bytes();
}

#[test]
fn no_bundle_that_was_tampered_with_is_taken() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let (key, next, revoked, stranger) = (Key::new(), Key::new(), Key::new(), Key::new());
    let card = Card::new(&[&key, &next]);
    // The other slot holds the version before, which a bad head must not harm.
    let before = Bundle::new(&key, "0.2.0", 20, slot_image(20, PAYLOAD));
    card.holds('b', &before);
    let offered = json!({"version": "0.2.0", "counter": 20});
    let [selector, running, other] =
        [card.selector(), card.slot('a'), card.slot('b')].map(|path| fs::read(path).unwrap());

    let (mut cases, good) = (Cases::default(), Good::new(&key));
    flipped_bits(&mut cases, &good);
    cut_off(&mut cases, &good);
    wrongly_signed(&mut cases, &good, &revoked, &stranger);
    wrongly_said(&mut cases, &good);
    no_bundles(&mut cases, &good);
    println!("{} tampered bundles", cases.0.len());
    assert!(cases.0.len() >= 25);
    for Case { name, code, bytes, written } in cases.0 {
        let (refused, sentence) = card.install(&bytes).expect_err(&name);
        assert_eq!(refused, code, "{name}: {sentence}");
        println!("{name}: {code}: {sentence}");
        assert!(fs::read(card.selector()).unwrap() == selector, "{name}: the selector was changed");
        assert!(
            fs::read(card.slot('a')).unwrap() == running,
            "{name}: the running slot was changed"
        );
        assert_eq!(card.one_shot(), "", "{name}");
        let now = card.facts()["other"].clone();
        if written {
            assert_eq!(now, Value::Null, "{name}");
            assert_eq!(card.try_other(true).unwrap_err().0, "nothing_to_try", "{name}");
            assert_eq!(card.one_shot(), "", "{name}");
            card.holds('b', &before);
        } else {
            assert_eq!(now, offered, "{name}");
            assert!(
                fs::read(card.slot('b')).unwrap() == other,
                "{name}: the other slot was changed"
            );
        }
    }
    assert!(card.system("trial.json").is_none());
}

#[test]
fn what_is_refused_is_said_in_a_sentence_that_names_the_way_out() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    let payload = slot_image(31, PAYLOAD);
    let mut for_another = manifest("0.3.1", 31, &payload);
    for_another["board"] = "rpi3".into();
    let bundle = Bundle::of(&key, for_another.to_string().into_bytes(), payload.clone());
    assert_eq!(
        card.install(&bundle.bytes()).unwrap_err().1,
        "this bundle is for a Raspberry Pi 3, and this box is a Raspberry Pi 4; take the one for a \
         Raspberry Pi 4"
    );
    let bundle = Bundle::new(&key, "0.3.1", 31, payload);
    let cut = bundle.head().len() + 1_000_000;
    assert_eq!(
        card.install(&bundle.bytes()[..cut]).unwrap_err().1,
        "this bundle breaks off after 1000000 of 2097152 bytes; download it again"
    );
}

#[test]
fn boards_are_called_as_their_facts_call_them() {
    let boards = concat!(env!("CARGO_MANIFEST_DIR"), "/board");
    let source = include_str!("../src/bundle/manifest.rs");
    for board in fs::read_dir(boards).unwrap() {
        let board = board.unwrap();
        let Ok(meta) = fs::read_to_string(board.path().join("meta")) else { continue };
        let name = meta.lines().find_map(|line| line.strip_prefix("NAME=")).expect("a NAME");
        let row = format!("({:?}, {name})", board.file_name().to_str().unwrap());
        assert!(source.contains(&row), "src/bundle/manifest.rs does not know {row}");
    }
}
