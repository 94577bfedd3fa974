//! Google Cast receivers on their bad days.

use std::time::Instant;

use serde_json::json;

use super::{
    FILM, LIMIT, NAME, found_as, listed, no_receiver, once, position, receiver, television, tell,
};
use crate::support::home::Home;
use crate::support::process::finish;
use crate::support::{has, skip, until};

/// How many engines of mDNS the box has.
fn engines(home: &Home) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", home.id())).unwrap();
    let names = tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("comm")));
    names.filter(|name| name.as_ref().is_ok_and(|name| name.starts_with("mDNS"))).count()
}

#[test]
fn a_receiver_that_falls_silent_holds_up_no_other() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _silent = receiver(&home, folder.path(), "Silent", "silent");
    let _sound = receiver(&home, folder.path(), "Sound", "");
    let (silent, sound) = (found_as(&home, "Silent"), found_as(&home, "Sound"));
    // More than there were ever places for talks.
    let asked: Vec<String> = std::thread::scope(|scope| {
        let ask = |mut curl| move || finish(&mut curl, LIMIT).unwrap().text();
        let asking: Vec<_> = (0..6)
            .map(|_| scope.spawn(ask(home.curl(&format!("/api/renderers/{silent}")))))
            .collect();
        // It does not even wait for them.
        once(&home, &sound, "the other receiver", |told| told["state"] == "nothing");
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(asked.iter().any(|error| error.contains("Silent does not answer")), "{asked:?}");
    assert!(asked.iter().any(|error| error.contains("Silent is busy")), "{asked:?}");
    // Nor is it out of reach for ever: whoever waited long enough is heard again.
    let began = Instant::now();
    let again = home.get(&format!("/api/renderers/{silent}")).unwrap_err();
    assert!(again.contains("Silent does not answer"), "{again}, {:?}", began.elapsed());
    assert!(home.stop());
}

#[test]
fn a_phone_that_goes_away_while_sets_are_looked_for_leaves_nothing_behind() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let mut home = Home::demo(&[]);
    for _ in 0..5 {
        let mut curl = home.curl("/api/renderers");
        curl.args(["--max-time", "0.5"]);
        assert!(finish(&mut curl, LIMIT).is_err(), "the look takes two seconds");
    }
    until("the engines to end", LIMIT, || (engines(&home) == 0).then_some(()));
    assert!(home.stop());
}

#[test]
fn an_answer_that_leads_to_this_machine_is_not_believed() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let own = format!("at={}", home.lab.server.address);
    let _liars = [("Own", own.as_str()), ("Loopback", "at=127.0.0.1")]
        .map(|(name, mode)| receiver(&home, folder.path(), name, mode));
    let _honest = receiver(&home, folder.path(), "Honest", "");
    found_as(&home, "Honest");
    for _ in 0..3 {
        let rows = listed(&home);
        assert!(rows.iter().all(|row| row["name"] == "Honest"), "{rows:?}");
    }
    assert!(home.stop());
}

#[test]
fn what_shows_nothing_of_ours_says_so_when_it_is_led() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _receiver = receiver(&home, folder.path(), "Idle", "");
    let id = found_as(&home, "Idle");
    for (what, body) in
        [("pause", json!({})), ("resume", json!({})), ("seek", json!({"seconds": 5}))]
    {
        let refused = home.post(&format!("/api/renderers/{id}/{what}"), &body).unwrap_err();
        assert!(refused.contains("Idle shows nothing of ours"), "{what}: {refused}");
    }
    // What is wanted is so already; and the volume is the set's own.
    tell(&home, &id, "stop", &json!({}));
    tell(&home, &id, "volume", &json!({"percent": 30}));
    assert!(home.stop());
}

#[test]
fn a_receiver_is_waited_for_that_answers_before_its_player_runs() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _slow = receiver(&home, folder.path(), "Slow", "hesitates");
    let _broken = receiver(&home, folder.path(), "Broken", "unwilling");
    let (slow, broken) = (found_as(&home, "Slow"), found_as(&home, "Broken"));
    tell(&home, &slow, "play", &json!({"id": FILM}));
    once(&home, &slow, "the picture", |told| told["state"] == "playing" && position(told) >= 1.0);
    let refused = home.post(&format!("/api/renderers/{broken}/play"), &json!({"id": FILM}));
    let refused = refused.unwrap_err();
    assert!(refused.contains("could not start its player (NOT_FOUND)"), "{refused}");
    assert!(home.stop());
}

#[test]
fn a_set_that_is_found_in_two_ways_is_told_apart() {
    let missing = no_receiver().or_else(|| (!has("gmediarender")).then_some("needs gmediarender"));
    if let Some(reason) = missing {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _by_upnp = television(&home);
    found_as(&home, NAME);
    let _by_cast = receiver(&home, folder.path(), NAME, "");
    let names = until("both ways", LIMIT, || {
        let rows = listed(&home);
        (rows.len() == 2).then(|| rows.iter().map(|row| row["name"].clone()).collect::<Vec<_>>())
    });
    assert_eq!(names, [json!(format!("{NAME} (Cast)")), json!(format!("{NAME} (DLNA)"))]);
    assert!(home.stop());
}
