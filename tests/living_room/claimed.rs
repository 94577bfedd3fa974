//! A box that has no owner yet says its claim code in the television's own library (S-03): to the
//! household alone, and until it is claimed.

use super::quirks::{browse, call, list, on};
use crate::support::http::{Answer, ask, get};
use crate::support::player::ffmpeg;
use crate::support::server::Server;
use crate::support::the_box::TheBox;
use crate::support::{has, skip, until};

const SET: &str = "DLNADOC/1.50 SEC_HHP_[TV] Samsung Q7 Series (49)/1.0";

fn root(server: &Server) -> Answer {
    browse(server, SET, "0", "BrowseDirectChildren")
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("no {before}: {text}"));
    rest.split(after).next().unwrap()
}

fn number(answer: &Answer, name: &str) -> usize {
    between(&answer.text(), &format!("<{name}>"), "<").parse().unwrap()
}

#[test]
fn the_claim_code_is_a_title_until_it_is_claimed() {
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = on(&folder.path().join("data"), &[]);
    let code = server.claim_code();
    let first = root(&server);
    let (told, total) = (list(&first), number(&first, "TotalMatches"));
    assert_eq!(number(&first, "NumberReturned"), total);
    let item = between(&told, "<item ", "</item>");
    let title = format!("Claim code {code}");
    assert!(item.contains(&format!("<dc:title>{title}</dc:title>")), "{item}");
    let id = between(item, "id=\"", "\"");
    assert!(!id.contains(&code), "what is kept in a set is no code: {id}");

    // By pages, it stands first and is counted.
    let page = |start: usize| {
        let arguments = format!(
            "<ObjectID>0</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag><Filter>*</Filter>\
             <StartingIndex>{start}</StartingIndex><RequestedCount>1</RequestedCount><SortCriteria/>"
        );
        call(&server, SET, "content-directory", "Browse", &arguments)
    };
    assert!(list(&page(0)).contains(&title));
    assert!(list(&page(1)).contains("<container id=\"continue\""), "{}", list(&page(1)));
    assert_eq!(number(&page(1), "TotalMatches"), total);
    let alone = browse(&server, SET, id, "BrowseMetadata");
    assert!(list(&alone).contains(&title), "{}", alone.text());

    let link = between(item, "<res ", "</res>").rsplit('>').next().unwrap().to_owned();
    assert!(!link.contains(&code), "{link}");
    let clip = get(&link).send();
    assert_eq!((clip.status, clip.header("content-type")), (200, Some("video/mp4")), "{link}");
    let part = get(&link).with("Range", "bytes=4-7").send();
    assert_eq!((part.status, part.body.as_slice()), (206, &b"ftyp"[..]));
    assert_eq!(ask("HEAD", &link).send().status, 200);
    let seen = ffmpeg(&link, 0, 5, super::LIMIT).unwrap();
    assert!(seen.frames.is_some_and(|frames| frames > 0), "{seen:?}");

    let version = || number(&root(&server), "UpdateID");
    let before = version();
    server.claim("long-enough");
    let claimed = root(&server);
    assert!(!list(&claimed).contains("Claim code"), "{}", list(&claimed));
    assert_eq!(number(&claimed, "TotalMatches"), total - 1);
    assert!(browse(&server, SET, id, "BrowseMetadata").text().contains("701"), "no such object");
    let gone = get(&link).send();
    assert!(gone.status == 404 && !gone.text().contains(&code), "{}: {}", gone.status, gone.text());
    until("sets to be told", super::LIMIT, || (version() != before).then_some(()));
}

/// Anybody in reach may join the box's own network, and may not read there how to own it.
#[test]
fn who_comes_by_the_boxs_own_network_browses_nothing() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let mut server = the_box.serve_as("0.0.0.0:0", "", &[("CREDENZA_LAN_UPNP", "true")]);
    let port = server.base.rsplit(':').next().unwrap().to_owned();
    server.base = format!("http://127.0.0.1:{port}");
    assert!(list(&root(&server)).contains("Claim code"));
    the_box.opens_access_point();
    server.owner("GET", "/api/box").send();
    server.base = format!("http://127.0.0.2:{port}");
    until("the own network to be known", super::LIMIT, || {
        (root(&server).status == 404).then_some(())
    });
    let told = get(&format!("{}/dlna/description.xml", server.base)).send();
    assert_eq!(told.status, 404);
}
