//! A viewer in a browser: who loads the page of a film again, or comes back to it after a restart of
//! the box, goes on where the picture stood; and who runs no scripts gets from a search to the picture.

use serde_json::json;

use super::{LIMIT, MP4, matrix, mp4, torrent_of};
use crate::support::process::finish;
use crate::support::server::Server;
use crate::support::shop::Shop;
use crate::support::world::{ID, World};
use crate::support::{has, skip, watcher};

/// `NAME BEGAN ENDED FRAMES` as the script prints it.
fn told(said: &str, name: &str) -> (f64, f64, f64) {
    let line = said.lines().find_map(|line| line.strip_prefix(name));
    let words = line.unwrap_or_else(|| panic!("no {name}: {said}")).split_whitespace();
    let numbers: Vec<f64> = words.map(|word| word.parse().unwrap()).collect();
    (numbers[0], numbers[1], numbers[2])
}

#[test]
fn a_page_that_is_loaded_again_goes_on_where_the_picture_stood() {
    if let Some(lacks) = watcher::chromium_lacks() {
        return skip(lacks);
    }
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let torrent = torrent_of(&mp4(), MP4);
    let bought = matrix::bought(&torrent, 4 << 20);
    let page = bought.finished.url.replacen("/v/", "/play/", 1);
    let mut command = watcher::with_chromium("players/resume.js");
    let said = finish(command.arg(&page).arg("12"), LIMIT).unwrap().text();
    let (began, ended, frames) = told(&said, "FIRST ");
    assert!(began < 2.0 && ended >= 12.0 && frames > 100.0, "{said}");
    assert!(said.contains("TOLD 20"), "the page told the place: {said}");
    let (again, _, frames) = told(&said, "AGAIN ");
    // A whole second is kept, the one that stood there at the pause or up to ten before.
    assert!(again >= ended - 11.0 && again > 9.0 && again < ended + 3.0, "{said}");
    assert!(frames > 10.0, "{said}");
}

/// As old engines of televisions are, and browsers in which somebody has switched scripts off.
#[test]
fn who_runs_no_scripts_gets_from_a_search_to_the_picture() {
    if let Some(lacks) = watcher::chromium_lacks() {
        return skip(lacks);
    }
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let (torrent, world) = (torrent_of(&mp4(), MP4), World::of("The Long Evening"));
    let film = json!({"id": ID, "imdb_id": ID, "type": "movie", "name": "The Long Evening"});
    world.list(&[&torrent]).found("long%20evening", &[film]);
    let shop = Shop::of(&[&torrent], 8 << 20);
    let text = shop.configuration(&world, "[swarm]\nenabled = false\n");
    let nobody = "[title]\nkitsu_url = \"http://127.0.0.1:9/\"\n";
    let server = Server::serve(&text.replacen("[title]\n", nobody, 1));
    let mut command = watcher::with_chromium("players/no_script.js");
    command.args([&server.base, "long evening", "The Long Evening"]);
    let said = finish(&mut command, LIMIT).unwrap_or_else(|why| panic!("{why}\n{}", server.log()));
    let said = said.text();
    println!("{said}");
    let at = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {said}")).trim().to_owned()
    };
    assert!(at("FOUND").contains("?q=long"), "{said}");
    assert!(at("CANDIDATES").ends_with(&format!("/watch/{ID}")), "{said}");
    assert!(at("PLAYER").contains("/play/"), "{said}");
    assert!(at("BYTES").starts_with("206 video/mp4 bytes 0-"), "{said}");
    let told = at("PICTURE");
    let numbers: Vec<f64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
    let [width, length, place, frames] = numbers[..] else { panic!("{said}") };
    assert!(width > 0.0 && (length - 60.0).abs() < 1.0, "{said}");
    assert!(place > 1.0 && frames > 10.0, "the browser's own controls play it: {said}");
}
