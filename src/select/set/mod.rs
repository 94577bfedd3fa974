//! What the set that asks can play, and how it wants to be told. The table is `profiles.toml`; a new set
//! is a row there and nothing else.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::preferences::Codec;

mod limits;
mod order;

pub use limits::SetLimits;
pub use order::for_set;

const TABLE: &str = include_str!("profiles.toml");
/// Longest text that is looked at of what a set says of itself, in bytes.
const LONGEST: usize = 1024;

/// What is known of a kind of set.
#[derive(Debug)]
pub struct Profile {
    /// For people.
    pub name: String,
    /// How it takes subtitles.
    pub captions: Vec<Captions>,
    /// Which picture of a film it is told of first.
    pub pictures: Pictures,
    /// What its bookmarks count in, both when it sets one and when it is told where to go on.
    pub bookmarks: Bookmarks,
    /// How it reads `upnp:lastPlaybackPosition`.
    pub positions: Positions,
    /// What it can play.
    pub plays: SetLimits,
    types: BTreeMap<String, String>,
    #[cfg(test)]
    examples: Vec<String>,
}

/// A way in which a set takes subtitles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Captions {
    /// `CaptionInfo.sec` in the answer to a request for the film.
    Header,
    /// `sec:CaptionInfoEx` in the list.
    Sec,
    /// A further `res` in the list.
    Res,
    /// `pv:subtitleFileUri` at the film's `res`.
    Pv,
}

/// Which picture of a film comes first; most sets take that one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pictures {
    /// The one that the catalogues have.
    #[default]
    Whole,
    /// One of at most 160 pixels a side: it shows no larger one.
    Small,
}

/// How `upnp:lastPlaybackPosition` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Positions {
    /// `H:MM:SS.mmm`, as the specification has it (`ContentDirectory:2`).
    #[default]
    #[serde(rename = "clock")]
    Clock,
    /// Whole seconds.
    #[serde(rename = "s")]
    Seconds,
}

/// What `X_SetBookmark` and the `BM` of `sec:dcmInfo` count in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Bookmarks {
    /// Seconds.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// A coding of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sound {
    Aac,
    Mp3,
    Ac3,
    Eac3,
    Dts,
    Truehd,
    Flac,
    Opus,
    Pcm,
}

/// What a film lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Container {
    Mkv,
    Mp4,
    Ts,
    Avi,
    Webm,
}

/// A row as it stands in the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    pattern: String,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "they name a row's sets; the tests read them")
    )]
    examples: Vec<String>,
    video: Vec<Codec>,
    sound: Vec<Sound>,
    containers: Vec<Container>,
    #[serde(default)]
    types: BTreeMap<String, String>,
    #[serde(default)]
    captions: Vec<Captions>,
    #[serde(default)]
    pictures: Pictures,
    #[serde(default)]
    bookmarks: Bookmarks,
    #[serde(default)]
    positions: Positions,
}

/// What is no set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    pattern: String,
    except: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    programs: Programs,
    set: Vec<Row>,
}

static PROFILES: LazyLock<Profiles> = LazyLock::new(|| {
    let table: Table = toml::from_str(TABLE).expect("the table of sets, which a test reads");
    Profiles::of(table)
});

/// The table, and its patterns as one: each by itself took five times as long to make, which the
/// first who asks waits for. What sets say of themselves is in ASCII, and so are the patterns.
struct Profiles {
    all: Vec<Profile>,
    patterns: RegexSet,
    program: Regex,
    no_program: Regex,
}

impl Profiles {
    fn of(Table { programs, set: rows }: Table) -> Self {
        let patterns = RegexSetBuilder::new(rows.iter().map(|row| &row.pattern))
            .case_insensitive(true)
            .unicode(false)
            .build();
        let pattern = |text: &str| {
            let built = RegexBuilder::new(text).case_insensitive(true).unicode(false).build();
            built.expect("a pattern of the table, which a test reads")
        };
        Self {
            all: rows.into_iter().map(Profile::of_row).collect(),
            patterns: patterns.expect("patterns of the table, which a test reads"),
            program: pattern(&programs.pattern),
            no_program: pattern(&programs.except),
        }
    }

    /// The first whose pattern is in it.
    fn find(&self, said: &str) -> Option<&Profile> {
        let row = self.patterns.matches(said.as_bytes()).iter().next();
        row.and_then(|row| self.all.get(row))
    }
}

impl Profile {
    /// The profile of a set that says this of itself; `None` where no row is about it.
    #[must_use]
    pub fn of(said: &[&str]) -> Option<&'static Self> {
        PROFILES.find(&looked_at(said))
    }

    /// Whether who says this of itself is a program of a computer or phone rather than a set, as far as
    /// no row is about it.
    #[must_use]
    pub fn is_program(said: &[&str]) -> bool {
        let all = looked_at(said);
        PROFILES.program.is_match(all.as_bytes()) && !PROFILES.no_program.is_match(all.as_bytes())
    }

    /// That of a set that nobody knows: what nearly all play.
    ///
    /// # Panics
    ///
    /// Never: the table is our own, and a test reads it.
    #[must_use]
    pub fn unknown() -> &'static Self {
        PROFILES.all.last().expect("the table has rows")
    }

    /// The row of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.all.iter().find(|profile| profile.name == name)
    }

    /// `media_type` as this set spells it.
    #[must_use]
    pub fn spelled<'a>(&'a self, media_type: &'a str) -> &'a str {
        match self.types.get(media_type) {
            Some(theirs) => theirs,
            // Few sets know the transport stream's own name.
            None if media_type == "video/mp2t" => "video/mpeg",
            None => media_type,
        }
    }

    fn of_row(row: Row) -> Self {
        Self {
            name: row.name,
            captions: row.captions,
            pictures: row.pictures,
            bookmarks: row.bookmarks,
            positions: row.positions,
            plays: SetLimits { video: row.video, sound: row.sound, containers: row.containers },
            types: row.types,
            #[cfg(test)]
            examples: row.examples,
        }
    }
}

/// As much of what a set says as is looked at.
fn looked_at(said: &[&str]) -> String {
    let mut all = said.join("\n");
    if all.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| all.is_char_boundary(*at)).unwrap_or(0);
        all.truncate(end);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_finds_its_examples() {
        for profile in &PROFILES.all {
            for example in &profile.examples {
                let found = Profile::of(&[example]).map(|found| found.name.as_str());
                assert_eq!(found, Some(profile.name.as_str()), "{example}");
            }
            assert!(!profile.plays.video.is_empty() && !profile.plays.containers.is_empty());
        }
        assert_eq!(Profile::unknown().name, "unknown");
    }

    #[test]
    fn programs_and_computers_are_no_sets() {
        for said in [
            "",
            "curl/8.5.0",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Version/17.2 Mobile/15E148 Safari/604.1",
            "Lavf/61.1.100",
            "GStreamer souphttpsrc 1.22.0 libsoup/3.2.2",
        ] {
            let found = Profile::of(&[said]).map(|found| found.name.as_str());
            assert_eq!(found, None, "{said}");
            assert_eq!(Profile::is_program(&[said, ""]), !said.is_empty(), "{said}");
        }
        for said in [
            "Nobody's Player/1.0",
            "Mozilla/5.0 (Linux) AppleWebKit/537.36 HbbTV/1.4.1 (+DRM;Nobody;TV55;1.0;;)",
            "UPnP/1.0 Lavf/61.1.100",
        ] {
            assert!(!Profile::is_program(&[said]), "{said}");
        }
    }

    #[test]
    fn a_set_gets_the_media_type_it_knows() {
        for (said, ours, theirs) in [
            ("SEC_HHP_[TV] Samsung Q7 (55)/1.0", "video/x-matroska", "video/x-mkv"),
            ("DLNADOC/1.50 sec_hhp_[TV]UE40/1.0", "video/x-matroska", "video/x-mkv"),
            ("SEC_HHP_[TV] UE55RU7172/1.0", "video/x-matroska", "video/x-matroska"),
            ("SEC_HHP_[TV] Samsung Q7 (55)/1.0", "video/mp4", "video/mp4"),
            ("Kodi/20.5 (X11; Linux)", "video/x-msvideo", "video/avi"),
            ("av=5.0; mn=\"PLAYSTATION 3\"", "video/x-msvideo", "video/x-divx"),
            ("VLC/3.0.24 LibVLC/3.0.24", "video/x-matroska", "video/x-matroska"),
        ] {
            let profile = Profile::of(&["", said]).unwrap();
            assert_eq!(profile.spelled(ours), theirs, "{said}");
        }
    }
}
