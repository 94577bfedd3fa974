//! The rules of the grammar that an ordinary name does not need, and what tells whether a name is
//! ordinary.
//!
//! Of the crate's 450 rules three quarters are for what few names hold: languages, Cyrillic seasons,
//! old discs. The crate looks for each in most names, since its search for their letters does not
//! see the ends of words (`it` stands in `Kitchen`). A [`Sieve`] looks for all of
//! those at once; a name in which none can match is read by a grammar without them, in half the time.
//! One thing is lost by it: a rule that matched only across the place where an earlier rule had cut
//! a piece out of the name, which is a fault whenever it happens (`FLAC.2.0` before it read as
//! season 2).

use std::borrow::Cow;

use parse_torrent_title::{HandlerInfo, ParsedTitle, Parser};

use super::pieces::in_ascii;
use super::sieve::{Sieve, Sought};

/// Ordinary names, none a real one's: the rules that may match in one of them are kept.
const ORDINARY: &[&str] = &[
    "A.Film.2020.1080p.BluRay.REMUX.DTS-HD.MA.7.1.TrueHD.Atmos.HDR10.DV.x264-GROUP.mkv",
    "A.Film.2020.2160p.UHD.BluRay.x265.10bit.HDR10+.TrueHD.7.1.Atmos-GROUP",
    "A.Film.2020.iTA.ENG.1080p.BluRay.x264-GROUP",
    "A Film (2020) [1080p] [BluRay] [5.1] [GROUP]",
    "A Film 2020 PROPER 480p DVDRip XviD AC3-GROUP.avi",
    "www.site.org - A.Film.2020.EXTENDED.UNRATED.HDRip.x264.SPANISH.LATINO.mp4",
    "A.Show.S01E02.2160p.WEB-DL.DDP5.1.AAC2.0.10bit.HEVC.H.265-GROUP[site]",
    "A.Show.S01E02.Name.of.It.REPACK.1080p.AMZN.WEB-DL.DDP5.1.H.264-GROUP.mkv",
    "A Show S01E02 720p HDTV x264-GROUP",
    "A.Show.1x02.FRENCH.VOSTFR.DVDRip.XviD-GROUP.avi",
    "A.Show.S01E01-E10.KOR.PL.RUS.720p.NF.WEB-DL-GROUP",
    "A.Show.S01E01E02.E01-10.CAM.DVD.Remastered.3x05",
    "A.Show.S01.MULTi.1080p.WEBRip.x265.EAC3-GROUP",
    "A.Show.S01-S03.COMPLETE.GERMAN.DL.1080p.BDRip.x265-GROUP",
    "A Show (2020) Season 1 S01 (1080p BluRay x265 HEVC 10bit AAC 5.1 GROUP)",
    "A Show - Complete Series 1-3 HDTV 720p",
    "A Show (2018-2021) 2nd Season 01~12 [1280x720]",
    "[Group] A Show - 05v2 (1080p) [Multi-Subs] [0A1B2C3D].mkv",
    "[Group] A Show S01 - 05 [BD 1920x1080 HEVC 10bit FLAC][Dual Audio].mkv",
    "[Group] A Show (01-26) [BD 1080p][Multiple Subtitle] (Batch)",
    "[Group] A Show - 01-12 + OVA + Specials [JPN SUB][3840x2160] | Complete",
];

/// A grammar for ordinary names, and what tells them.
pub(super) struct Plain {
    parser: Parser,
    rare: Sieve,
}

impl Plain {
    /// `None` where the rules cannot be looked for together.
    pub(super) fn of(whole: &Parser) -> Option<Self> {
        let rules = whole.handlers();
        // Half of the work on another thread: it is as much as to compile the rules themselves, and
        // both readers of names wait for it. Every other rule, since those of one kind stand together.
        let (positions, sought): (Vec<usize>, Vec<Sought>) = std::thread::scope(|scope| {
            let odd = scope.spawn(|| rare(rules.iter().skip(1).step_by(2)));
            let even = rare(rules.iter().step_by(2));
            Some(even.into_iter().chain(odd.join().ok()?).unzip())
        })?;
        let mut parser = whole.clone();
        parser.remove_handlers_where(|rule| positions.contains(&rule.position));
        Some(Self { parser, rare: Sieve::of(&sought)? })
    }

    /// The rules that are left.
    pub(super) fn rules(&self) -> Vec<HandlerInfo> {
        self.parser.handlers()
    }

    /// Whether no rare rule can match in `name`.
    pub(super) fn is_ordinary(&self, name: &str) -> bool {
        // As the grammar reads it: an underscore would be a letter to the end of a word.
        let spaced = || Cow::from(name.replace('_', " "));
        let seen = if name.contains('_') { spaced() } else { Cow::from(name) };
        name.is_ascii() && !self.rare.may_match(&seen)
    }

    /// What the grammar says of `name`, where it is an ordinary one.
    pub(super) fn parse(&self, name: &str) -> Option<ParsedTitle> {
        self.is_ordinary(name).then(|| self.parser.parse(name))
    }
}

/// Those of `rules` that match in no ordinary name, by their positions.
fn rare<'a>(rules: impl Iterator<Item = &'a HandlerInfo>) -> Vec<(usize, Sought)> {
    let sought = |rule: &HandlerInfo| Some((rule.position, wherever_it_matches(rule.regex()?)?));
    let is_rare = |(_, sought): &(usize, Sought)| {
        let alone = Sieve::of(std::slice::from_ref(sought));
        alone.is_some_and(|alone| !ORDINARY.iter().any(|name| alone.may_match(name)))
    };
    rules.filter_map(sought).filter(is_rare).collect()
}

/// A pattern that matches every name in ASCII in which `rule` matches, and some others: the crate's
/// own translation, which leaves out what looks ahead or behind, with the ends of words put back.
fn wherever_it_matches(rule: &parse_torrent_title::Regex) -> Option<Sought> {
    let translation = rule.translation()?;
    // What is asked for in any case is taken as it is written: to spell out the cases of all scripts
    // takes longer than all the rest.
    let pattern = translation.pattern();
    let (pattern, any_case) =
        pattern.strip_prefix("(?i)").map_or((pattern, false), |pattern| (pattern, true));
    let pattern = in_ascii(&regex_syntax::parse(pattern).ok()?);
    let source = rule.source();
    let alone = source.starts_with(r"(?<!\p{L})(?:") && source.ends_with(r")(?!\p{L})");
    Some(Sought::new(&pattern, any_case, alone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parse_torrent_title::create_parser;
    use proptest::prelude::*;

    /// Each rule and the pattern that is to match wherever it does.
    fn rules() -> &'static [(parse_torrent_title::Regex, Sieve)] {
        static RULES: std::sync::LazyLock<Vec<(parse_torrent_title::Regex, Sieve)>> =
            std::sync::LazyLock::new(|| {
                let rules = create_parser().handlers();
                let rules = rules.iter().filter_map(|rule| rule.regex().cloned());
                let both = |rule: parse_torrent_title::Regex| {
                    let pattern = wherever_it_matches(&rule)?;
                    Some((rule, Sieve::of(&[pattern])?))
                };
                rules.filter_map(both).collect()
            });
        &RULES
    }

    #[test]
    fn most_rules_are_rare_and_ordinary_names_are_told() {
        let whole = create_parser();
        let plain = Plain::of(&whole).unwrap();
        assert!(rules().len() > 400);
        assert!(plain.parser.handlers().len() * 2 < whole.handlers().len());
        for name in ORDINARY {
            assert_eq!(plain.parse(name), Some(whole.parse(name)), "{name}");
        }
        for name in ["Film.2019.SLOVENIAN.720p", "Film 2019 DANiSH", "\u{424}ильм 2019"] {
            assert_eq!(plain.parse(name), None, "{name}");
        }
        // A blank to the grammar, but no end of a word to a pattern.
        assert_eq!(plain.parse("Film_2019_TS_x264-GROUP"), None);
    }

    proptest! {
        #[test]
        fn no_rule_matches_where_its_pattern_does_not(
            words in proptest::collection::vec(
                prop_oneof![
                    "[ -~]{1,12}",
                    "[A-Za-z]{2,4}",
                    "[0-9]{1,4}[a-z]?",
                    proptest::sample::select(vec![
                        "S01E02", "hin", "de", "EN", "ita", "sub", "esp", "1x02", "720p", "it", "nl",
                        "season", "complete", "2019", "danish", "DVB", "uncut", "ser", "01-12",
                    ]).prop_map(str::to_owned),
                ],
                1..8,
            ),
            between in "[ ._,/()+-]",
        ) {
            let name = words.join(&between);
            for (rule, pattern) in rules() {
                prop_assert!(
                    pattern.may_match(&name) || rule.find(&name).is_none(),
                    "{} in {name:?}", rule.source(),
                );
            }
        }
    }
}
