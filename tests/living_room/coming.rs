//! What is still coming stands in the list from the start, and says how far it is until a player can open
//! it: a set that opened it would stop at its end.

use super::quirks::{KODI, browse, list};
use super::releases::{Household, LIMIT, NOBODY_SEEDS, PLAINER, SLOW, address, household, item};
use crate::support::http::ask;
use crate::support::{skip, until};

/// The titles of what is being downloaded, as a set is told of them.
fn coming(household: &Household) -> Vec<String> {
    let list = list(&browse(&household.server, KODI, "downloading", "BrowseDirectChildren"));
    let titles = list.split("<dc:title>").skip(1);
    titles.map(|rest| rest.split("</dc:title>").next().unwrap().to_owned()).collect()
}

/// The part of a hundred before a title.
fn percent(title: &str) -> Option<u32> {
    title.strip_prefix('[')?.split_once("%] ")?.0.parse().ok()
}

#[test]
fn a_film_says_how_far_it_is_until_a_player_can_open_it() {
    let Some(household) = household(PLAINER, SLOW) else {
        return skip(NOBODY_SEEDS);
    };
    assert!(coming(&household).is_empty(), "{:?}", coming(&household));
    let url = address(&item(&household.server, KODI));
    // Its head and its tail, as far as sets want them, are all of it: 4 MiB, of which a quarter of one
    // comes every five seconds.
    let first = ask("GET", &url).with("User-Agent", KODI).with("Range", "bytes=0-99").send();
    assert_eq!(first.status, 206);
    let title = until("the film in the list", LIMIT, || {
        coming(&household).into_iter().find(|title| title.ends_with("Quiet Harbour (2008)"))
    });
    println!("{title}");
    let began = percent(&title).unwrap_or_else(|| panic!("{title}"));
    assert!(began < 100, "{title}");
    // One film alone is told as its folder tells it.
    let id = {
        let list = list(&browse(&household.server, KODI, "downloading", "BrowseDirectChildren"));
        list.split("<item id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let alone = list(&browse(&household.server, KODI, &id, "BrowseMetadata"));
    assert!(alone.contains("<dc:title>[") && alone.contains("%] Quiet Harbour"), "{alone}");
    until("more of it", LIMIT, || {
        let now = coming(&household).first().and_then(|title| percent(title));
        now.is_some_and(|now| now > began).then_some(())
    });
}
