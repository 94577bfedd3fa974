//! The sound that a name tells of, in PTT's words. A name often tells of several tracks, of which
//! the parser gives one: so they are read here.

use std::sync::LazyLock;

use super::patterns::Patterns;

/// Each coding and what it is called, in the order in which they are told.
const CODINGS: [(&str, &str); 12] = [
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
];

/// The speakers, likewise.
const SPEAKERS: [(&str, &str); 5] = [
    (
        r"(?i)\b(?:[A-Z-]*\p{L}3?\+?[ ._]?)?5\.1(?:ch|x\d)?\b|(?:DDP?|AC-?3|AAC|MA|DTS|HD)[ ._]?5[ _]1\b",
        "5.1",
    ),
    (r"(?i)(?:\b|\p{L})7\.1(?:ch|x\d)?\b|(?:DDP?|MA|HD|Atmos)[ ._]?7[ _]1\b", "7.1"),
    (r"(?i)(?:\b|\p{L}|AC-?3)2\.0(?:ch|x\d)?\b|(?:DDP?|AAC|FLAC)[ ._]?2[ _]0\b", "2.0"),
    (r"(?i)\bstereo\b", "stereo"),
    (r"(?i)\bmono\b", "mono"),
];

pub(super) static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let rows = CODINGS.iter().chain(&SPEAKERS);
    Patterns::new(&rows.map(|(pattern, _)| *pattern).collect::<Vec<_>>())
});

/// The place of [`CODINGS`]' row for DTS without loss.
const LOSSLESS: usize = 0;

/// What the sound is coded in, and its speakers, such as `5.1`.
pub(super) fn tracks(name: &str) -> (Vec<String>, Vec<String>) {
    let seen = PATTERNS.of(name);
    let runs = |place: usize| seen.regex(place).find_iter(name);
    let (mut codings, mut speakers) = (Vec::new(), Vec::new());
    for place in seen.places() {
        match CODINGS.get(place) {
            Some((_, "DTS Lossy")) if runs(place).count() == runs(LOSSLESS).count() => {}
            // A plus sign ends no word: `DD+` reads as `DD` too.
            Some((_, "Dolby Digital")) if runs(place).all(|at| is_plus(&name[at.end()..])) => {}
            Some((_, coding)) => codings.push((*coding).to_owned()),
            None => speakers.push(SPEAKERS[place - CODINGS.len()].1.to_owned()),
        }
    }
    (codings, speakers)
}

fn is_plus(rest: &str) -> bool {
    let word = rest.trim_start_matches([' ', '.', '_', '-']);
    let spelt = word.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("plus"));
    spelt || rest.starts_with(['+', 'P', 'p'])
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
            let (audio, channels) = tracks(name);
            assert_eq!(audio, codings, "{name}");
            assert_eq!(channels, speakers, "{name}");
        }
    }
}
