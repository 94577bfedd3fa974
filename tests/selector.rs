//! The selector, as cards have it and as computers leave it: the real steward reads and turns it,
//! mtools judges.

use std::fs;

use serde_json::json;

use crate::support::bundle::{Bundle, Key, slot_image};
use crate::support::card::{AUTOBOOT, Card, missing_tools, mtools, put, selector_image};
use crate::support::skip;

/// A card whose other slot runs, on trial.
fn on_trial(selector: &[u8]) -> Card {
    let key = Key::new();
    let card = Card::new(&[&key]);
    fs::write(card.selector(), selector).unwrap();
    card.runs('b', "0.3.1", 31);
    card
}

/// Commits, and sees that nothing but one sector changed.
fn commits(name: &str, card: &Card) {
    let facts = card.facts();
    assert_eq!((&facts["default"], &facts["trial"]), (&json!("a"), &json!(true)), "{name}");
    assert_eq!(facts["notices"], json!([]), "{name}");
    let before = fs::read(card.selector()).unwrap();
    card.commit().unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    let after = fs::read(card.selector()).unwrap();
    let sectors = before.chunks(512).zip(after.chunks(512)).filter(|(old, new)| old != new).count();
    assert_eq!((sectors, before.len()), (1, after.len()), "{name}");
    assert_eq!(card.facts()["default"], json!("b"), "{name}");
    let text = String::from_utf8(card.autoboot()).unwrap();
    assert!(text.contains("boot_partition=3"), "{name}: {text}");
}

#[test]
fn autoboot_is_found_and_turned_on_every_file_system_a_card_may_have() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    for (options, mebibytes) in [
        ("-F 16 -n CREDENZA", 16),
        ("-F 16 -s 8 -f 1 -r 16", 32),
        ("-F 12", 4),
        ("-F 32 -s 1", 64),
        ("-F 32 -S 2048 -s 1", 256),
    ] {
        commits(options, &on_trial(&selector_image(options, mebibytes << 20)));
    }
}

#[test]
fn a_computer_may_have_rewritten_the_folder() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let usual = selector_image("-F 16", 16 << 20);
    let wide = selector_image("-F 32 -s 1", 64 << 20);

    let card = on_trial(&usual);
    mtools("mdel", &[], card.selector(), &["::autoboot.txt"]);
    put(card.selector(), "A film with a very long name indeed.txt", &[b'x'; 9000]);
    put(card.selector(), "autoboot.txt", format!("{AUTOBOOT:#<511}\n").as_bytes());
    commits("deleted and copied again", &card);

    let card = on_trial(&usual);
    put(card.selector(), "AUTOBOOT.TXT", AUTOBOOT.replace('\n', "\r\n").as_bytes());
    commits("saved by an editor that cuts blanks and ends lines in its own way", &card);

    let card = on_trial(&wide);
    mtools("mdel", &[], card.selector(), &["::autoboot.txt"]);
    for number in 0..40 {
        put(card.selector(), &format!("a picture of the holidays {number}.jpeg"), b"x");
    }
    put(card.selector(), "autoboot.txt", AUTOBOOT.as_bytes());
    commits("behind a folder of several clusters", &card);

    let card = on_trial(&usual);
    let mut image = fs::read(card.selector()).unwrap();
    let at = image.windows(11).position(|part| part == b"AUTOBOOTTXT").unwrap();
    image[at..at + 11].copy_from_slice(b"AUTOBO~1TXT");
    let mut long = *b"\x41a\0u\0t\0o\0b\0\x0f\0\0o\0o\0t\0.\0t\0x\0\0\0t\0\0\0";
    long[13] = checksum(b"AUTOBO~1TXT");
    // The long name stands before the short one: where config.txt was.
    image[at - 32..at].copy_from_slice(&long);
    fs::write(card.selector(), image).unwrap();
    commits("under a long name", &card);

    let card = on_trial(&usual);
    let line = "[all]\nboot_partition=2\n";
    put(card.selector(), "autoboot.txt", format!("{line:#<511}\n").as_bytes());
    commits("without the lines for a trial", &card);
    assert!(card.autoboot().starts_with(
        AUTOBOOT.replace("=2", "=X").replace("=3", "=2").replace("=X", "=3").as_bytes()
    ));
}

/// FAT specification 1.03, section 7.2.
fn checksum(short: &[u8; 11]) -> u8 {
    short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

type Damage = fn(&Card);

#[test]
fn a_selector_that_cannot_be_mended_is_a_notice_of_a_box_that_answers() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let usual = selector_image("-F 16", 16 << 20);
    let key = Key::new();
    let bundle = Bundle::new(&key, "0.3.1", 31, slot_image(31, 1 << 20)).bytes();
    let damages: [(&str, Damage); 7] = [
        ("there is no autoboot.txt", |card| {
            mtools("mdel", &[], card.selector(), &["::autoboot.txt"]);
        }),
        ("has 600 bytes", |card| {
            put(card.selector(), "autoboot.txt", format!("{AUTOBOOT:#<600}").as_bytes());
        }),
        ("has 0 bytes", |card| put(card.selector(), "autoboot.txt", b"")),
        ("names no slot", |card| put(card.selector(), "autoboot.txt", b"boot_partition=1\n")),
        ("no FAT", |card| fs::write(card.selector(), vec![0; 1 << 20]).unwrap()),
        ("cannot be read", |card| fs::write(card.selector(), b"").unwrap()),
        ("No such file", |card| fs::remove_file(card.selector()).unwrap()),
    ];
    for (part, damage) in damages {
        let card = Card::new(&[&key]);
        fs::write(card.selector(), &usual).unwrap();
        damage(&card);
        let running = fs::read(card.slot('a')).unwrap();
        let facts = card.facts();
        assert_eq!((&facts["default"], &facts["trial"]), (&json!("a"), &json!(false)), "{part}");
        let notice = &facts["notices"][0];
        assert_eq!(notice["code"], json!("selector_damaged"), "{part}");
        assert!(notice["message"].as_str().unwrap().contains(part), "{part}: {notice}");
        assert_eq!(card.install(&bundle).unwrap_err().0, "selector_damaged", "{part}");
        assert!(fs::read(card.slot('a')).unwrap() == running, "{part}");
    }

    // One that was spoilt, but has the room, is mended by the running version's commit.
    let card = Card::new(&[&key]);
    put(card.selector(), "autoboot.txt", " ".repeat(100).as_bytes());
    assert_eq!(card.facts()["notices"][0]["code"], json!("selector_damaged"));
    card.commit().unwrap();
    assert_eq!(card.facts()["notices"], json!([]));
    assert!(card.autoboot().starts_with(AUTOBOOT.as_bytes()));
    card.install(&bundle).unwrap();
}
