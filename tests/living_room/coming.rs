//! What is still coming stands in the list from the start, and says how far it is until a player can open
//! it: a set that opened it would stop at its end.

use std::time::{Duration, Instant};

use super::quirks::{KODI, browse, call, list};
use super::releases::{
    Household, LIMIT, NOBODY_SEEDS, PLAINER, SLOW, address, household, household_of, item,
};
use crate::support::http::ask;
use crate::support::{skip, until};

/// The titles of what is being downloaded, as a set is told of them.
fn coming(household: &Household) -> Vec<String> {
    let list = list(&browse(&household.server, KODI, "downloading", "BrowseDirectChildren"));
    let titles = list.split("<dc:title>").skip(1);
    titles.map(|rest| rest.split("</dc:title>").next().unwrap().to_owned()).collect()
}

/// The number of the lists, by which a set knows whether it has to read its own again.
fn number(household: &Household) -> String {
    let answer = call(&household.server, KODI, "content-directory", "GetSystemUpdateID", "");
    let text = answer.text();
    let id = text.split("<Id>").nth(1).unwrap_or_else(|| panic!("{text}"));
    id.split('<').next().unwrap().to_owned()
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

/// A set that goes by the number of the lists would show `[45%]` until the film is whole.
#[test]
fn the_mark_goes_with_head_and_tail_and_the_lists_are_counted_on() {
    const MIB: usize = 1 << 20;
    const FILM: usize = 64 * MIB;
    let Some(household) = household_of(PLAINER, [FILM, FILM], 2 << 20) else {
        return skip(NOBODY_SEEDS);
    };
    let url = address(&item(&household.server, KODI));
    let read = |from: usize, to: usize| {
        let range = format!("bytes={from}-{}", to - 1);
        let answer = ask("GET", &url).with("User-Agent", KODI).with("Range", &range).send();
        (answer.status, answer.body.len()) == (206, to - from)
    };
    // A clip says why nothing plays yet, on a machine that has much else to do.
    until("the film", LIMIT, || read(0, MIB).then_some(()));
    until("the film in the list", LIMIT, || coming(&household).pop());
    // The film was begun and is listed; what that counts, has been counted.
    let mut at_rest = (number(&household), Instant::now());
    until("the lists to be at rest", LIMIT, || {
        let now = number(&household);
        if now != at_rest.0 {
            at_rest = (now, Instant::now());
        }
        (at_rest.1.elapsed() > Duration::from_secs(2)).then_some(())
    });
    let before = at_rest.0;
    let began = coming(&household).first().and_then(|title| percent(title)).unwrap();
    until("more of it", LIMIT, || {
        let now = coming(&household).first().and_then(|title| percent(title))?;
        (now > began).then_some(())
    });
    assert_eq!(number(&household), before, "not with each percent");
    assert!(read(MIB, 4 * MIB) && read(FILM - 8 * MIB, FILM), "{}", household.server.log());
    household.peers_fall_silent();
    until("another number", LIMIT, || (number(&household) != before).then_some(()));
    assert_eq!(coming(&household), ["Quiet Harbour (2008)"]);
    let rows = household.server.owner("GET", "/api/library").send().json();
    assert_eq!(rows["titles"][0]["whole"], false, "{rows}");
}
