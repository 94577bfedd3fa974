//! The grammar of release names: the crate's, with a few of its rules put in a cheaper order.
//!
//! The crate reads with some 450 rules and is quick about most. A few look behind at every position
//! of the name before they look at the position itself; one of them took a quarter of the time. They
//! are given here with what stands at the position first. What they match is the same: a test reads
//! names with both grammars. A rule is found by its text, so a version of the crate that has mended
//! one keeps its own. Of those that are left, an ordinary name needs a quarter: see [`super::plain`].

use std::sync::LazyLock;

use parse_torrent_title::transformers::{Transformer, uniq_concat, value};
use parse_torrent_title::{Handler, HandlerInfo, Options, ParsedTitle, Parser, Position, Regex};
use parse_torrent_title::{Target, create_parser};

use super::plain::Plain;

/// The crate's rule, the same in a cheaper order, what it yields, and whether that joins a list.
const CHEAPER: &[(&str, &str, &str, bool)] = &[
    (
        r"(?<=\b(?:4k|2160p)\b.*)(?<!\+)\b(480|720|1080)p\b",
        r"\b(480|720|1080)p\b(?<!\+\d+p)(?<=\b(?:4k|2160p)\b.*)",
        "$1p",
        false,
    ),
    (
        r"(?<!\p{L})(?:\bes(?=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,})\b)(?!\p{L})",
        r"\bes(?=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,})(?<!\p{L}es)",
        "spanish",
        true,
    ),
    (
        r"(?<!\p{L})(?:\b(?<=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,})es\b)(?!\p{L})",
        r"\bes\b(?!\p{L})(?<=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,}es)",
        "spanish",
        true,
    ),
    (
        r"(?<!\p{L})(?:\b(?<=[ .,/-]+[A-Z]{2}[ .,/-]+)es(?=[ .,/-]+[A-Z]{2}[ .,/-]+)\b)(?!\p{L})",
        r"\bes(?=[ .,/-]+[A-Z]{2}[ .,/-]+)(?<=[ .,/-]+[A-Z]{2}[ .,/-]+es)",
        "spanish",
        true,
    ),
    (
        r"(?<!\p{L})(?:\bes(?=\.(?:ass|ssa|srt|sub|idx)$))(?!\p{L})",
        r"\bes(?=\.(?:ass|ssa|srt|sub|idx)$)(?<!\p{L}es)",
        "spanish",
        true,
    ),
    (
        r"(?<!\p{L})(?:\bit(?=\.(?:ass|ssa|srt|sub|idx)$))(?!\p{L})",
        r"\bit(?=\.(?:ass|ssa|srt|sub|idx)$)(?<!\p{L}it)",
        "italian",
        true,
    ),
    (
        r"(?<!\p{L})(?:\bde(?=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,})\b)(?!\p{L})",
        r"\bde(?=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,})(?<!\p{L}de)",
        "german",
        true,
    ),
    (
        r"(?<!\p{L})(?:\b(?<=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,})de\b)(?!\p{L})",
        r"\bde\b(?!\p{L})(?<=[ .,/-]+(?:[A-Z]{2}[ .,/-]+){2,}de)",
        "german",
        true,
    ),
    (
        r"(?<!\p{L})(?:\b(?<=[ .,/-]+[A-Z]{2}[ .,/-]+)de(?=[ .,/-]+[A-Z]{2}[ .,/-]+)\b)(?!\p{L})",
        r"\bde(?=[ .,/-]+[A-Z]{2}[ .,/-]+)(?<=[ .,/-]+[A-Z]{2}[ .,/-]+de)",
        "german",
        true,
    ),
    (
        r"(?<!\p{L})(?:\bde(?=\.(?:ass|ssa|srt|sub|idx)$))(?!\p{L})",
        r"\bde(?=\.(?:ass|ssa|srt|sub|idx)$)(?<!\p{L}de)",
        "german",
        true,
    ),
];

static PARSER: LazyLock<Parser> = LazyLock::new(|| {
    let mut parser = create_parser();
    for (theirs, cheaper, word, joins) in CHEAPER {
        let of_text = |rule: &HandlerInfo| rule.regex().is_some_and(|r| r.source() == *theirs);
        let found = parser.handlers().into_iter().find(of_text);
        if let Some(rule) = found {
            replace(&mut parser, &rule, cheaper, yields(word, *joins));
        }
    }
    parser
});

fn yields(word: &str, joins: bool) -> Transformer {
    if joins { uniq_concat(value(word)) } else { value(word) }
}

fn replace(parser: &mut Parser, rule: &HandlerInfo, cheaper: &str, transformer: Transformer) {
    let flags = rule.regex().map_or("", Regex::flags);
    let options = rule.options().cloned().unwrap_or_else(Options::new);
    let Ok(regex) = Regex::new(cheaper, flags) else { return };
    let Ok(place) = isize::try_from(rule.index) else { return };
    let ours = Handler::regex(&rule.name, regex).transform(transformer).options(options);
    if parser.insert_handler(Position::before(Target::new(&rule.name, place)), ours).is_ok() {
        // Ours took its place, so the crate's stands one further.
        parser.remove_handlers_where(|other| other.position == rule.position + 1);
    }
}

static PLAIN: LazyLock<Option<Plain>> = LazyLock::new(|| Plain::of(&PARSER));

/// Whether `name` is read by the rules for ordinary names alone.
pub(super) fn is_ordinary(name: &str) -> bool {
    PLAIN.as_ref().is_some_and(|plain| plain.is_ordinary(name))
}

/// What the grammar says of `name`.
pub(super) fn parse(name: &str) -> ParsedTitle {
    let plain = PLAIN.as_ref().and_then(|plain| plain.parse(name));
    plain.unwrap_or_else(|| PARSER.parse(name))
}

/// Compiles the rules for ordinary names; the others are compiled when a name first needs them, and
/// most of them never are. The last comes first: who reads a name meanwhile needs the first at first,
/// and each is compiled once for both.
pub(super) fn warm_up() {
    let Some(plain) = PLAIN.as_ref() else { return };
    for rule in plain.rules().iter().rev() {
        let _ = rule.regex().map(|rule| rule.find("x"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cheaper_rule_stands_in_the_place_of_the_crates() {
        let theirs = create_parser().handlers();
        let ours = PARSER.handlers();
        assert_eq!(theirs.len(), ours.len());
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!((&theirs.name, theirs.options()), (&ours.name, ours.options()));
            let (Some(was), Some(is)) = (theirs.regex(), ours.regex()) else { continue };
            let row = CHEAPER.iter().find(|row| row.0 == was.source());
            assert_eq!(is.source(), row.map_or(was.source(), |row| row.1));
        }
    }

    #[test]
    fn both_grammars_read_the_same() {
        for name in [
            "Film.2019.4K.1080p.BluRay.x264-G",
            "Film 2019 2160p (1080p) +720p",
            "Film 2160p+1080p",
            "Film.1080p.2160p.WEB-DL",
            "4k 720p",
            "Film 2019 1080p [EN, FR, DE, ES, IT] WEB",
            "Film 2019 (De, En, Fr).mkv",
            "Film.2019.ES.EN.FR.1080p",
            "Film 2019 EN ES FR",
            "Film.2019.EN.FR.ES",
            "Film.2019.de.srt",
            "Film.2019.es.ass",
            "Film.2019.it.sub",
            "Modes.de.l'air.2019.es",
            "\u{e9}es en fr de.srt",
            "Le codes des EN.DE.FR.x264",
            "Film EN/DE/FR/ES 2019",
        ] {
            assert_eq!(parse(name), parse_torrent_title::parse(name), "{name}");
        }
    }
}
