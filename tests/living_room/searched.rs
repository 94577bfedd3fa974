//! What is searched for, and by which number a set knows that its list is old.

use super::quirks::{call, list, on, served};
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
    let list = list(&super::quirks::browse(&server, AGENT, "0", "BrowseDirectChildren"));
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
