//! What is searched for, and by which number a set knows that its list is old.

use std::collections::HashSet;
use std::time::Instant;

use super::quirks::{browse, call, list, on, served};
use super::shelf;
use crate::support::http::Answer;
use crate::support::server::Server;

const AGENT: &str = "DLNADOC/1.50";

fn search(server: &Server, container: &str, criteria: &str) -> Answer {
    let criteria = credenza::xml::escape(criteria);
    let arguments = format!(
        "<ContainerID>{container}</ContainerID><SearchCriteria>{criteria}</SearchCriteria>\
         <Filter>*</Filter><StartingIndex>0</StartingIndex><RequestedCount>0</RequestedCount>\
         <SortCriteria>+dc:title</SortCriteria>"
    );
    call(server, AGENT, "content-directory", "Search", &arguments)
}

#[test]
fn a_search_finds_what_its_criteria_say_and_nothing_else() {
    let server = served(&["Ash", "Birch", "Cedar"].map(str::to_owned));
    for (criteria, expected) in [
        ("dc:title != \"Ash\"", &["Birch", "Cedar"][..]),
        ("dc:title contains \"ash\" or dc:title contains \"dar\"", &["Ash", "Cedar"]),
        ("dc:title doesNotContain \"r\"", &["Ash"]),
        ("dc:title = \"cedar\" and upnp:class derivedfrom \"object.item.videoItem\"", &["Cedar"]),
        ("upnp:class derivedfrom \"object.item.audioItem\"", &[]),
        ("*", &["Ash", "Birch", "Cedar"]),
    ] {
        let list = list(&search(&server, "0", criteria));
        let titles: Vec<&str> =
            list.split("<dc:title>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        let bare = |title: &&str| title.split(" (").next().unwrap_or_default().to_owned();
        assert_eq!(titles.iter().map(bare).collect::<Vec<_>>(), expected, "{criteria}: {list}");
    }
    for container in ["nobody", "../.."] {
        for criteria in ["*", "upnp:class derivedfrom \"object.item.audioItem\""] {
            let answer = search(&server, container, criteria);
            assert!(answer.text().contains("<errorCode>710</errorCode>"), "{}", answer.text());
        }
    }
}

#[test]
fn a_folder_says_how_much_it_holds() {
    let server = served(&[]);
    let list = list(&browse(&server, AGENT, "0", "BrowseDirectChildren"));
    let folders = list.matches("object.container.storageFolder").count();
    assert!(folders >= 2, "{list}");
    assert_eq!(list.matches("<upnp:storageUsed>-1</upnp:storageUsed>").count(), folders, "{list}");
}

/// A set that kept a list from before a restart believes it while the number is the same.
#[test]
fn the_number_of_the_list_grows_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    shelf::fill(&data, &["A film".to_owned()]);
    let number = |server: &Server| -> u64 {
        let answer = call(server, AGENT, "content-directory", "GetSystemUpdateID", "").text();
        answer.split("<Id>").nth(1).unwrap().split('<').next().unwrap().parse().unwrap()
    };
    let first = on(&data, &[]);
    let before = number(&first);
    assert_eq!(number(&first), before, "the clock alone does not change it");
    assert_eq!(first.stop(), 0);
    let second = on(&data, &[]);
    assert!(number(&second) > before, "{before} and {}", number(&second));
    assert!(u32::try_from(number(&second)).is_ok());
}

/// A page of a search for all films, in the order that the server gives.
fn page(server: &Server, container: &str, criteria: &str, start: usize) -> (Vec<Item>, usize) {
    let criteria = credenza::xml::escape(criteria);
    let arguments = format!(
        "<ContainerID>{container}</ContainerID><SearchCriteria>{criteria}</SearchCriteria>\
         <Filter>*</Filter><StartingIndex>{start}</StartingIndex>\
         <RequestedCount>150</RequestedCount><SortCriteria/>"
    );
    let answer = call(server, AGENT, "content-directory", "Search", &arguments);
    let list = list(&answer);
    let items = list.split("<item ").skip(1).map(|item| {
        let attribute = |name: &str| {
            let value = item.split(&format!("{name}=\"")).nth(1).unwrap();
            value.split('"').next().unwrap().to_owned()
        };
        let title = item.split("<dc:title>").nth(1).unwrap().split('<').next().unwrap();
        Item { id: attribute("id"), parent: attribute("parentID"), title: title.to_owned() }
    });
    (items.collect(), number(&answer, "TotalMatches"))
}

struct Item {
    id: String,
    parent: String,
    title: String,
}

fn number(answer: &Answer, name: &str) -> usize {
    let text = answer.text();
    let value = text.split(&format!("<{name}>")).nth(1).unwrap_or_else(|| panic!("{text}"));
    value.split('<').next().unwrap().parse().unwrap()
}

/// All pages of a search.
fn all(server: &Server, container: &str, criteria: &str) -> Vec<Item> {
    let mut found = Vec::new();
    loop {
        let (items, total) = page(server, container, criteria, found.len());
        assert!(!items.is_empty() || total == found.len(), "{} of {total}", found.len());
        found.extend(items);
        if found.len() == total {
            return found;
        }
    }
}

/// More folders than anybody looks into: series, and films under letters that are divided in turn.
fn lying() -> Vec<(String, String)> {
    let films = (0..300).map(|number| {
        let letter = if number < 250 { 'A' } else { 'B' };
        (format!("tt{}", 5_000_000 + number), format!("{letter} film {number:03}"))
    });
    let episodes = (0..120).map(|number| {
        let (series, season) = (number / 2, number % 2 + 1);
        (format!("tt{}:{season}:1", 6_000_000 + series), format!("Series {series:03}"))
    });
    films.chain(episodes).collect()
}

#[test]
fn all_that_lies_on_the_box_is_found_once_and_every_folder_says_how_much_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    shelf::lay(&data, &lying());
    let server = on(&data, &[("CREDENZA_ACCESS_AUTH_REQUIRED", "false")]);
    let once = |items: &[Item]| {
        items.iter().map(|item| item.id.as_str()).collect::<HashSet<_>>().len() == items.len()
    };
    for (container, criteria, expected) in [
        ("0", "*", 420),
        ("0", "dc:title contains \"film\"", 300),
        ("0", "dc:title contains \"series\"", 120),
        ("0", "dc:title contains \"series 007 s02\"", 1),
        ("here", "*", 420),
        ("here.films", "*", 300),
        ("here.films.A", "*", 250),
        ("here.films.A.part-1", "*", 50),
        ("here.films.Q", "*", 0),
        ("here.series", "*", 120),
        ("here.series.tt6000007", "*", 2),
        ("here.series.tt6000007.s2", "*", 1),
        ("continue", "*", 0),
    ] {
        let found = all(&server, container, criteria);
        assert_eq!(found.len(), expected, "{container}: {criteria}");
        assert!(once(&found), "{container}: {criteria}");
    }
    // Where a film is said to stand, there it stands.
    for (title, parent) in
        [("A film 201", "here.films.A.part-1"), ("Series 059 S01E01", "here.series.tt6000059.s1")]
    {
        let found = all(&server, "0", &format!("dc:title = \"{title}\""));
        assert_eq!(found[0].title, title);
        assert_eq!(found[0].parent, parent, "{title}");
        let there = list(&browse(&server, AGENT, parent, "BrowseDirectChildren"));
        assert!(there.contains(&format!("<item id=\"{}\"", found[0].id)), "{title}: {there}");
    }
    let begins = ["0", "here", "here.series.tt6000007"];
    let (mut folders, mut looked) = (begins.map(str::to_owned).to_vec(), 0);
    while let Some(folder) = folders.pop() {
        let answer = browse(&server, AGENT, &folder, "BrowseDirectChildren");
        for row in list(&answer).split("<container ").skip(1) {
            let row = row.split('>').next().unwrap();
            let attribute = |name: &str| row.split(&format!("{name}=\"")).nth(1);
            let id = attribute("id").unwrap().split('"').next().unwrap().to_owned();
            let Some(count) = attribute("childCount") else { continue };
            let count: usize = count.split('"').next().unwrap().parse().unwrap();
            let there = browse(&server, AGENT, &id, "BrowseDirectChildren");
            assert_eq!(count, number(&there, "TotalMatches"), "{id}");
            looked += 1;
            folders.push(id);
        }
    }
    assert!(looked >= 12, "{looked} folders");
}

/// What a household pins it may pin by the thousand.
#[test]
fn ten_thousand_titles_are_found_page_by_page() {
    let titles: Vec<String> = (0..10_000).map(|number| format!("Film {number:05}")).collect();
    let server = served(&titles);
    // The lists are made once.
    let (_, total) = page(&server, "0", "*", 0);
    assert_eq!(total, 10_000);
    let began = Instant::now();
    let found = all(&server, "0", "*");
    let pages = found.len().div_ceil(150);
    println!("{pages} pages of a search of 10,000 titles: {:?} each", began.elapsed() / 67);
    let titles: HashSet<&str> = found.iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles.len(), 10_000);
}
