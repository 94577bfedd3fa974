//! What the stream add-ons of Stremio have in common: the list of streams, and the lines of text in
//! which they tell a person what a stream is.
//!
//! ```text
//! Harbour Lights S01 COMPLETE 1080p WEB-DL        the torrent
//! Season 1/Harbour.Lights.S01E02.mkv              packs only: the file
//! 👤 41 💾 1.5 GB ⚙️ TorrentGalaxy                  any of the three may be missing
//! 🇬🇧 / 🇮🇹                                         languages, where they are known
//! ```

use serde_json::Value;

use super::{Error, name, rows};
use crate::torrent::{IndexName, Torrent, TorrentFile, stated_number};

/// Marks of seeders: one person, two.
const SEEDERS: [char; 2] = ['\u{1F464}', '\u{1F465}'];
/// Mark of the size: a floppy disk.
const SIZE: char = '\u{1F4BE}';
/// Marks of the site: gear, globe, link, two magnifiers, cloud.
const SITE: [char; 6] =
    ['\u{2699}', '\u{1F310}', '\u{1F517}', '\u{1F50E}', '\u{1F50D}', '\u{2601}'];
/// Asks for the coloured form of the sign before it; comes and goes.
const VARIATION: char = '\u{FE0F}';

/// Most trackers that are kept of one stream.
const MOST_TRACKERS: usize = 64;
/// Longest tracker's address that is kept, in bytes.
const LONGEST_URL: usize = 512;

/// What the lines of one stream say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lines<'a> {
    pub(super) name: &'a str,
    pub(super) file: Option<&'a str>,
    pub(super) seeders: Option<u32>,
    pub(super) size_bytes: Option<u64>,
    pub(super) site: Option<&'a str>,
}

impl<'a> Lines<'a> {
    /// Reads them. The first line is the torrent; the line of marks is the last that has any (a
    /// name may hold one); what lies between is the file.
    pub(super) fn read(text: &'a str) -> Self {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let Some(name) = lines.first() else { return Self::default() };
        let marks = lines.iter().skip(1).rposition(|line| line.contains(is_mark));
        let Some(marks) = marks.map(|place| place + 1) else {
            return Self { name, ..Self::default() };
        };
        let line = lines[marks];
        Self {
            name,
            file: (marks > 1).then(|| lines[1]).filter(|file| !file.is_empty()),
            seeders: after(line, &SEEDERS).and_then(|text| text.parse().ok()),
            size_bytes: after(line, &[SIZE]).and_then(size),
            site: after(line, &SITE).filter(|site| !site.is_empty()),
        }
    }
}

fn is_mark(c: char) -> bool {
    SEEDERS.contains(&c) || c == SIZE || SITE.contains(&c)
}

/// What stands between one of `marks` and the next mark.
fn after<'a>(line: &'a str, marks: &[char]) -> Option<&'a str> {
    let (_, rest) = line.split_once(marks)?;
    let end = rest.find(is_mark).unwrap_or(rest.len());
    Some(rest[..end].trim_start_matches(VARIATION).trim())
}

/// `1.5 GB`, `700 kB`, `2 GiB`, `12 B`: by 1024, as the add-ons count, in bytes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is positive and below 2^63"
)]
fn size(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..split].parse().ok()?;
    let unit = text[split..].trim().to_ascii_lowercase();
    let power = match unit.strip_suffix('b')?.trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let bytes = (number * 1024_f64.powi(power)).round();
    (1.0..9.2e18).contains(&bytes).then_some(bytes as u64)
}

/// The torrents among the streams of an answer. A stream without an info hash is a notice to the
/// viewer, or a link of somebody's account, and no torrent.
pub(super) fn torrents(body: &Value, index: IndexName) -> Result<Vec<Torrent>, Error> {
    if !body["streams"].is_array() {
        return Err(Error::Odd("answered without a list of streams".to_owned()));
    }
    Ok(rows(&body["streams"]).filter_map(|stream| torrent(stream, index)).collect())
}

fn torrent(stream: &Value, index: IndexName) -> Option<Torrent> {
    let info_hash = stream["infoHash"].as_str()?.trim().parse().ok()?;
    // `description` is the newer name of `title` in the protocol.
    let texts = [&stream["title"], &stream["description"]];
    let lines = Lines::read(texts.into_iter().find_map(Value::as_str).unwrap_or_default());
    let hint = stream["behaviorHints"]["filename"].as_str().filter(|hint| !hint.is_empty());
    let file_index = stated_number(&stream["fileIdx"]).and_then(|index| index.try_into().ok());
    let file = file(&lines, hint, file_index);
    Some(Torrent {
        info_hash,
        name: name(lines.name),
        // Of the file it picked, as is the add-ons' custom; of a pack another index knows more, and
        // the greater size wins.
        size_bytes: lines.size_bytes,
        seeders: lines.seeders,
        file_index,
        file_name: hint.map(name).or_else(|| file.as_ref().map(|file| file.base_name().to_owned())),
        trackers: trackers(&stream["sources"]),
        indexer: lines.site.map(name),
        files: file.into_iter().collect(),
        index,
    })
}

/// The file of a pack that the stream is, with the size that the line tells.
fn file(lines: &Lines<'_>, hint: Option<&str>, index: Option<u32>) -> Option<TorrentFile> {
    let path = name(lines.file?.trim_start_matches('/'));
    let file =
        TorrentFile { index, name: path, size_bytes: lines.size_bytes, ..Default::default() };
    // The line may be shortened for the eye; the hint is the name as it is.
    match hint.map(name) {
        Some(hint) if file.base_name() != hint => Some(TorrentFile { name: hint, ..file }),
        _ => Some(file),
    }
}

/// Announce URLs: `tracker:<url>`. The others (`dht:<hash>`) say nothing that a magnet does not.
fn trackers(sources: &Value) -> Vec<String> {
    let mut trackers: Vec<String> = Vec::new();
    let urls = sources.as_array().into_iter().flatten().filter_map(Value::as_str);
    for url in urls.filter_map(|source| source.strip_prefix("tracker:")) {
        let known = ["udp://", "http://", "https://", "wss://"];
        let sound = known.iter().any(|scheme| url.starts_with(scheme)) && url.len() <= LONGEST_URL;
        if sound && trackers.len() < MOST_TRACKERS && !trackers.iter().any(|seen| seen == url) {
            trackers.push(url.to_owned());
        }
    }
    trackers
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GIB: u64 = 1024 * 1024 * 1024;

    #[test]
    fn reads_the_lines_of_a_stream() {
        type Case = (
            &'static str,
            &'static str,
            Option<&'static str>,
            Option<u32>,
            Option<u64>,
            Option<&'static str>,
        );
        let cases: [Case; 13] = [
            (
                "Pack S01\nSeason 1/a.mkv\n\u{1F464} 41 \u{1F4BE} 1.5 GB \u{2699}\u{FE0F} Galaxy\n🇬🇧 / 🇮🇹",
                "Pack S01",
                Some("Season 1/a.mkv"),
                Some(41),
                Some(GIB * 3 / 2),
                Some("Galaxy"),
            ),
            (
                "A - 02.mkv\n\u{1F464} 120 \u{1F4BE} 2 GB \u{2699} NyaaSi",
                "A - 02.mkv",
                None,
                Some(120),
                Some(2 * GIB),
                Some("NyaaSi"),
            ),
            ("A.CAM\n\u{2699}\u{FE0F} Rutor\n🇷🇺", "A.CAM", None, None, None, Some("Rutor")),
            ("A\n\u{1F464} 0", "A", None, Some(0), None, None),
            ("A\n\u{1F4BE} 700 kB", "A", None, None, Some(700 * 1024), None),
            (
                "A\n\u{1F465} 7 \u{1F50E} Il Corsaro Nero",
                "A",
                None,
                Some(7),
                None,
                Some("Il Corsaro Nero"),
            ),
            ("A\n\u{1F464} many \u{1F4BE} big \u{2699}", "A", None, None, None, None),
            ("A \u{1F4BE} name", "A \u{1F4BE} name", None, None, None, None),
            ("A\nb \u{2699}.mkv\n\u{1F464} 1", "A", Some("b \u{2699}.mkv"), Some(1), None, None),
            ("A\nMulti Audio / 🇷🇺", "A", None, None, None, None),
            ("A\r\n\u{1F464} 5\r\n", "A", None, Some(5), None, None),
            ("", "", None, None, None, None),
            ("\n\n\n", "", None, None, None, None),
        ];
        for (text, name, file, seeders, size_bytes, site) in cases {
            let wanted = Lines { name, file, seeders, size_bytes, site };
            assert_eq!(Lines::read(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn reads_sizes_by_1024_in_every_case_of_the_unit() {
        for (text, bytes) in [
            ("12 B", Some(12)),
            ("700 kB", Some(716_800)),
            ("700 KB", Some(716_800)),
            ("1.46 GB", Some(1_567_663_063)),
            ("2GiB", Some(2 * GIB)),
            ("1 TB", Some(1024 * GIB)),
            ("0 B", None),
            ("1.5", None),
            ("1.5 XB", None),
            ("1.2.3 GB", None),
            (". GB", None),
            ("", None),
            ("-1 GB", None),
            ("99999999999999999999 TB", None),
        ] {
            assert_eq!(size(text), bytes, "{text:?}");
        }
    }

    #[test]
    fn a_broken_stream_loses_only_itself() {
        let hash = "A".repeat(40);
        let body = json!({"streams": [
            null, 5, "x", [], {},
            {"name": "Notice", "title": "Please wait", "url": "https://example.org/"},
            {"infoHash": null}, {"infoHash": "abc"}, {"infoHash": 7},
            {"infoHash": hash, "title": null, "fileIdx": null, "sources": null, "behaviorHints": null},
            {"infoHash": hash, "title": ["x"], "fileIdx": "3", "sources": [
                "tracker:udp://a.example:1", "tracker:udp://a.example:1", "dht:x", 5, null,
                "tracker:file:///etc/passwd", "udp://bare.example:1"]},
        ]});
        let found = torrents(&body, IndexName::Torrentio).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].info_hash.to_string(), "a".repeat(40));
        assert_eq!((found[0].file_index, found[1].file_index), (None, Some(3)));
        assert_eq!(found[1].trackers, ["udp://a.example:1"]);
        for body in
            [json!({"err": "handler error"}), json!([]), json!(null), json!({"streams": {}})]
        {
            assert!(torrents(&body, IndexName::Torrentio).is_err(), "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_lines(
            text in "([a-z 0-9.\u{1F464}\u{1F465}\u{1F4BE}\u{2699}\u{FE0F}\u{1F50E}\r\n]|.){0,80}"
        ) {
            let lines = Lines::read(&text);
            proptest::prop_assert!(text.contains(lines.name));
            let _ = torrents(&json!({"streams": [{"infoHash": "a".repeat(40), "title": text}]}),
                IndexName::Torrentio);
        }

        #[test]
        fn reads_back_what_an_add_on_writes(
            name in "[A-Za-z0-9][A-Za-z0-9. -]{0,40}[A-Za-z0-9]",
            file in proptest::option::of("[A-Za-z0-9][A-Za-z0-9./-]{0,40}[A-Za-z0-9]"),
            seeders in proptest::option::of(0_u32..100_000),
            megabytes in proptest::option::of(1_u64..100_000),
            site in proptest::option::of("[A-Za-z0-9]{1,12}"),
            variation in proptest::bool::ANY,
        ) {
            let marks = [
                seeders.map(|seeders| format!("\u{1F464} {seeders}")),
                megabytes.map(|megabytes| format!("\u{1F4BE} {megabytes} MB")),
                site.as_ref().map(|site| {
                    format!("\u{2699}{} {site}", if variation { "\u{FE0F}" } else { "" })
                }),
            ];
            let marks: Vec<String> = marks.into_iter().flatten().collect();
            let mut text = name.clone();
            if let Some(file) = &file {
                text = format!("{text}\n{file}");
            }
            if !marks.is_empty() {
                text = format!("{text}\n{}\n🇬🇧", marks.join(" "));
            }
            let read = Lines::read(&text);
            proptest::prop_assert_eq!(read.name, &name);
            proptest::prop_assert_eq!(read.seeders, seeders);
            proptest::prop_assert_eq!(read.size_bytes, megabytes.map(|megabytes| megabytes << 20));
            proptest::prop_assert_eq!(read.site, site.as_deref());
            // Without a line of marks nothing says that the second line is a file.
            let told = file.as_deref().filter(|_| !marks.is_empty());
            proptest::prop_assert_eq!(read.file, told);
        }
    }
}
