//! Updates that go well, trials that come back, and what a steward does not let itself be asked, on
//! a card of files with the real program.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::bundle::{Bundle, Key, slot_image};
use crate::support::card::{Card, SLOT_BYTES, TAIL, missing_tools};
use crate::support::{skip, until};

const PAYLOAD: u64 = 2 << 20;

fn bundle(key: &Key, version: &str, counter: u64) -> Bundle {
    Bundle::new(key, version, counter, slot_image(counter, PAYLOAD))
}

/// The next start, by the firmware's rules: the other slot if the flag is set, else the default.
fn starts(card: &Card) -> char {
    let text = String::from_utf8(card.autoboot()).unwrap();
    let default = if text.contains("[all]\ntryboot_a_b=1\nboot_partition=2\n") { 'a' } else { 'b' };
    let other = if default == 'a' { 'b' } else { 'a' };
    assert!(text.contains(if other == 'a' {
        "[tryboot]\nboot_partition=2\n"
    } else {
        "[tryboot]\nboot_partition=3\n"
    }));
    if card.one_shot() == "1" { other } else { default }
}

/// What each start does first.
fn prepare(card: &Card) {
    let done = card.steward("prepare").stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn code(outcome: Result<Value, (String, String)>) -> String {
    outcome.expect_err("a refusal").0
}

#[test]
fn an_update_is_written_tried_and_kept() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let (key, next) = (Key::new(), Key::new());
    let card = Card::new(&[&key, &next]);
    assert_eq!(card.facts()["other"], Value::Null);
    assert_eq!(code(card.try_other(false)), "nothing_to_try");

    let update = bundle(&key, "0.3.1", 31);
    let said = card.said(&json!({"verb": "install"}), &update.bytes());
    let progress: Vec<_> = said.iter().filter_map(|line| line.get("progress")).collect();
    assert_eq!(progress.last().unwrap(), &&json!({"bytes": 2 * PAYLOAD, "of": 2 * PAYLOAD}));
    let facts = json!({"version": "0.3.1", "counter": 31});
    assert_eq!(said.last().unwrap(), &json!({"done": facts}));
    assert_eq!(card.facts()["other"], facts);
    let written = fs::read(card.slot('b')).unwrap();
    assert!(written.starts_with(&update.payload));
    let mut tail = update.head();
    tail.resize(TAIL, 0);
    assert!(written.ends_with(&tail));
    assert_eq!(starts(&card), 'a');

    card.try_other(false).unwrap();
    assert_eq!(starts(&card), 'b');
    let trial = json!({"from": "a", "to": "b", "version": "0.3.1", "counter": 31});
    assert_eq!(card.system("trial.json"), Some(trial));

    // The other slot has started.
    card.runs('b', "0.3.1", 31);
    prepare(&card);
    let on_trial = card.facts();
    assert_eq!((&on_trial["trial"], &on_trial["default"]), (&json!(true), &json!("a")));
    let newer = bundle(&key, "0.3.2", 32);
    assert_eq!(code(card.install(&newer.bytes())), "on_trial");
    assert_eq!(code(card.try_other(true)), "on_trial");
    assert_eq!(starts(&card), 'a');

    let before = card.autoboot();
    fs::write(card.trial_mark(), "").unwrap();
    card.commit().unwrap();
    assert!(!card.trial_mark().exists());
    assert_eq!(starts(&card), 'b');
    let changed = before.iter().zip(card.autoboot()).filter(|(old, new)| **old != *new).count();
    assert_eq!(changed, 2);
    assert_eq!(card.system("trial.json"), None);
    assert_eq!(card.system("updates.json").unwrap()["proved"], facts);
    assert_eq!(card.facts()["trial"], json!(false));
    card.commit().unwrap();
    assert_eq!(starts(&card), 'b');

    // The way back to slot A, by the key that takes over.
    let newer = bundle(&next, "0.3.2", 32);
    card.install(&newer.bytes()).unwrap();
    card.try_other(false).unwrap();
    assert_eq!(starts(&card), 'a');
}

#[test]
fn a_trial_that_comes_back_is_told_once_and_not_forgotten() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    card.install(&bundle(&key, "0.3.1", 31).bytes()).unwrap();
    card.try_other(false).unwrap();
    card.runs('a', "0.3.0", 30);
    prepare(&card);
    assert_eq!(card.system("trial.json"), None);
    let facts = card.facts();
    assert_eq!(facts["refused"], json!([31]));
    assert_eq!(facts["trial"], json!(false));
    prepare(&card);
    assert_eq!(card.facts()["refused"], json!([31]));
    // The owner may still say so; and if it then does well, it is refused no longer.
    card.try_other(false).unwrap();
    card.runs('b', "0.3.1", 31);
    prepare(&card);
    card.commit().unwrap();
    assert_eq!(card.facts()["refused"], json!([]));
}

#[test]
fn back_only_on_the_owners_word_and_then_what_was_left_is_refused() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    card.holds('a', &bundle(&key, "0.3.0", 30));
    card.holds('b', &bundle(&key, "0.2.0", 20));
    let (refused, sentence) = card.try_other(false).unwrap_err();
    assert_eq!(refused, "too_old", "{sentence}");
    assert!(sentence.contains("0.2.0") && sentence.contains("0.3.0"), "{sentence}");
    assert_eq!(starts(&card), 'a');
    card.try_other(true).unwrap();
    assert_eq!(starts(&card), 'b');
    card.runs('b', "0.2.0", 20);
    prepare(&card);
    card.commit().unwrap();
    assert_eq!(starts(&card), 'b');
    assert_eq!(card.facts()["refused"], json!([30]));
}

#[test]
fn a_power_cut_between_commit_and_its_note_is_got_over() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    card.install(&bundle(&key, "0.3.1", 31).bytes()).unwrap();
    card.try_other(false).unwrap();
    card.runs('b', "0.3.1", 31);
    let trial = card.folder.path().join("data/system/trial.json");
    let noted = fs::read(&trial).unwrap();
    card.commit().unwrap();
    fs::write(&trial, noted).unwrap();
    prepare(&card);
    assert_eq!(card.system("trial.json"), None);
    let facts = card.facts();
    assert_eq!((&facts["refused"], &facts["default"]), (&json!([]), &json!("b")));
}

#[test]
fn a_slot_that_rotted_is_not_started() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    let good = bundle(&key, "0.3.1", 31);
    let spoil = |at: usize| {
        let mut bytes = fs::read(card.slot('b')).unwrap();
        bytes[at] ^= 1;
        fs::write(card.slot('b'), bytes).unwrap();
    };
    for at in [0, 1_000_001, good.payload.len() - 1] {
        card.install(&good.bytes()).unwrap();
        spoil(at);
        assert_eq!(code(card.try_other(false)), "nothing_to_try");
        assert_eq!((starts(&card), card.system("trial.json")), ('a', None));
    }
    // The head rots: it is not even offered. What lies between image and head is of no account.
    card.install(&good.bytes()).unwrap();
    spoil(good.payload.len() + 1);
    assert_eq!(card.facts()["other"]["counter"], json!(31));
    spoil(usize::try_from(SLOT_BYTES).unwrap() - TAIL + 60);
    assert_eq!(card.facts()["other"], Value::Null);
    // A card made for another board, put in here by its owner.
    let mut other = crate::support::bundle::manifest("0.3.1", 31, &good.payload);
    other["board"] = "rpi5".into();
    card.holds('b', &Bundle::of(&key, other.to_string().into_bytes(), good.payload));
    assert_eq!(card.facts()["other"], Value::Null);
    assert_eq!(code(card.try_other(true)), "wrong_board");
}

#[test]
fn two_updates_at_once_are_one_and_a_refusal() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    let bytes = bundle(&key, "0.3.1", 31).bytes();
    let mut first = card.steward("answer").spawn().unwrap();
    let mut stdin = first.stdin.take().unwrap();
    stdin.write_all(b"{\"verb\":\"install\"}\n").unwrap();
    stdin.write_all(&bytes[..1_500_000]).unwrap();
    until("the first to hold the lock", Duration::from_secs(20), || {
        (code(card.try_other(false)) == "busy").then_some(())
    });
    assert_eq!(code(card.install(&bytes)), "busy");
    stdin.write_all(&bytes[1_500_000..]).unwrap();
    drop(stdin);
    let said = String::from_utf8(first.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.ends_with("{\"done\":{\"counter\":31,\"version\":\"0.3.1\"}}\n"), "{said}");
    // One that is killed leaves no lock, and nothing that is offered.
    let mut killed = card.steward("answer").spawn().unwrap();
    let mut stdin = killed.stdin.take().unwrap();
    stdin.write_all(b"{\"verb\":\"install\"}\n").unwrap();
    stdin.write_all(&bytes[..1_500_000]).unwrap();
    until("the slot to be emptied", Duration::from_secs(20), || {
        (card.facts()["other"] == Value::Null).then_some(())
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
    card.install(&bytes).unwrap();
}

#[test]
fn a_box_that_cannot_take_an_update_says_why_and_stays_as_it_is() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    let bytes = bundle(&key, "0.3.1", 31).bytes();
    card.install(&bytes).unwrap();
    let root = card.folder.path();

    // The flag cannot be set: nothing is noted of a trial that there is none of.
    fs::remove_file(root.join("one_shot")).unwrap();
    let (refused, sentence) = card.try_other(false).unwrap_err();
    assert_eq!(refused, "no_one_shot", "{sentence}");
    assert!(!root.join("one_shot").exists());
    assert_eq!(card.system("trial.json"), None);
    fs::write(root.join("one_shot"), "").unwrap();

    // Nothing can be noted: nothing is tried.
    fs::remove_dir(root.join("data/system")).unwrap();
    fs::write(root.join("data/system"), "").unwrap();
    let (refused, sentence) = card.try_other(false).unwrap_err();
    assert_eq!(refused, "data_not_written", "{sentence}");
    assert_eq!(card.one_shot(), "");
    fs::remove_file(root.join("data/system")).unwrap();

    // Both slots are one partition, by whatever error.
    fs::remove_file(card.slot('b')).unwrap();
    assert_eq!(code(card.install(&bytes)), "slot_missing");
    std::os::unix::fs::symlink(card.slot('a'), card.slot('b')).unwrap();
    let running = fs::read(card.slot('a')).unwrap();
    assert_eq!(code(card.install(&bytes)), "slot_missing");
    assert!(fs::read(card.slot('a')).unwrap() == running);

    // No key, no update.
    for key in fs::read_dir(root.join("usr/share/credenza/update-keys")).unwrap() {
        fs::remove_file(key.unwrap().path()).unwrap();
    }
    assert_eq!(code(card.install(&bytes)), "damaged_image");
    assert_eq!(card.facts()["counter"], json!(30));
}

/// The initramfs or the system's own guard asked for the other slot; no trial of ours is noted.
#[test]
fn an_owner_is_told_that_the_usual_slot_is_damaged() {
    if let Some(reason) = missing_tools() {
        return skip(reason);
    }
    let key = Key::new();
    let card = Card::new(&[&key]);
    card.runs('b', "0.3.1", 31);
    prepare(&card);
    let notices = card.facts()["notices"].clone();
    let told = notices.as_array().unwrap().iter().any(|n| n["code"] == "other_slot_started");
    assert!(told, "{notices}");
}
