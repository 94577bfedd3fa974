//! The sound that a name tells of, in PTT's words. A name often tells of several tracks, of which
//! the parser gives one: so they are read here.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Each word and what it is called, in the order in which they are printed.
static AUDIO: LazyLock<Table> = LazyLock::new(|| {
    Table::new(&[
        (r"(?i)\bDTS[ ._-]?(?:HD[ ._-]?MA(?:ster)?|X)\b", "DTS Lossless"),
        (r"(?i)\bDTS", "DTS Lossy"), // but where the row above has taken it
        (r"(?i)\b(?:Dolby[ ._-]?)?Atmos\b", "Atmos"),
        (r"(?i)\bTrue-?HD", "TrueHD"),
        (r"(?i)\bFLAC", "FLAC"),
        (
            r"(?i)\bE-?AC-?3|\bDDP(?:[ ._]?A)?[ ._]?\d?\b|\bDDPA?\d|\bDD2?\+|\bDD[ ._]Plus\b|\bDolby[ ._-]?Digital[ ._-]?Plus\b",
            "Dolby Digital Plus",
        ),
        (
            r"(?i)(?:^|[^\p{L}-])AC-?3|(?:^|[^e])-AC-?3|\bDD(?:2[ ._]?0|5[ ._]?1|\b)|\bDolby[ ._-]?D(?:igital)?\b",
            "Dolby Digital",
        ),
        (r"(?i)\bQ{0,2}(?:HE-?)?AAC", "AAC"),
        (r"(?i)\bOpus\b", "OPUS"),
        (r"(?i)\bL?PCM\b", "PCM"),
        (r"(?i)\bMP3\b", "MP3"),
        (r"(?i)\bClean[ ._-]?Aud(?:io)?\b", "HQ Clean Audio"),
    ])
});

static CHANNELS: LazyLock<Table> = LazyLock::new(|| {
    Table::new(&[
        (
            r"(?i)\b(?:[A-Z-]*\p{L}3?\+?[ ._]?)?5\.1(?:ch|x\d)?\b|(?:DDP?|AC-?3|AAC|MA|DTS|HD)[ ._]?5[ _]1\b",
            "5.1",
        ),
        (r"(?i)(?:\b|\p{L})7\.1(?:ch|x\d)?\b|(?:DDP?|MA|HD|Atmos)[ ._]?7[ _]1\b", "7.1"),
        (r"(?i)(?:\b|\p{L}|AC-?3)2\.0(?:ch|x\d)?\b|(?:DDP?|AAC|FLAC)[ ._]?2[ _]0\b", "2.0"),
        (r"(?i)\bstereo\b", "stereo"),
        (r"(?i)\bmono\b", "mono"),
    ])
});

/// Patterns that are looked for together: a name is read once for all of them.
struct Table {
    all: RegexSet,
    rows: Vec<(Regex, &'static str)>,
}

impl Table {
    fn new(rows: &[(&str, &'static str)]) -> Self {
        let all = RegexSet::new(rows.iter().map(|(row, _)| row)).expect("constant patterns");
        let compiled =
            rows.iter().map(|(row, word)| (Regex::new(row).expect("a constant pattern"), *word));
        Self { all, rows: compiled.collect() }
    }

    /// The rows that stand in `name`.
    fn rows_in(&self, name: &str) -> impl Iterator<Item = &(Regex, &'static str)> {
        self.all.matches(name).into_iter().map(|row| &self.rows[row])
    }
}

/// What the sound is coded in.
pub(super) fn audio(name: &str) -> Vec<String> {
    let found = AUDIO.rows_in(name).filter(|(pattern, word)| match *word {
        "DTS Lossy" => pattern.find_iter(name).count() > AUDIO.rows[0].0.find_iter(name).count(),
        // A plus sign ends no word: `DD+` reads as `DD` too.
        "Dolby Digital" => pattern.find_iter(name).any(|at| {
            !name[at.end()..].starts_with(['+', 'P', 'p']) && !plus_follows(&name[at.end()..])
        }),
        _ => true,
    });
    found.map(|(_, word)| (*word).to_owned()).collect()
}

fn plus_follows(rest: &str) -> bool {
    let word = rest.trim_start_matches([' ', '.', '_', '-']);
    word.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("plus"))
}

/// Speakers, such as `5.1`.
pub(super) fn channels(name: &str) -> Vec<String> {
    CHANNELS.rows_in(name).map(|(_, word)| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_told_in_the_words_of_ptt() {
        for (name, codings, speakers) in [
            ("F.DDP5.1.x264", &["Dolby Digital Plus"][..], &["5.1"][..]),
            ("F DDP5 1 x264", &["Dolby Digital Plus"], &["5.1"]),
            ("F.DD+5.1.x264", &["Dolby Digital Plus"], &["5.1"]),
            ("F.DD+.5.1-G", &["Dolby Digital Plus"], &["5.1"]),
            ("F.DDP.5.1.x264", &["Dolby Digital Plus"], &["5.1"]),
            ("F.DD5.1.x264", &["Dolby Digital"], &["5.1"]),
            ("F.AC3.x264", &["Dolby Digital"], &[]),
            ("F.E-AC3.x264", &["Dolby Digital Plus"], &[]),
            ("F.DTS-HD.MA.7.1.x264", &["DTS Lossless"], &["7.1"]),
            ("F.DTS.x264", &["DTS Lossy"], &[]),
            ("F.DTS-HD.MA.DTS.5.1", &["DTS Lossless", "DTS Lossy"], &["5.1"]),
            ("F.TrueHD.7.1.Atmos", &["Atmos", "TrueHD"], &["7.1"]),
            ("F.AAC2.0.x264", &["AAC"], &["2.0"]),
            ("F.x264", &[], &[]),
        ] {
            assert_eq!(audio(name), codings, "{name}");
            assert_eq!(channels(name), speakers, "{name}");
        }
    }
}
