//! What a node's name says. The name is a path of words joined by `.`, the folder's first: where a
//! node stands is its name without the last word.

use data_encoding::BASE64URL_NOPAD;

use super::node::NodeId;
use crate::media::{Episode, StremioId};
use crate::title::Kind;

/// Most bytes of a search's text, so that an episode found by it still has a name of 120.
const LONGEST_SEARCH: usize = 48;

/// A list of titles: where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// What is popular, with so many left out before.
    Popular(Kind, u32),
    /// What a search finds.
    Search(String),
}

/// Which rows of the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Begun,
    Films,
    Others,
    Coming,
    Pinned,
}

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    /// What is here: its parts.
    Here,
    /// Titles of the shelf.
    Shelf(Part),
    /// Those under a letter, and of many such the n-th part.
    Letter(Part, String, Option<usize>),
    /// Series of which there is something here.
    SeriesHere,
    SeasonsHere(StremioId),
    SeasonHere(StremioId, u32),
    /// A film of the shelf, by its media id.
    Film(String),
    Searches,
    List(Source),
    /// A film that anybody may ask for.
    Asked(StremioId),
    Seasons(StremioId),
    /// A season, and of a long one the part that begins with an episode.
    Season(StremioId, u32, Option<u32>),
}

pub(super) const CONTINUE: &str = "continue";
pub(super) const HERE: &str = "here";
pub(super) const HERE_FILMS: &str = "here.films";
pub(super) const HERE_SERIES: &str = "here.series";
pub(super) const HERE_OTHERS: &str = "here.other";
pub(super) const COMING: &str = "downloading";
pub(super) const PINNED: &str = "pinned";
pub(super) const SEARCHES: &str = "searches";
/// What the word of a film in a list begins with: its id does not say that it is one.
pub(super) const FILM: &str = "film-";
/// The catalogues, and what is in each.
pub(super) const POPULAR: &[(&str, Kind)] =
    &[("films", Kind::Movie), ("series", Kind::Series), ("anime", Kind::Anime)];

impl NodeId {
    pub(super) fn child(&self, word: &str) -> Self {
        Self::of(if self.as_str() == Self::ROOT {
            word.to_owned()
        } else {
            format!("{}.{word}", self.as_str())
        })
    }

    /// Where it stands; `None` for the root.
    pub(super) fn above(&self) -> Option<Self> {
        if self.as_str() == Self::ROOT {
            return None;
        }
        Some(Self::of(self.as_str().rsplit_once('.').map_or(Self::ROOT, |(above, _)| above)))
    }

    /// What it says; `None` where it says nothing.
    pub(super) fn place(&self) -> Option<Place> {
        let (part, rest): (_, Vec<&str>) = match self.as_str() {
            Self::ROOT => return Some(Place::Root),
            HERE => return Some(Place::Here),
            HERE_SERIES => return Some(Place::SeriesHere),
            SEARCHES => return Some(Place::Searches),
            name => of_shelf(name).map_or_else(
                || (None, name.split('.').collect()),
                |(part, rest)| (Some(part), rest),
            ),
        };
        match (part, rest.as_slice()) {
            (Some(part), words) => in_shelf(part, words),
            (None, ["here", "series", words @ ..]) => in_series_here(words),
            (None, ["searches", text, words @ ..]) => {
                in_list(Source::Search(search_text(text)?), words)
            }
            (None, [name, words @ ..]) => {
                let (_, kind) = POPULAR.iter().find(|(known, _)| known == name)?;
                let (skip, words) = match words {
                    [more, words @ ..] if more.starts_with("more-") => {
                        (number(&more["more-".len()..])?, words)
                    }
                    words => (0, words),
                };
                in_list(Source::Popular(*kind, skip), words)
            }
            (None, []) => None,
        }
    }
}

/// A part of the shelf that the name begins with, and the words after it.
fn of_shelf(name: &str) -> Option<(Part, Vec<&str>)> {
    let parts = [
        (CONTINUE, Part::Begun),
        (HERE_FILMS, Part::Films),
        (HERE_OTHERS, Part::Others),
        (COMING, Part::Coming),
        (PINNED, Part::Pinned),
    ];
    parts.into_iter().find_map(|(known, part)| {
        let rest = name.strip_prefix(known)?;
        match rest.strip_prefix('.') {
            Some(rest) => Some((part, rest.split('.').collect())),
            None => rest.is_empty().then(|| (part, Vec::new())),
        }
    })
}

fn in_shelf(part: Part, words: &[&str]) -> Option<Place> {
    match words {
        [] => Some(Place::Shelf(part)),
        [letter] if is_letter(letter) => Some(Place::Letter(part, (*letter).to_owned(), None)),
        [letter, at] if is_letter(letter) && at.starts_with("part-") => {
            let at = usize::try_from(number(&at["part-".len()..])?).ok()?;
            Some(Place::Letter(part, (*letter).to_owned(), Some(at)))
        }
        [media_id] => film(media_id),
        [letter, media_id] if is_letter(letter) => film(media_id),
        [letter, at, media_id] if is_letter(letter) && at.starts_with("part-") => film(media_id),
        _ => None,
    }
}

fn in_series_here(words: &[&str]) -> Option<Place> {
    match words {
        [title] => Some(Place::SeasonsHere(StremioId::of_title(title).ok()?)),
        [title, season] => {
            Some(Place::SeasonHere(StremioId::of_title(title).ok()?, number_after(season, 's')?))
        }
        [_, _, media_id] => film(media_id),
        _ => None,
    }
}

/// In a list of titles: a title; of a series its seasons, a season, its episodes.
fn in_list(source: Source, words: &[&str]) -> Option<Place> {
    let [title, words @ ..] = words else { return Some(Place::List(source)) };
    if let Some(film) = title.strip_prefix(FILM) {
        return words.is_empty().then(|| StremioId::of_title(film).ok().map(Place::Asked))?;
    }
    let id = StremioId::of_title(title).ok()?;
    match words {
        [] => Some(Place::Seasons(id)),
        [season, rest @ ..] => {
            let season = number_after(season, 's')?;
            match rest {
                [] => Some(Place::Season(id, season, None)),
                [from] if from.starts_with("from-") => {
                    Some(Place::Season(id, season, Some(number(&from["from-".len()..])?)))
                }
                [last] | [_, last] => {
                    let number = number_after(last, 'e').filter(|number| *number > 0)?;
                    Some(Place::Asked(id.with_episode(Episode { season, number })))
                }
                _ => None,
            }
        }
    }
}

fn film(media_id: &str) -> Option<Place> {
    let sound = !media_id.is_empty() && media_id.bytes().all(|b| b.is_ascii_hexdigit());
    sound.then(|| Place::Film(media_id.to_owned()))
}

fn is_letter(word: &str) -> bool {
    word == "0-9" || word == "Other" || (word.len() == 1 && word.as_bytes()[0].is_ascii_uppercase())
}

fn number_after(word: &str, letter: char) -> Option<u32> {
    number(word.strip_prefix(letter)?)
}

fn number(digits: &str) -> Option<u32> {
    let sound = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| sound)
}

/// The word that stands for a search.
pub(super) fn search_word(text: &str) -> String {
    let mut end = text.len().min(LONGEST_SEARCH);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    BASE64URL_NOPAD.encode(text[..end].trim().as_bytes())
}

fn search_text(word: &str) -> Option<String> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(word.as_bytes()).ok()?).ok()?;
    Some(text).filter(|text| !text.is_empty() && text.len() <= LONGEST_SEARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_is_and_where_it_stands() {
        let id = |text: &str| StremioId::of_title(text).unwrap();
        let film = || Some(Place::Film("00112233445566778899".to_owned()));
        let popular = |kind, skip| Some(Place::List(Source::Popular(kind, skip)));
        for (name, above, expected) in [
            ("0", None, Some(Place::Root)),
            ("here", Some("0"), Some(Place::Here)),
            ("continue.00112233445566778899", Some("continue"), film()),
            ("here.films", Some("here"), Some(Place::Shelf(Part::Films))),
            (
                "here.films.A",
                Some("here.films"),
                Some(Place::Letter(Part::Films, "A".to_owned(), None)),
            ),
            ("here.films.A.part-2.00112233445566778899", Some("here.films.A.part-2"), film()),
            (
                "here.series.tt0944947",
                Some("here.series"),
                Some(Place::SeasonsHere(id("tt0944947"))),
            ),
            (
                "here.series.tt0944947.s2",
                Some("here.series.tt0944947"),
                Some(Place::SeasonHere(id("tt0944947"), 2)),
            ),
            ("films", Some("0"), popular(Kind::Movie, 0)),
            ("films.more-100", Some("films"), popular(Kind::Movie, 100)),
            (
                "films.more-100.film-tt0944947",
                Some("films.more-100"),
                Some(Place::Asked(id("tt0944947"))),
            ),
            ("anime.kitsu:12.s1.from-101.e120", Some("anime.kitsu:12.s1.from-101"), {
                Some(Place::Asked("kitsu:12:120".parse().unwrap()))
            }),
            ("series.tmdb:tv:1399", Some("series"), Some(Place::Seasons(id("tmdb:tv:1399")))),
            (
                "series.tmdb:tv:1399.s1.e1",
                Some("series.tmdb:tv:1399.s1"),
                Some(Place::Asked("tmdb:tv:1399:1:1".parse().unwrap())),
            ),
            ("searches", Some("0"), Some(Place::Searches)),
            ("nothing", Some("0"), None),
            ("films.tt1.s1", Some("films.tt1"), None),
            ("films.tt0944947.s1.e0", Some("films.tt0944947.s1"), None),
            ("here.films.a b", Some("here.films"), None),
            ("", Some("0"), None),
        ] {
            let node = NodeId::of(name);
            assert_eq!(node.place(), expected, "{name}");
            assert_eq!(node.above().as_ref().map(NodeId::as_str), above, "{name}");
        }
    }

    #[test]
    fn a_search_is_named_by_its_text_and_cut_where_it_is_long() {
        let long = "日本".repeat(40);
        for (text, kept) in [("harbour & <1>", "harbour & <1>"), (long.as_str(), &long[..48])] {
            let name = NodeId::of(SEARCHES).child(&search_word(text));
            let episode =
                name.child("tmdb:tv:99999999").child("s1000").child("from-1001").child("e1");
            assert_eq!(NodeId::parse(episode.as_str()), Some(episode), "{}", name.as_str().len());
            let place = name.place();
            assert_eq!(place, Some(Place::List(Source::Search(kept.to_owned()))));
        }
    }
}
