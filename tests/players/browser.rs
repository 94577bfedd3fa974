//! A viewer in a browser: who loads the page of a film again, or comes back to it after a restart of
//! the box, goes on where the picture stood.

use super::{LIMIT, MP4, matrix, mp4, torrent_of};
use crate::support::process::finish;
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
