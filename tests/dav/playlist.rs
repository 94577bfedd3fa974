//! A folder's playlist, opened by a player as its viewer would: each of its films plays.

use std::process::Command;

use super::{EPISODE, LIMIT, child};
use crate::support::process::finish;
use crate::support::server::Server;
use crate::support::{has, skip};

/// How long each film of the list is played.
const SECONDS: f64 = 2.0;

/// The furthest place that mpv tells of the film at this place of the list.
fn reached(said: &str, place: usize) -> f64 {
    let start = format!("{place} ");
    let told = said.split("AT ").filter_map(|rest| rest.strip_prefix(&start));
    let places = told.filter_map(|rest| rest.split_whitespace().next()?.parse().ok());
    places.fold(0.0, f64::max)
}

#[test]
fn mpv_plays_every_film_of_a_folders_playlist() {
    if !has("mpv") {
        return skip("needs mpv");
    }
    let server = Server::demo();
    let series = child(&server, "/dav/", "Series");
    let harbour = child(&server, &series, "Harbour Watch (2023)");
    let season = child(&server, &harbour, "Season 1").replace("/dav/", "/files/");
    // The third kind, XSPF, it does not read; VLC does.
    for name in ["playlist.m3u8", "playlist.m3u"] {
        let list = format!("{}{season}{name}", server.base);
        let text = server.get(&format!("{season}{name}")).text();
        let films = text.matches("/v/").count();
        assert!(films >= 2 && text.contains("S01E02"), "{EPISODE} is in it: {text}");
        let before = answered(&server);
        let mut mpv = Command::new("mpv");
        mpv.args([
            "--no-config",
            "--vo=null",
            "--ao=null",
            "--msg-level=all=error,statusline=status",
        ]);
        mpv.arg(format!("--length={SECONDS}"));
        mpv.args([
            "--term-status-msg=AT ${playlist-pos} ${=time-pos} ${media-title}\\n",
            "--",
            &list,
        ]);
        let ended = finish(&mut mpv, LIMIT).unwrap();
        let said = ended.text() + &ended.stderr;
        for place in 0..films {
            let at = reached(&said, place);
            println!("{name}: film {place} reached {at} s");
            assert!(at > SECONDS / 2.0, "{name}: film {place} stood at {at} s: {said}");
        }
        assert!(said.contains("S01E02 Small Hours"), "{name} tells what it is called: {said}");
        assert!(answered(&server) >= before + films, "{name}: {}", server.log());
    }
}

/// How many requests for a film's bytes the server's own log tells of.
fn answered(server: &Server) -> usize {
    let of_film = |line: &&str| {
        line.contains("answered") && line.contains("method=GET") && line.contains("first=\"v\"")
    };
    server.log().lines().filter(of_film).count()
}
