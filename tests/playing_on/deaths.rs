//! Deaths of a film's source in the middle of a body, each of which really cuts what is being sent.

use std::time::Duration;

use super::Town;
use crate::support::until;
use crate::support::warehouse::Mood;

const FRESH: &str = "a link had died; a fresh one is in use";

#[test]
fn a_film_goes_on_through_five_deaths_of_its_source() {
    let town = Town::new(true, true);
    let Some(first_peer) = town.peer() else { return };
    let viewer = town.viewer();
    viewer.has(2);

    // 1. The link dies for good; the store gives a fresh one.
    town.link_dies(410);
    viewer.has(6);
    assert_eq!(town.log_says(FRESH), 1, "{}", town.server.log());
    assert_eq!(town.log_says("a film goes on by another way"), 0, "{}", town.server.log());

    // 2. The store itself is gone: peers.
    assert!(town.store_is_dead() > 0, "nobody read from it");
    viewer.has(14);
    assert_eq!(town.log_says("a film goes on by another way"), 1, "{}", town.server.log());

    // 3. The only peer goes, and the store is back.
    town.store_is_well();
    drop(first_peer);
    viewer.has(22);
    assert!(town.helped() >= 2, "{}", town.server.log());

    // 4. The connection is cut; the link itself is good.
    town.breaks_off(Mood::HangsUp);
    viewer.has(28);

    // 5. The file server keeps the connection and says nothing more; somebody else seeds.
    let _second_peer = town.peer();
    town.warehouse.is(Mood::Silent);
    viewer.has(36);

    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn whatever_a_dead_link_answers_and_however_a_connection_ends_the_film_goes_on() {
    let town = Town::new(true, false);
    let viewer = town.viewer();
    viewer.has(2);
    let mut died = 0;
    for (status, mib) in [(401, 6), (403, 10), (404, 14), (410, 18), (451, 22), (503, 26)] {
        town.link_dies(status);
        died += 1;
        until(&format!("a fresh link after {status}"), Duration::from_secs(60), || {
            (town.log_says(FRESH) >= died).then_some(())
        });
        viewer.has(mib);
        assert_eq!(town.log_says(FRESH), died, "{status}: {}", town.server.log());
    }
    // A connection that is cut says nothing against the link.
    for (mood, mib) in [(Mood::HangsUp, 30), (Mood::Resets, 34)] {
        town.breaks_off(mood);
        viewer.has(mib);
        assert_eq!(town.log_says(FRESH), died, "{mood:?}: {}", town.server.log());
    }
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}
