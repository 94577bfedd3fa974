//! Cards that are worn out: what the steward is told by QEMU's block layer is what a bad card tells
//! it, and each ends in a sentence, with the running slot as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::bundle::{Bundle, Key, slot_image};
use crate::support::card::{Card, SLOT_BYTES, missing_tools};
use crate::support::process::finish;
use crate::support::recorded::Recorded;
use crate::support::skip;

/// A block device over a file, taken away with it.
struct Loop(PathBuf);

impl Loop {
    fn over(file: &Path, writable: bool) -> Option<Self> {
        let mut command = Command::new("losetup");
        command.args(["--find", "--show", "--direct-io=on"]).arg(file);
        command.args((!writable).then_some("--read-only"));
        match finish(&mut command, Duration::from_secs(10)) {
            Ok(ended) => Some(Self(ended.text().trim().into())),
            Err(reason) => {
                println!("without a block device: {reason}");
                None
            }
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let mut command = Command::new("losetup");
        let _ = finish(command.arg("--detach").arg(&self.0), Duration::from_secs(10));
    }
}

#[test]
fn a_card_that_does_not_take_the_update_is_told_by_its_fault() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let bundle = Bundle::new(&key, "0.3.1", 31, slot_image(31, 2 << 20)).bytes();
    let nothing = format!("driver=null-co,size={SLOT_BYTES},read-zeroes=on");
    let failing = |work: &str, sector: &str| {
        format!(
            "driver=blkdebug,image.driver=null-co,image.size={SLOT_BYTES},image.read-zeroes=on,\
             inject-error.0.event=none,inject-error.0.iotype={work},inject-error.0.errno=5{sector}"
        )
    };
    let cases = [
        (
            "keeps nothing, and says that it did",
            nothing.clone(),
            true,
            "card_faulty",
            "did not keep",
        ),
        ("fails at each write", failing("write", ""), true, "card_faulty", "cannot be written"),
        (
            "fails at one sector",
            failing("write", ",inject-error.0.sector=3000"),
            true,
            "card_faulty",
            "cannot be written",
        ),
        ("fails at a flush", failing("flush", ""), true, "card_faulty", "cannot be written"),
        ("takes no writes", nothing, false, "card_read_only", "takes no more writes"),
    ];
    for (name, options, writable, code, part) in cases {
        let size = usize::try_from(SLOT_BYTES).unwrap();
        let fake = match Recorded::fake(&options, size, writable) {
            Ok(fake) => fake,
            Err(reason) => return skip(&reason),
        };
        // A block device where there are any: its cache in memory is another than a file's.
        let device = Loop::over(fake.partition(0), writable);
        let slot = device.as_ref().map_or(fake.partition(0), |device| &device.0);
        let card = Card::new(&[&key]);
        fs::remove_file(card.slot('b')).unwrap();
        std::os::unix::fs::symlink(slot, card.slot('b')).unwrap();
        let (selector, running) =
            (fs::read(card.selector()).unwrap(), fs::read(card.slot('a')).unwrap());
        let (refused, sentence) = card.install(&bundle).expect_err(name);
        println!("{name}: {sentence}");
        assert_eq!(refused, code, "{name}: {sentence}");
        assert!(sentence.contains(part), "{name}: {sentence}");
        assert_eq!(card.facts()["other"], Value::Null, "{name}");
        assert!(fs::read(card.selector()).unwrap() == selector, "{name}");
        assert!(fs::read(card.slot('a')).unwrap() == running, "{name}");
    }
}
