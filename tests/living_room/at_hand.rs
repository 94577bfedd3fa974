//! What a set is told without anybody being asked: titles that a search finds, pictures that are small
//! enough, how large a film's picture is.

use super::FILM;
use super::quirks::{browse, call};
use crate::support::http::ask;
use crate::support::process::finish;
use crate::support::server::Server;
use crate::support::{has, skip, until};

const SET: &str = "DLNADOC/1.50";
/// Of a series of the demonstration, whose episodes are Matroska files.
const SEASON: &str = "series.tt9900102.s1";

fn household() -> Server {
    Server::demo_with(&[("CREDENZA_LAN_UPNP", "true"), ("CREDENZA_ACCESS_AUTH_REQUIRED", "false")])
}

/// The list in an answer, read.
fn list(text: &str) -> String {
    let result = text.split("<Result>").nth(1).unwrap_or_else(|| panic!("{text}"));
    credenza::xml::unescape(result.split("</Result>").next().unwrap()).into_owned()
}

/// What a search for films finds, from the `start`th on, and how many there are.
fn searched(server: &Server, container: &str, words: &str, start: u32) -> (String, u32) {
    let criteria = format!(
        "upnp:class derivedfrom &quot;object.item.videoItem&quot; and dc:title contains \
         &quot;{words}&quot;"
    );
    let arguments = format!(
        "<ContainerID>{container}</ContainerID><SearchCriteria>{criteria}</SearchCriteria>\
         <Filter>*</Filter><StartingIndex>{start}</StartingIndex>\
         <RequestedCount>1</RequestedCount><SortCriteria/>"
    );
    let text = call(server, SET, "content-directory", "Search", &arguments).text();
    let total = text.split("<TotalMatches>").nth(1).unwrap().split('<').next().unwrap();
    (list(&text), total.parse().unwrap())
}

#[test]
fn a_search_finds_titles_that_were_told_of_late_and_asks_nobody() {
    let server = household();
    assert_eq!(searched(&server, "0", "lamp", 0).1, 0, "nobody was asked for it yet");
    browse(&server, SET, "films", "BrowseDirectChildren");
    let item = format!("<item id=\"films.film-{FILM}\" parentID=\"films\"");
    for container in ["0", "films"] {
        let (found, total) = searched(&server, container, "LAMP", 0);
        assert!(found.contains(&item) && total == 1, "{container}: {found}");
    }
    assert_eq!(searched(&server, "0", "lamp", 1), (searched(&server, "0", "x", 1).0, 1), "paged");
    for (container, words) in [("here", "lamp"), ("searches", "lamp"), ("0", "nobody's film")] {
        assert_eq!(searched(&server, container, words, 0).1, 0, "{container} {words}");
    }
    // Found by a phone, it stands there too; and still once for the whole house.
    assert_eq!(server.get("/api/search?q=lamp").status, 200);
    let (found, total) = searched(&server, "searches", "lamp", 0);
    assert!(found.contains("parentID=\"searches.") && total == 1, "{found}");
    assert_eq!(searched(&server, "0", "lamp", 0).1, 1);
    // All there is, is what is here.
    let all = "<ContainerID>0</ContainerID><SearchCriteria>*</SearchCriteria>";
    let all = call(&server, SET, "content-directory", "Search", all).text();
    assert!(all.contains("<TotalMatches>0</TotalMatches>"), "{all}");
}

#[test]
fn a_film_has_a_picture_of_at_most_160_pixels_beside_its_poster() {
    if !has("ffprobe") {
        return skip("needs ffprobe");
    }
    let server = household();
    let films = list(&browse(&server, SET, "films", "BrowseDirectChildren").text());
    let small = films.split("dlna:profileID=\"JPEG_TN\">").nth(1).unwrap();
    let small = small.split('<').next().unwrap().to_owned();
    let whole = small.strip_suffix("/small.jpg").unwrap();
    assert!(films.contains(&format!("<upnp:albumArtURI>{whole}</upnp:albumArtURI>")), "{films}");
    let sides = |address: &str| -> Vec<u32> {
        let mut probe = std::process::Command::new("ffprobe");
        probe.args(["-v", "error", "-show_entries", "stream=codec_name,width,height"]);
        let text = finish(probe.args(["-of", "csv=p=0", address]), super::LIMIT).unwrap().text();
        println!("{address}: {text}");
        let sides = text.trim().strip_prefix("mjpeg,").unwrap();
        sides.split(',').map(|side| side.parse().unwrap()).collect()
    };
    assert!(sides(whole).iter().any(|side| *side > 160), "the poster as it is");
    let sides = sides(&small);
    assert!(sides.contains(&160) && sides.iter().all(|side| *side <= 160), "{sides:?}");
    let answer = ask("GET", &small).send();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")));
    let features = answer.header("contentfeatures.dlna.org").unwrap_or_default();
    assert!(features.starts_with("DLNA.ORG_PN=JPEG_TN;"), "{features}");
    let nobody = small.replace(FILM, "tt0000009");
    assert_eq!(ask("GET", &nobody).send().status, 404, "what cannot be made is not there");
}

#[test]
fn a_film_that_was_opened_says_how_large_its_picture_is_and_how_long_it_runs() {
    let server = household();
    let season = || list(&browse(&server, SET, SEASON, "BrowseDirectChildren").text());
    let before = season();
    assert!(!before.contains("resolution=") && !before.contains("duration="), "{before}");
    // Its address stands for whatever is chosen for it; that it is asked for chooses.
    let address = before.split("</res>").next().unwrap().rsplit('>').next().unwrap().to_owned();
    let told = until("the episode", super::LIMIT, || {
        let answer = ask("GET", &address).with("Range", "bytes=0-99").send();
        // A clip says why nothing plays yet, on a machine that has much else to do.
        let clip = answer.header("etag").is_some_and(|tag| tag.starts_with("\"clip-"));
        (answer.status == 206 && !clip).then(season)
    });
    assert!(told.contains("resolution=\"640x360\""), "{told}");
    assert!(told.contains(" duration=\"0:0"), "{told}");
}
