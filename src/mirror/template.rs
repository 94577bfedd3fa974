//! The owner's addresses with places to fill: `https://nas.example/{infoHash}/{fileName}`.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::known::Known;

/// What stays readable in a value (RFC 3986, 2.3: unreserved).
pub(super) const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest that is taken, in bytes.
const LONGEST: usize = 2_000;
/// What is put where an address is cut for the eye.
const CUT: char = '\u{2026}';

/// An address with places to fill. Only the path and the query have any: what a stranger calls a
/// file never decides which host is asked. It may hold a key, so it is kept whole and shown cut.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// As it was given.
    text: String,
    /// `scheme://host:port`
    origin: String,
    /// What follows it.
    rest: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Plain(String),
    Filled(Place),
}

/// A place to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// 40 lower-case hexadecimal digits.
    InfoHash,
    /// The same in capitals: some caches know no other.
    InfoHashInCapitals,
    /// The last part of the file's path.
    FileName,
    /// Its place in the torrent, from 0.
    FileIndex,
}

const PLACES: [(&str, Place); 4] = [
    ("{infoHash}", Place::InfoHash),
    ("{INFOHASH}", Place::InfoHashInCapitals),
    ("{fileName}", Place::FileName),
    ("{fileIndex}", Place::FileIndex),
];

/// A text that is no address with places to fill. No sentence repeats it: it may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// No web address.
    #[error(
        "an address begins with http:// or https:// and names a host, such as https://nas.example/{{infoHash}}/{{fileName}}"
    )]
    NotWeb,
    /// Someone would read it in a log.
    #[error("an address with a user name or password before the host is not taken; leave them out")]
    UserInfo,
    /// A place in the host.
    #[error("the host of an address has to be written out; places to fill stand behind it alone")]
    Host,
    /// Braces round something else.
    #[error(
        "the places to fill are {{infoHash}}, {{INFOHASH}}, {{fileName}} and {{fileIndex}}; mend what stands in braces"
    )]
    UnknownPlace,
    /// It would be one address for every film.
    #[error(
        "an address needs {{infoHash}} or {{fileName}} in it, or every film would be the same one"
    )]
    NoPlace,
    /// A shown one that was sent back.
    #[error("this address was cut for the eye; give the whole one")]
    Cut,
    /// Longer than any that works.
    #[error("an address has at most 2,000 characters")]
    TooLong,
}

impl Template {
    /// Reads one that tells films apart.
    pub(super) fn read(text: &str) -> Result<Self, BadTemplate> {
        let template = Self::read_any(text)?;
        let names = |part: &Part| matches!(part, Part::Filled(place) if *place != Place::FileIndex);
        if template.rest.iter().any(names) { Ok(template) } else { Err(BadTemplate::NoPlace) }
    }

    /// Reads the address of a `.torrent` cache; one without a place gets `INFOHASH.torrent` below it.
    pub(super) fn read_cache(text: &str) -> Result<Self, BadTemplate> {
        match Self::read(text) {
            Err(BadTemplate::NoPlace) => {
                Self::read(&format!("{}/{{INFOHASH}}.torrent", text.trim().trim_end_matches('/')))
            }
            read => read,
        }
    }

    fn read_any(text: &str) -> Result<Self, BadTemplate> {
        let text = text.trim().split('#').next().unwrap_or_default();
        if text.len() > LONGEST {
            return Err(BadTemplate::TooLong);
        }
        if text.contains(CUT) {
            return Err(BadTemplate::Cut);
        }
        let start = text.find("://").ok_or(BadTemplate::NotWeb)? + 3;
        let end = text[start..].find(['/', '\\', '?']).map_or(text.len(), |at| start + at);
        if text[..end].contains(['{', '}']) {
            return Err(BadTemplate::Host);
        }
        let base = Url::parse(&text[..end]).map_err(|_| BadTemplate::NotWeb)?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(BadTemplate::NotWeb);
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(BadTemplate::UserInfo);
        }
        let origin = base.origin().ascii_serialization();
        Ok(Self { text: text.to_owned(), origin, rest: parts(&text[end..])? })
    }

    /// Whether it has to be known where in its torrent a file is.
    pub(super) fn wants_index(&self) -> bool {
        self.rest.contains(&Part::Filled(Place::FileIndex))
    }

    /// The address for this file; `None` where something of it is not known, or where its name would
    /// be read as a way out of a folder.
    pub(super) fn fill(&self, known: &Known) -> Option<Url> {
        let mut text = self.origin.clone();
        if !self
            .rest
            .first()
            .is_some_and(|part| matches!(part, Part::Plain(p) if p.starts_with(['/', '\\', '?'])))
        {
            text.push('/');
        }
        for part in &self.rest {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Filled(Place::InfoHash) => text.push_str(&known.info_hash.to_string()),
                Part::Filled(Place::InfoHashInCapitals) => {
                    text.push_str(&known.info_hash.to_string().to_uppercase());
                }
                Part::Filled(Place::FileName) => {
                    let name = known.base_name().filter(|name| is_safe(name))?;
                    text.extend(utf8_percent_encode(name, ESCAPED));
                }
                Part::Filled(Place::FileIndex) => text.push_str(&known.index?.to_string()),
            }
        }
        Url::parse(&text).ok()
    }

    /// The host, for health and messages.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The address for people: what is neither host nor place may be a key, and is cut.
    pub(super) fn shown(&self) -> String {
        let mut shown = self.origin.clone();
        for part in &self.rest {
            match part {
                Part::Plain(plain) if plain.chars().all(|c| c == '/') => shown.push_str(plain),
                Part::Plain(plain) => {
                    let slash = |at: bool| if at { "/" } else { "" };
                    shown.push_str(slash(plain.starts_with('/')));
                    shown.push(CUT);
                    shown.push_str(slash(plain.ends_with('/')));
                }
                Part::Filled(place) => {
                    let word = PLACES.iter().find(|(_, known)| known == place);
                    shown.push_str(word.map_or("", |(word, _)| word));
                }
            }
        }
        shown
    }
}

/// Whether a part of a path stays where it is put: the URL standard takes `.` and `..` as steps, also
/// where they are percent-encoded.
pub(super) fn is_safe(part: &str) -> bool {
    !matches!(part, "" | "." | "..")
}

fn parts(mut rest: &str) -> Result<Vec<Part>, BadTemplate> {
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let at = rest.find(['{', '}']).unwrap_or(rest.len());
        let (plain, next) = rest.split_at(at);
        if !plain.is_empty() {
            parts.push(Part::Plain(plain.to_owned()));
        }
        if next.is_empty() {
            break;
        }
        let place = PLACES.iter().find(|(word, _)| next.starts_with(word));
        let (word, place) = place.ok_or(BadTemplate::UnknownPlace)?;
        parts.push(Part::Filled(*place));
        rest = &next[word.len()..];
    }
    Ok(parts)
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl serde::Serialize for Template {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Template {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
