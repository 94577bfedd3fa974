//! What is fuzzed: the readers of strangers' bytes that a search meets, but for those of catalogues and of
//! the store's check, and what a peer says, each with what must hold of whatever it reads. The fuzz targets
//! run it on what the fuzzer thinks up; a test of the main package replays `corpus/` and mutations of it, so
//! that CI needs no nightly compiler.

use credenza::index::decode;
use credenza::release;
use credenza::subtitle::{self, Hints, Subtitle};
use credenza::torrent::metainfo::Metainfo;
use credenza::torrent::{IndexName, Magnet, Torrent, TorrentFile};

/// All targets; each has a file in `targets/` and a folder in `corpus/`.
#[allow(dead_code, reason = "a fuzz target names only itself; the test of the corpus names all")]
pub const TARGETS: [&str; 19] = [
    "stremthru",
    "torrentio",
    "comet",
    "zilean",
    "animetosho",
    "torrentsdb",
    "peerflix",
    "mediafusion",
    "nyaa",
    "nyaa_page",
    "torznab",
    "added_addon",
    "metainfo",
    "magnet",
    "release_name",
    "peer_wire",
    "subtitle",
    "subtitle_name",
    "subtitle_offers",
];

/// Feeds `bytes` to the reader that `target` names. A panic is a find.
pub fn run(target: &str, bytes: &[u8]) {
    match target {
        "metainfo" => metainfo(bytes),
        "magnet" => magnet(&String::from_utf8_lossy(bytes)),
        "release_name" => release_name(&String::from_utf8_lossy(bytes)),
        "peer_wire" => peer_wire(bytes),
        "subtitle" => subtitle(bytes),
        "subtitle_name" => subtitle_name(&String::from_utf8_lossy(bytes)),
        "subtitle_offers" => subtitle_offers(bytes),
        "nyaa_page" => index("nyaa", &[b"<table class=\"torrent-list\">", bytes].concat()),
        // Whichever the owner added, told apart by the first character.
        "torznab" => index("fuzzed", &[b"<!-- -->", bytes].concat()),
        "added_addon" => index("fuzzed", bytes),
        name => index(name, bytes),
    }
}

fn index(name: &str, bytes: &[u8]) {
    let name: IndexName = name.parse().expect("a target is called as its index");
    match decode(name, bytes) {
        Ok(torrents) => torrents.iter().for_each(|torrent| row(torrent, name)),
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.len() < 2_000 && !sentence.contains('\n'), "{sentence}");
        }
    }
}

fn row(torrent: &Torrent, name: IndexName) {
    assert_eq!(torrent.index, name);
    assert_ne!(torrent.size_bytes, Some(0), "what is not known is none");
    let files = torrent.files.iter().map(|file| &file.name);
    let names = files.chain([&torrent.name]).chain(&torrent.file_name).chain(&torrent.indexer);
    for name in names {
        let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        assert!(name.len() <= 4_096 && !name.contains(|c: char| c.is_control() || turns(c)));
    }
    for tracker in &torrent.trackers {
        assert!(tracker.contains("://") && tracker.len() <= 512);
    }
}

fn metainfo(bytes: &[u8]) {
    let Ok(read) = Metainfo::read(bytes) else { return };
    let again =
        Metainfo::read(&read.torrent_bytes(&read.trackers)).expect("what it writes it reads");
    assert_eq!(again.info_hash, read.info_hash);
}

fn magnet(text: &str) {
    let Ok(read) = text.parse::<Magnet>() else { return };
    let written = read.to_string();
    // What was short enough may be longer once every sign is escaped.
    if written.len() < 16 * 1024 {
        assert_eq!(written.parse::<Magnet>(), Ok(read));
    }
}

fn peer_wire(bytes: &[u8]) {
    let read = credenza::swarm::messages(bytes).concat();
    assert!(bytes.starts_with(&read), "what is read is written alike");
}

fn release_name(text: &str) {
    let text: String = text.chars().take(300).collect();
    let _ = release::parse(&text);
}

/// Whatever is read is written without a stranger's tags, and read again as the same.
fn subtitle(bytes: &[u8]) {
    let Ok(read) = Subtitle::read(bytes, Hints::default()) else { return };
    let (srt, vtt) = (read.srt(), read.vtt());
    assert_eq!(vtt.matches("-->").count(), read.cues());
    for tag in vtt.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
        assert!(["b", "i", "u", "/b", "/i", "/u"].contains(&tag), "{tag}");
    }
    let again = Subtitle::read(srt.as_bytes(), Hints::default()).expect("what it writes it reads");
    assert_eq!(again, read);
}

/// The files of a torrent, a line each; the first is the film.
fn subtitle_name(text: &str) {
    let file = |line: &str| TorrentFile {
        name: line.chars().take(200).collect(),
        size_bytes: Some(1_000),
        ..TorrentFile::default()
    };
    let files: Vec<TorrentFile> = text.lines().take(20).map(file).collect();
    let Some(first) = files.first() else { return };
    for one in subtitle::beside(&files, first) {
        assert!(files.contains(&one.file));
    }
}

fn subtitle_offers(bytes: &[u8]) {
    let Ok(answer) = serde_json::from_slice(bytes) else { return };
    for offer in subtitle::read_offers(&answer) {
        assert!(offer.id.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
