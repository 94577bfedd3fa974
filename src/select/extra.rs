//! What lies beside a film or series and is neither: openings without credits, trailers, interviews.

use std::sync::LazyLock;

use regex::Regex;

use super::naming::{Names, plain};
use crate::release::Release;

/// Words that no title is likely to hold.
static SURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)(?:^|[\s._\-\[(])
        (?: nc[\s._-]?(?:op|ed)\d* | creditless | textless | clean[\s._-]?(?:op|ed|opening|ending)
          | (?:op|ed|pv|cm)[\s._-]?\d{1,2}[a-z]?(?:v\d)? | menus?[\s._-]?\d* | bd[\s._-]?menu
          | featurettes? | making[\s._-]of | behind[\s._-]the[\s._-]scenes | deleted[\s._-]scenes?
          | gag[\s._-]reel | bloopers? | special[\s._-]features? )
        (?:$|[\s._\-\])])",
    )
    .expect("a constant pattern")
});

/// Words that are in titles too: they count behind the title, or where they are all of it.
static LIKELY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)(?:^|[\s._\-\[(])
        (?: trailers? | teasers? | interviews? | extras? | bonus | promos? | previews? | recap
          | opening | ending | commentary )
        (?:$|[\s._\-\])\d])",
    )
    .expect("a constant pattern")
});

static FOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\W*(?: extras? | featurettes? | trailers? | bonus(?:\W+(?:features?|disc))? | behind\W+the\W+scenes
          | deleted\W+scenes? | interviews? | special\W+features? | menus? | creditless(?:\W.*)?
          | nc(?:op|ed)?(?:\W.*)? | (?:op|openings?)\W+(?:and\W+)?(?:ed|endings?) | openings? | endings?
          | making\W+of | shorts | promos? | scans | ost )\W*$",
    )
    .expect("a constant pattern")
});

/// Whether the file at `path` is an extra. `release` is what its base name says. A title that holds
/// such a word (a series called Extras, "Trailer Park …") is told by `names` or by what stands
/// behind it: a season and episode, or a year.
pub(super) fn is_extra(path: &str, release: &Release, names: &Names) -> bool {
    let mut parts = path.rsplit(['/', '\\']);
    let base = parts.next().unwrap_or(path);
    if parts.any(|folder| FOLDER.is_match(folder) && !names.within(folder)) {
        return true;
    }
    if SURE.is_match(base) {
        return true;
    }
    let counted = !release.seasons.is_empty() && !release.episodes.is_empty();
    LIKELY.is_match(base) && !counted && !in_title(base, release, names)
}

fn in_title(base: &str, release: &Release, names: &Names) -> bool {
    if names.within(base) && LIKELY.find_iter(base).all(|word| names.within_word(word.as_str())) {
        return true;
    }
    // Behind a title that ends before the word, the year or number that ends it comes first.
    let title = plain(release.title.as_deref().unwrap_or_default());
    let words = LIKELY.find_iter(base).map(|word| plain(word.as_str()));
    let all_within =
        words.into_iter().all(|word| format!(" {title} ").contains(&format!(" {word} ")));
    all_within && release.year.is_some()
}

impl Names {
    /// Whether `word` is one of a name's.
    pub(super) fn within_word(&self, word: &str) -> bool {
        let word = plain(word);
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        self.any(|name| name.split(' ').any(|part| part == word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release;

    #[test]
    fn extras_are_told_from_titles_that_hold_their_words() {
        for (path, title, expected) in [
            ("Extras/Making Of.mkv", None, true),
            ("Show/Featurettes/On Set.mkv", None, true),
            ("[G] Show - NCOP1 [1080p].mkv", None, true),
            ("[G] Show - NCED [1080p].mkv", None, true),
            ("[G] Show - Creditless Opening.mkv", None, true),
            ("Show OP1.mkv", None, true),
            ("Film-trailer.mkv", None, true),
            ("Film.2019.Trailer.1080p.mkv", None, true),
            ("Interview with the director.mkv", None, true),
            ("Making Of.mkv", None, true),
            ("Trailer.Park.Boys.S01E01.mkv", None, false),
            ("Extras.S01E01.mkv", None, false),
            ("Extras/Season 1/Extras.S01E01.mkv", Some("Extras"), false),
            ("The.Interview.2014.1080p.mkv", None, false),
            ("The.Interview.1080p.mkv", Some("The Interview"), false),
            ("Show.S01E01.mkv", None, false),
            ("Show.S01E01.Opening.Night.mkv", None, false),
            ("Show - 01.mkv", None, false),
        ] {
            let base = path.rsplit('/').next().unwrap();
            let names = Names::new(title, &[]);
            assert_eq!(is_extra(path, &release::parse(base), &names), expected, "{path}");
        }
    }
}
