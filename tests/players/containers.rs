//! The other containers that films come in, from peers while they come: an MP4 whose index stands first,
//! and a transport stream, which has none.

use super::{KBIT_S, SECONDS, ffmpeg, ffprobe, gst, mpv, plays};
use crate::support::{film, has, player, skip};

const WEB: &str = "The.Long.Evening.2008.1080p.WEB.x264-HOUSE.mp4";
const BROADCAST: &str = "The.Long.Evening.2008.1080p.HDTV.x264-HOUSE.ts";

fn lacks() -> Option<&'static str> {
    player::PROGRAMS.into_iter().find(|program| !has(program))
}

#[test]
fn an_mp4_whose_index_stands_first_plays_and_is_sought_in() {
    if let Some(program) = lacks() {
        return skip(&format!("needs {program}"));
    }
    let path = film::mp4_head(&film::shelf(), SECONDS, KBIT_S);
    for watch in [ffprobe, ffmpeg, mpv, gst] {
        plays(&path, WEB, watch);
    }
}

#[test]
fn a_transport_stream_plays_and_is_sought_in() {
    if let Some(program) = lacks() {
        return skip(&format!("needs {program}"));
    }
    let path = film::ts(&film::shelf(), SECONDS, KBIT_S);
    for watch in [ffprobe, ffmpeg, mpv, gst] {
        plays(&path, BROADCAST, watch);
    }
}
