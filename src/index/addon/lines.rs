//! The lines of text in which an add-on tells a person what a stream is.
//!
//! ```text
//! Harbour Lights S01 COMPLETE 1080p WEB-DL        the torrent
//! Season 1/Harbour.Lights.S01E02.mkv              packs only: the file
//! 👤 41 💾 1.5 GB ⚙️ TorrentGalaxy                  any of the three may be missing
//! 🇬🇧 / 🇮🇹                                         languages, where they are known
//! ```

/// Marks of seeders: one person, two.
const SEEDERS: [char; 2] = ['\u{1F464}', '\u{1F465}'];
/// Marks of the size: a floppy disk, a parcel.
const SIZE: [char; 2] = ['\u{1F4BE}', PARCEL];
const PARCEL: char = '\u{1F4E6}';
/// Marks of the site: gear, globe, link, two magnifiers, cloud.
const SITE: [char; 6] =
    ['\u{2699}', '\u{1F310}', '\u{1F517}', '\u{1F50E}', '\u{1F50D}', '\u{2601}'];
/// Mark of the site where the globe stands before languages.
const LINK: [char; 1] = ['\u{1F517}'];
/// Mark of the episode or the day: a calendar.
const CALENDAR: char = '\u{1F4C5}';
/// Before a torrent's name: a page, a folder.
const NAME: [char; 2] = ['\u{1F4C4}', '\u{1F4C2}'];
/// Between a pack and a file of it.
const ARROW: &str = "\u{2508}\u{27A4}";

/// What the lines of one stream say.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::index) struct Lines<'a> {
    pub(in crate::index) name: &'a str,
    pub(in crate::index) file: Option<&'a str>,
    pub(in crate::index) seeders: Option<u32>,
    pub(in crate::index) size_bytes: Option<u64>,
    pub(in crate::index) site: Option<&'a str>,
}

impl<'a> Lines<'a> {
    /// Reads Torrentio's layout and its kin. The first line is the torrent; the line of marks is the
    /// last that has any (a name may hold one); what lies between is the file.
    pub(in crate::index) fn read(text: &'a str) -> Self {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let Some(first) = lines.first() else { return Self::default() };
        // Where the name was left out, the marks come first.
        let named = !first.starts_with(is_mark);
        let (name, beside) = if named { halves(without_mark(first)) } else { ("", None) };
        let above = usize::from(named);
        let marks = lines.iter().skip(above).rposition(|line| line.contains(is_mark));
        let Some(marks) = marks.map(|place| place + above) else {
            return Self { name, file: beside, ..Self::default() };
        };
        let below = (marks > above).then(|| lines[above]).filter(|file| !file.is_empty());
        Self { name, file: beside.or(below), ..Self::of_marks(lines[marks], &SITE) }
    }

    /// Reads a layout in which each mark may stand on a line of its own, and in which the torrent's
    /// name is told only behind its own mark, if at all.
    pub(in crate::index) fn scattered(text: &'a str) -> Self {
        let last = |marks: &[char]| text.lines().rev().find(|line| line.contains(marks));
        let at = |marks: &[char]| last(marks).map(|line| Self::of_marks(line, &LINK));
        let named = text.lines().find_map(|line| {
            let line = line.trim();
            line.starts_with(NAME).then(|| halves(without_mark(line)))
        });
        let (name, file) = named.unwrap_or_default();
        Self {
            // A folder is written with a stroke at its end.
            name: name.trim_end_matches('/'),
            file,
            seeders: at(&SEEDERS).and_then(|lines| lines.seeders),
            size_bytes: at(&SIZE).and_then(|lines| lines.size_bytes),
            site: at(&LINK).and_then(|lines| lines.site),
        }
    }

    fn of_marks(line: &'a str, site: &[char]) -> Self {
        Self {
            name: "",
            file: None,
            seeders: after(line, &SEEDERS).and_then(count),
            size_bytes: after(line, &SIZE).and_then(size),
            site: after(line, site)
                .map(|site| site.trim_end_matches([' ', '|']))
                .filter(|site| !site.is_empty()),
        }
    }
}

/// The torrent's name without a mark before it.
fn without_mark(line: &str) -> &str {
    line.strip_prefix(NAME).map_or(line, |rest| rest.trim_start_matches(VARIATION).trim())
}

/// A pack's name, and the file where the same line tells it.
fn halves(line: &str) -> (&str, Option<&str>) {
    match line.split_once(ARROW) {
        Some((pack, file)) => (pack.trim(), Some(file.trim()).filter(|file| !file.is_empty())),
        None => (line, None),
    }
}

/// Asks for the coloured form of the sign before it; comes and goes.
const VARIATION: char = '\u{FE0F}';

fn is_mark(c: char) -> bool {
    SEEDERS.contains(&c) || SIZE.contains(&c) || SITE.contains(&c) || c == CALENDAR
}

/// Whether it is a picture: a mark of ours, another's, or half a flag.
pub(in crate::index) fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}' | VARIATION)
}

/// What stands between one of `marks` and the next picture.
fn after<'a>(line: &'a str, marks: &[char]) -> Option<&'a str> {
    let (_, rest) = line.split_once(marks)?;
    let rest = rest.trim_start_matches(VARIATION);
    let end = rest.find(is_picture).unwrap_or(rest.len());
    Some(rest[..end].trim())
}

/// `41`, `1,204`.
pub(in crate::index) fn count(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '\u{A0}')).collect();
    digits.trim().parse().ok()
}

/// The size behind a parcel where an add-on counts by 1000.
pub(in crate::index) fn decimal_size(text: &str) -> Option<u64> {
    let line = text.lines().rev().find(|line| line.contains(PARCEL))?;
    size_by(after(line, &[PARCEL])?, 1000.0)
}

/// `1.5 GB`, `700 kB`, `2 GiB`, `12 B`: by 1024, as the add-ons count, in bytes. Of `1.4 GB / 20 GB`
/// (the file of the pack) the first.
pub(in crate::index) fn size(text: &str) -> Option<u64> {
    size_by(text, 1024.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is positive and below 2^63"
)]
fn size_by(text: &str, thousand: f64) -> Option<u64> {
    let text = text.split('/').next().unwrap_or(text).trim();
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
    let thousand = if unit.contains('i') { 1024.0 } else { thousand };
    let bytes = (number * thousand.powi(power)).round();
    (1.0..9.2e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_lines(
            text in "([a-z 0-9.\u{1F464}\u{1F465}\u{1F4BE}\u{2699}\u{FE0F}\u{1F50E}\r\n]|.){0,80}"
        ) {
            let lines = Lines::read(&text);
            proptest::prop_assert!(text.contains(lines.name));
            let _ = Lines::scattered(&text);
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
