//! What the name of a subtitle file says: its language, and for whom it is.

use super::language::Language;

/// What a name says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Named {
    /// Its language, where it says.
    pub language: Option<Language>,
    /// Only what is said in a foreign language, and signs.
    pub forced: bool,
    /// With sounds, for the hard of hearing.
    pub sdh: bool,
    /// Whether it says nothing but this and perhaps a number: no title, no episode.
    pub says_no_more: bool,
}

/// A part of a name, and what stands before it.
struct Word {
    text: String,
    before: char,
}

const FORCED: &[&str] = &["forced", "foreign", "signs", "songs", "sign", "song"];
const SDH: &[&str] = &["sdh", "cc", "hoh", "impaired", "hearing"];
/// Words that say nothing of it.
const EMPTY: &[&str] = &[
    "sub",
    "subs",
    "subtitle",
    "subtitles",
    "full",
    "default",
    "parts",
    "only",
    "and",
    "utf8",
    "utf",
    "american",
    "european",
    "canadian",
    "parisian",
    "chinese",
    "track",
    "srt",
    "regular",
    "normal",
];

/// Reads the name of a subtitle file. `path` is its place in the torrent; `film` the name of the film
/// that it lies beside, without the extension, where its own begins so: what follows is then all of it.
#[must_use]
pub fn read(path: &str, film: Option<&str>) -> Named {
    let mut parts = path.rsplit(['/', '\\']);
    let base = parts.next().unwrap_or_default();
    let stem = stem(base);
    let rest = film.and_then(|film| after(stem, film));
    let named = read_words(&words(rest.unwrap_or(stem)), rest.is_some());
    if named.language.is_some() {
        return named;
    }
    // `English/Film.srt`: a folder that is called so and nothing else.
    let folder = parts.next().map(|folder| read_words(&words(folder), false));
    let folder = folder.filter(|folder| folder.says_no_more).unwrap_or_default();
    Named { language: folder.language, ..named }
}

/// `name` without its extension.
pub(super) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// What follows `film` at the start of `stem`, if that begins with it as a whole.
pub(super) fn after<'a>(stem: &'a str, film: &str) -> Option<&'a str> {
    let head = stem.get(..film.len()).filter(|_| !film.is_empty())?;
    let rest = &stem[film.len()..];
    let ends = rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
    (ends && head.eq_ignore_ascii_case(film)).then_some(rest)
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut before = ' ';
    let mut inside = false;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            before = c;
            inside = false;
            continue;
        }
        if !inside {
            words.push(Word { text: String::new(), before });
            inside = true;
        }
        if let Some(word) = words.last_mut() {
            word.text.extend(c.to_lowercase());
        }
    }
    words
}

/// Reads from the end: what a name says of a subtitle stands behind the title. `all`: it is no part of
/// a title, so that reading goes on behind a word that is not known.
fn read_words(words: &[Word], all: bool) -> Named {
    let mut named = Named::default();
    let (mut hi, mut at) = (false, words.len());
    while let Some(last) = at.checked_sub(1) {
        let word = &words[last];
        let before = last.checked_sub(1).map(|place| &words[place]);
        // A word of two letters with a space before it is one of the title: "Let It".
        let behind_title = !all && last > 0 && word.before == ' ';
        let mut taken = 1;
        if named.language.is_none()
            && let Some((language, words)) = language(word, before, behind_title)
        {
            (named.language, taken) = (Some(language), words);
        } else if let Some(form) = named.language.and_then(|it| it.in_form(&word.text)) {
            named.language = Some(form);
        } else if word.text == "hi" {
            hi = true;
        } else if FORCED.contains(&word.text.as_str()) {
            named.forced = true;
        } else if SDH.contains(&word.text.as_str()) {
            named.sdh = true;
        } else if !is_empty(word, last, named.language) && !all {
            break;
        }
        at -= taken;
    }
    // Hindi's code alone; beside a language it is "hearing impaired".
    match named.language {
        None if hi => named.language = Language::of_code("hi"),
        _ => named.sdh |= hi,
    }
    Named { says_no_more: at == 0, ..named }
}

/// The language that a word is of, and how many words it took.
fn language(word: &Word, before: Option<&Word>, behind_title: bool) -> Option<(Language, usize)> {
    let text = word.text.as_str();
    // `pt-BR`, `zh_TW`, `en-US`: a language and a region.
    if let Some(before) = before
        && matches!(word.before, '-' | '_')
        && text.len() <= 4
        && let Some(language) = Language::of_code(&before.text).filter(|_| before.text.len() <= 3)
    {
        if let Some(form) = language.in_form(text) {
            return Some((form, 2));
        }
        if REGIONS.contains(&text) {
            return Some((language, 2));
        }
    }
    // "Scottish Gaelic", "Norwegian Bokmål".
    let two = before.and_then(|before| Language::of_name(&format!("{} {text}", before.text)));
    if let Some(language) = two {
        return Some((language, 2));
    }
    if let Some(language) = Language::of_name(text).or_else(|| Language::of_form(text)) {
        return Some((language, 1));
    }
    if text == "hi" || (behind_title && text.len() < 4) {
        return None;
    }
    Some((Language::of_code(text)?, 1))
}

/// Regions behind a code that are no form of their own here.
const REGIONS: &[&str] = &[
    "us", "gb", "uk", "au", "nz", "ie", "in", "ca", "fr", "be", "ch", "de", "at", "es", "pt", "nl",
    "it", "se", "no", "dk", "fi", "pl", "cz", "jp", "kr", "ru", "eu",
];

/// Whether a word says nothing: a track's number, a filler, the language once more.
fn is_empty(word: &Word, place: usize, language: Option<Language>) -> bool {
    let text = word.text.as_str();
    let number = text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    let track = text.strip_prefix("track").or_else(|| text.strip_prefix('t'));
    let track = track.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let again = || {
        let other = Language::of_code(text).or_else(|| Language::of_name(text));
        other.is_some_and(|other| Some(other.code()) == language.map(Language::code))
    };
    (number && place == 0) || track || EMPTY.contains(&text) || again()
}
