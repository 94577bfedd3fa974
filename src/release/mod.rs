//! What a name says: the release name of a torrent, or the name of one of its files, in facts.
//!
//! Pure. The grammar is the crate `parse-torrent-title`'s (by Torrentio's author; of the parsers
//! measured it reads most of PTT's corpus). What it says otherwise, this room puts into the
//! vocabulary of PTT (`2160p`, `hevc`, `Dolby Digital Plus`, `en`), and mends where it is known to
//! err: see [`number`]. The names come from strangers: they are cut, cleaned, and never panic.

mod grammar;
mod kind;
mod language;
mod memory;
pub mod number;
mod patterns;
mod picture;
mod pieces;
mod plain;
mod readers;
mod sieve;
mod sound;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parse_torrent_title::{ParsedTitle, Value};
use picture::Picture;
use serde::Serialize;

pub use kind::{extension, is_executable, is_sample, is_video};
pub use memory::parse_all;
pub use readers::{Expected, expect_names, warm_up};

/// Longest name that is read, in bytes. File systems end at 255 and honest names below 300; the
/// parser looks behind and ahead, so what it may cost must be bounded by us.
pub const MAX_NAME_BYTES: usize = 1024;

/// What a name says. What it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
#[expect(clippy::struct_excessive_bools, reason = "facts, each by itself")]
pub struct Release {
    /// The name as it was read: cut at [`MAX_NAME_BYTES`], without control characters.
    pub name: String,
    pub title: Option<String>,
    pub year: Option<u16>,
    pub seasons: Vec<u32>,
    pub episodes: Vec<u32>,
    /// `1080p`, `2160p`, `720i`, `1900x800p`.
    pub resolution: Option<String>,
    /// `WEB-DL`, `BluRay REMUX`, `CAM`.
    pub quality: Option<String>,
    /// `avc`, `hevc`, `av1`, `xvid`, `mpeg`.
    pub codec: Option<String>,
    /// Bits a colour.
    pub bit_depth: Option<u8>,
    /// `DV`, `HDR10+`, `HDR`, `SDR`.
    pub hdr: Vec<String>,
    /// `DTS Lossless`, `Dolby Digital Plus`, `AAC`.
    pub audio: Vec<String>,
    /// `5.1`, `stereo`.
    pub channels: Vec<String>,
    /// ISO 639-1, where there is such a code.
    pub languages: Vec<String>,
    pub group: Option<String>,
    /// More than one episode: several of them, a whole season, seasons, a collection.
    pub batch: bool,
    /// In lower case, where it is one that is known.
    pub extension: Option<String>,
    pub is_video: bool,
    /// A short piece of the film, put beside it to judge its picture.
    pub is_sample: bool,
    /// When it was first shown, as `YYYY-MM-DD`.
    #[serde(skip)]
    pub date: Option<String>,
    /// Between two episodes, as a recap counted 12.5 is.
    #[serde(skip)]
    pub half: bool,
    /// Sound in two languages or more, which it need not name.
    #[serde(skip)]
    pub many_languages: bool,
    /// A disc as it was sold, with menus and parts.
    #[serde(skip)]
    pub disc: bool,
    /// It needs a password.
    #[serde(skip)]
    pub locked: bool,
}

impl Release {
    /// Whether it is this one episode, by itself. Where its name does not tell, it is not: a caller
    /// that wants single episodes wants no pack of 500 GB.
    #[must_use]
    pub fn is_single_episode(&self, number: u32) -> bool {
        !self.batch && !self.half && self.episodes == [number]
    }
}

/// Reads a name. Any text will do; what says nothing gives a release that says nothing.
#[must_use]
pub fn parse(name: &str) -> Release {
    let read = parse_all(&[name]).pop().unwrap_or_default();
    Arc::unwrap_or_clone(read)
}

fn read_name(name: &str) -> Release {
    let name = clean(name);
    // 200,000 mangled names gave no panic in the crate, but it slices strings by offsets found in
    // other strings, and one stranger's file name must not end the server.
    let told = without_site(&name);
    let parsed = catch_unwind(AssertUnwindSafe(|| grammar::parse(told)));
    let parsed = parsed.unwrap_or_default();
    read(name, &parsed)
}

/// `name` without what is not to be seen, cut at a character's boundary.
fn clean(name: &str) -> String {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    if name[..end].bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return name[..end].trim().to_owned();
    }
    let seen = name[..end].chars().filter(|c| !is_invisible(*c));
    let spaced: String = seen.map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// Zero-width characters and those that turn the direction of writing: they hide an extension.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `name` without a site's advertisement in braces, which no title begins with.
fn without_site(name: &str) -> &str {
    let rest = name.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    rest.map(|(_, rest)| rest.trim_start()).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// A site that lists releases, in the place of the group that makes them.
fn is_site(group: &str) -> bool {
    const ENDS: [&str; 9] = ["com", "net", "org", "info", "tv", "to", "me", "cc", "ws"];
    let end = group.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    end.is_some_and(|end| ENDS.contains(&end.as_str()))
}

fn read(name: String, parsed: &ParsedTitle) -> Release {
    let counted = number::mended(&name, parsed);
    let date = parsed.date().map(str::to_owned);
    let season_pack = !counted.seasons.is_empty() && counted.episodes.is_empty() && date.is_none();
    // "Collection" may be a word of the title, but not of a single episode's kind.
    let single = counted.episodes.len() == 1
        && (is_video(&name) || counted.seasons.len() == 1 || counted.bare.is_some());
    let batch = (parsed.complete().unwrap_or(false) && !single)
        || counted.says_batch
        || counted.seasons.len() > 1
        || counted.episodes.len() > 1
        || season_pack;
    let mut title = parsed.title().trim();
    if let (Some(number), [episode]) = (counted.bare, counted.episodes.as_slice())
        && number == *episode
    {
        // The parser took the bare number for the end of the title.
        let unversioned = title.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = unversioned.strip_suffix(['v', 'V']).unwrap_or(title);
        title = number.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    }
    let unscored = name.replace('_', " ");
    let picture = Picture::of(&unscored);
    let (audio, channels) = sound::tracks(&unscored);
    let words = kind::Words::of(&name);
    Release {
        title: (!title.is_empty()).then(|| title.to_owned()),
        year: year(parsed.year()),
        resolution: picture.resolution(parsed.resolution()),
        quality: picture.quality(parsed.source()),
        codec: picture.codec(parsed.codec()),
        bit_depth: picture.bit_depth(parsed.bit_depth()),
        hdr: picture.hdr(&unscored),
        audio,
        channels,
        languages: language::codes(&name, parsed.languages().unwrap_or_default()),
        group: parsed.group().filter(|group| !is_site(group)).map(str::to_owned),
        batch,
        extension: extension(&name),
        is_video: is_video(&name),
        is_sample: words.sample,
        seasons: counted.seasons,
        episodes: counted.episodes,
        half: parsed.half_episode().unwrap_or(false),
        many_languages: language::many(parsed.languages().unwrap_or_default()),
        disc: words.disc,
        locked: words.locked,
        date,
        name,
    }
}

/// One year; of a span of years, as of a collection, none.
fn year(value: Option<&Value>) -> Option<u16> {
    value.and_then(Value::as_int).and_then(|year| u16::try_from(year).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_at_a_character_and_cleaned() {
        let long = format!("Film.2019.{}", "é".repeat(2000));
        assert!(parse(&long).name.len() <= MAX_NAME_BYTES);
        assert_eq!(parse("A\u{7}Film\u{202e}.2019.1080p.mkv").name, "A Film.2019.1080p.mkv");
    }

    #[test]
    fn what_says_nothing_gives_nothing() {
        for name in ["", " ", ".", "\u{202e}", "\n"] {
            let release = parse(name);
            assert_eq!((release.year, release.batch, release.is_video), (None, false, false));
            assert!(release.episodes.is_empty() && release.languages.is_empty(), "{name:?}");
        }
    }
}
