//! What is opened before somebody chooses it: nothing, unless the owner wants that.

use std::time::Duration;

use super::House;
use crate::support::until;

#[test]
fn the_best_of_a_search_is_opened_ahead_only_where_the_owner_wants_it() {
    for wanted in [false, true] {
        let house = House::of(|text| format!("{text}\n[find]\nopen_first = {wanted}\n"));
        assert_eq!(house.server.get("/api/find/tt9900101").status, 200);
        if !wanted {
            // Nothing is to happen, and there is no state to poll for in that.
            std::thread::sleep(Duration::from_secs(1));
            assert_eq!(house.demo.cdn().links_made(), 0, "nobody has chosen yet");
            assert!(!house.server.log().contains("ahead of its time"));
            continue;
        }
        until("the opening", Duration::from_secs(30), || {
            house
                .server
                .log()
                .contains("the best candidate was opened ahead of its time")
                .then_some(())
        });
        let made = house.demo.cdn().links_made();
        assert!(made >= 1);
        let play = house.server.play("tt9900101");
        assert_eq!(play["via"], "debrid");
        // Looked at again, it is not opened again.
        assert_eq!(house.server.get("/api/find/tt9900101").status, 200);
        assert_eq!(house.server.get("/api/status").json()["readers"], 0, "nobody watches");
    }
}
