//! Google Cast receivers that claim more than they have to say: whatever one sends, the box keeps its
//! memory and its threads, and says in a sentence what is wrong.

use super::{LIMIT, found_as, no_receiver, receiver};
use crate::support::home::Home;
use crate::support::process::finish;
use crate::support::skip;

/// More than one answer may cost.
const MOST_KIB: u64 = 64 << 10;

/// The most that the box ever had: in memory, and set aside.
fn highest_kib(home: &Home) -> [u64; 2] {
    let status = std::fs::read_to_string(format!("/proc/{}/status", home.id())).unwrap();
    ["VmHWM:", "VmPeak:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    })
}

#[test]
fn a_receiver_that_claims_two_gigabytes_is_not_believed() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    for (name, mode, why) in [
        ("Boaster", "boasts", "its answer is too long for Cast"),
        ("Babbler", "babbles", "nothing of what it was asked"),
    ] {
        let _receiver = receiver(&home, folder.path(), name, mode);
        let id = found_as(&home, name);
        let before = highest_kib(&home);
        let told = home.get(&format!("/api/renderers/{id}")).unwrap_err();
        let after = highest_kib(&home);
        println!("{name}: {told}; KiB before {before:?}, after {after:?}");
        assert!(told.contains(&format!("{name} refuses")) && told.contains(why), "{told}");
        let page = finish(&mut home.curl(&format!("/television/{id}")), LIMIT).unwrap().text();
        assert!(page.contains(&format!("{name} refuses")) && page.contains(why), "{page}");
        let grown: Vec<u64> =
            after.iter().zip(before).map(|(after, before)| after - before).collect();
        // A thread of its own sets some aside, as does what the allocator keeps for it.
        assert!(grown[0] < MOST_KIB && grown[1] < 8 * MOST_KIB, "{grown:?}");
    }
    assert!(home.stop());
}

#[test]
fn a_receiver_that_answers_a_byte_a_second_holds_no_thread() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _receiver = receiver(&home, folder.path(), "Miser", "trickles");
    let id = found_as(&home, "Miser");
    for _ in 0..2 {
        // Were the thread of the first still there, the second would be told that the set is busy.
        let told = home.get(&format!("/api/renderers/{id}")).unwrap_err();
        assert!(told.contains("Miser does not answer"), "{told}");
    }
    assert!(home.stop());
}
