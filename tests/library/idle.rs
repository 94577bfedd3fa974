//! The timer by which a temporary library is tidied, with nobody asking for it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Home, LIMIT};
use crate::support::until;

/// The timer's minute, the half minute between two looks, and a busy machine.
const SOON: Duration = Duration::from_secs(180);

#[test]
fn a_minute_after_its_last_reader_a_film_goes_by_itself_and_the_others_stay() {
    let home = Home::new(&[2, 2, 24], "idle_minutes = 1");
    let (pinned, _) = home.have(0);
    assert_eq!(home.put(&pinned, &json!({"pinned": true})).status, 200);
    let (read, read_path) = home.have(2);
    let reader = super::restart::begin(home.server(), &read_path, 0);
    until("the reader", LIMIT, || (home.row(&read)["readers"] == json!(1)).then_some(()));
    let (idle, path) = home.have(1);
    let last_read = Instant::now();
    until("the idle film to go", SOON, || (!home.file(1).exists()).then_some(()));
    let after = last_read.elapsed();
    assert!(after > Duration::from_secs(55), "gone after {after:?} already");
    println!("gone {after:?} after it was read");
    assert!(home.file(0).exists() && home.file(2).exists(), "the others stay");
    assert_eq!(home.row(&pinned)["whole"], json!(true));
    assert_eq!(home.row(&read)["readers"], json!(1), "nobody was sent away");
    until("the line in the log", LIMIT, || home.server().log().contains("why=Idle").then_some(()));
    // Its link plays on, from peers again.
    home.watch(1, &path);
    assert_ne!(idle, pinned);
    drop(reader);
}
