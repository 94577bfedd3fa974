//! The corpus of `fuzz/`, replayed, and mutated by a fixed seed: what the fuzzer would find first,
//! without its compiler. The long runs are `just fuzz`.

use std::path::PathBuf;

#[path = "../fuzz/decoders.rs"]
mod decoders;

use decoders::TARGETS;

/// Mutations of each input that was written by hand; what the fuzzer found is one already.
const MUTATIONS: usize = 300;
/// Names are read by some two hundred expressions, unoptimised here.
const MUTATIONS_OF_NAMES: usize = 150;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|_| panic!("{target} has no corpus"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).unwrap());
    files.into_iter().map(read).collect()
}

/// Says which input it was, should a reader panic.
fn run(target: &str, what: &str, bytes: &[u8]) {
    let outcome = std::panic::catch_unwind(|| decoders::run(target, bytes));
    let shown: String = String::from_utf8_lossy(bytes).chars().take(2_000).collect();
    assert!(outcome.is_ok(), "{target} breaks on {what}: {shown:?}");
}

#[test]
fn every_target_has_its_program_and_inputs_that_are_kept() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let folders = std::fs::read_dir(root().join("corpus")).unwrap().count();
    assert_eq!(folders, TARGETS.len(), "a corpus for each target and no other");
    for target in TARGETS {
        let program = std::fs::read_to_string(root().join(format!("targets/{target}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{target}\", bytes)")), "{target}");
        assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "{target}");
        assert!(corpus(target).len() >= 2, "{target}");
    }
}

#[test]
fn the_corpus_breaks_no_reader() {
    for target in TARGETS {
        for (what, bytes) in corpus(target) {
            run(target, &what, &bytes);
        }
    }
}

#[test]
fn mutations_of_the_corpus_break_no_reader() {
    for target in TARGETS {
        let mut inputs = corpus(target);
        inputs.retain(|(what, _)| !what.contains("/found-"));
        let count = if target == "release_name" { MUTATIONS_OF_NAMES } else { MUTATIONS };
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        for (what, bytes) in &inputs {
            for turn in 0..count {
                let other = &inputs[dice.below(inputs.len())].1;
                let mutant = mutated(bytes, other, &mut dice);
                run(target, &format!("mutation {turn} of {what}"), &mutant);
            }
        }
    }
}

/// One to four changes, of the kinds that break readers.
fn mutated(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    const WORDS: [&[u8]; 14] = [
        b"null",
        b"-1",
        b"1e999",
        b"18446744073709551616",
        b"\"",
        b"{",
        b"[[",
        b"]]>",
        b"<!DOCTYPE a [",
        b"&#0;",
        b"\xff\xfe",
        "\u{202E}".as_bytes(),
        b"\0",
        b"%00",
    ];
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(64)).min(bytes.len());
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            3 => {
                let word = WORDS[dice.below(WORDS.len())];
                bytes.splice(at..end, word.iter().copied());
            }
            4 => {
                let from = dice.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 => {
                let word = WORDS[dice.below(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
    }
    bytes
}

/// xorshift64 (Marsaglia 2003): the same throws on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}
