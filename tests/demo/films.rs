//! The films are what they claim to be.

use std::path::Path;
use std::process::Command;

use credenza::demo::reel;

/// The names of an MP4's boxes on the highest level (ISO/IEC 14496-12, 4.2), in order.
fn boxes(mut bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while bytes.len() >= 8 {
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        names.push(String::from_utf8_lossy(&bytes[4..8]).into_owned());
        assert!(length >= 8 && length <= bytes.len(), "box {names:?} of {length} bytes");
        bytes = &bytes[length..];
    }
    names
}

#[test]
fn the_films_are_small_and_the_mp4_has_its_index_at_the_end() {
    let all: usize = [reel::FILM_MP4, reel::FILM_MKV, reel::FILM_SRT, reel::EXTRA_MKV]
        .into_iter()
        .chain(reel::EPISODES_MKV)
        .chain(reel::EPISODES_SRT)
        .chain(reel::POSTERS.map(|(_, bytes)| bytes))
        .map(<[u8]>::len)
        .sum();
    assert!(all <= 3_000_000, "{all} bytes of films");
    assert!(reel::FILM_MP4.len() <= 900_000);
    assert!(reel::EPISODES_MKV.iter().all(|episode| episode.len() <= 400_000));
    let boxes = boxes(reel::FILM_MP4);
    assert_eq!(boxes.last().map(String::as_str), Some("moov"), "{boxes:?}");
    for film in [reel::FILM_MKV, reel::EXTRA_MKV].into_iter().chain(reel::EPISODES_MKV) {
        assert_eq!(&film[..4], b"\x1a\x45\xdf\xa3", "EBML");
    }
    let cues = b"\x1c\x53\xbb\x6b";
    let place = reel::FILM_MKV.windows(4).rposition(|part| part == cues);
    assert!(place.is_some_and(|at| at > reel::FILM_MKV.len() * 9 / 10), "Cues at {place:?}");
}

#[test]
fn ffprobe_reads_the_films_at_their_full_length() {
    if !crate::support::has("ffprobe") {
        return crate::support::skip("needs ffprobe");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/media");
    for (name, least) in [
        ("film.mp4", 60.0),
        ("film.mkv", 60.0),
        ("episode1.mkv", 45.0),
        ("episode2.mkv", 45.0),
        ("episode3.mkv", 45.0),
    ] {
        let probe = Command::new("ffprobe")
            .args(["-v", "error", "-of", "csv=p=0"])
            .args(["-show_entries", "format=duration:stream=codec_name,width,height"])
            .arg(folder.join(name))
            .output()
            .unwrap();
        let text = String::from_utf8(probe.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["h264,640,360", "aac"], "{name}");
        assert!(lines[2].parse::<f64>().unwrap() >= least, "{name}: {text}");
    }
}
