//! The owner's sources: added, ordered, switched off, removed, and kept.

use serde::{Deserialize, Serialize};

use super::error::BadSource;
use super::services;
use super::template::Template;

/// Where they lie in the state store.
pub(super) const KEY: &str = "mirror/sources";
/// How many can be added: every film asks all of them.
pub const MOST_SOURCES: usize = 16;
const HIGHEST: u32 = 1_000;
const LONGEST_NAME: usize = 40;
const LONGEST_NOTE: usize = 200;
/// Words that the addresses of the API use.
const TAKEN: [&str; 2] = ["stats", "test"];

/// A source of the owner's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) url: Template,
    /// The lowest is asked first.
    pub(super) priority: u32,
    pub(super) enabled: bool,
    /// Whether it is asked only once the torrent's description is known.
    pub(super) needs_metadata: bool,
    #[serde(default)]
    pub(super) note: String,
}

/// What may be said of a source; what is `None` stays, or is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Its address, with `{infoHash}`, `{fileName}` and `{fileIndex}`.
    pub url: Option<String>,
    /// The lowest is asked first; a new one comes last.
    pub priority: Option<u32>,
    /// Whether it is asked; a new one is.
    pub enabled: Option<bool>,
    /// Whether it is asked only once the torrent's description is known.
    pub needs_metadata: Option<bool>,
    /// For people.
    pub note: Option<String>,
}

/// A name as it is kept, or why it is none.
pub(super) fn name_of(text: &str) -> Result<String, BadSource> {
    let name = text.trim();
    let sound = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '_');
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && name.chars().all(sound);
    let dots = name.chars().all(|c| c == '.');
    if !fits || dots || TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
        return Err(BadSource::Name);
    }
    if let Some((name, reason)) = services::reason(name) {
        return Err(BadSource::Known { name: name.to_owned(), reason });
    }
    Ok(name.to_owned())
}

impl Source {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.to_lowercase() == name.to_lowercase()
    }

    /// How health knows it.
    pub(super) fn key(&self) -> String {
        format!("own:{}", self.name.to_lowercase())
    }
}

/// Adds or changes the source `name` among `sources`; says whether it is new.
pub(super) fn change(
    sources: &mut Vec<Source>,
    name: &str,
    change: &Change,
) -> Result<bool, BadSource> {
    let name = name_of(name)?;
    let url = change.url.as_deref().map(Template::read).transpose();
    let url = url.map_err(|why| BadSource::Address { name: name.clone(), why })?;
    let note = change.note.as_deref().map(str::trim);
    if note.is_some_and(|note| {
        note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control)
    }) {
        return Err(BadSource::Note);
    }
    if change.priority.is_some_and(|priority| priority > HIGHEST) {
        return Err(BadSource::Priority);
    }
    let last = sources.iter().map(|source| source.priority).max().unwrap_or(0);
    let known = sources.iter().position(|source| source.is(&name));
    let source = match known {
        Some(at) => &mut sources[at],
        None if sources.len() >= MOST_SOURCES => return Err(BadSource::TooMany),
        None => {
            let url = url.clone().ok_or_else(|| BadSource::NotThere(name.clone()))?;
            let (priority, note) = ((last + 1).min(HIGHEST), String::new());
            sources.push(Source {
                name,
                url,
                priority,
                enabled: true,
                needs_metadata: false,
                note,
            });
            let at = sources.len() - 1;
            &mut sources[at]
        }
    };
    if let Some(url) = url {
        source.url = url;
    }
    source.priority = change.priority.unwrap_or(source.priority);
    source.enabled = change.enabled.unwrap_or(source.enabled);
    source.needs_metadata = change.needs_metadata.unwrap_or(source.needs_metadata);
    if let Some(note) = note {
        note.clone_into(&mut source.note);
    }
    sources.sort_by_key(|source| source.priority);
    Ok(known.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> Change {
        Change { url: Some(url.to_owned()), ..Change::default() }
    }

    #[test]
    fn sources_are_added_ordered_and_changed_by_name() {
        let mut sources = Vec::new();
        let url = "https://a.example/{infoHash}";
        assert_eq!(change(&mut sources, " My NAS ", &with_url(url)), Ok(true));
        assert_eq!(change(&mut sources, "second", &with_url(url)), Ok(true));
        let first = Change { priority: Some(0), enabled: Some(false), ..Change::default() };
        assert_eq!(change(&mut sources, "SECOND", &first), Ok(false));
        let names: Vec<_> =
            sources.iter().map(|s| (s.name.as_str(), s.priority, s.enabled)).collect();
        assert_eq!(names, [("second", 0, false), ("My NAS", 1, true)]);
        assert_eq!(
            change(&mut sources, "third", &first),
            Err(BadSource::NotThere("third".to_owned()))
        );
    }

    #[test]
    fn a_mistake_is_told_and_changes_nothing() {
        let url = with_url("https://a.example/{infoHash}");
        let mut full = Vec::new();
        for number in 0..MOST_SOURCES {
            change(&mut full, &format!("source {number}"), &url).unwrap();
        }
        let long = "x".repeat(41);
        let note = |note: &str| Change { note: Some(note.to_owned()), ..url.clone() };
        let priority = Change { priority: Some(1_001), ..url.clone() };
        for (name, asked, words) in [
            ("", url.clone(), "1 to 40 letters"),
            ("a/b", url.clone(), "1 to 40 letters"),
            ("..", url.clone(), "1 to 40 letters"),
            ("Stats", url.clone(), "neither"),
            (&long, url.clone(), "1 to 40 letters"),
            ("instant.IO", url.clone(), "Instant.io is known and stays off: unfit"),
            ("seedr.cc", url.clone(), "account service, not a mirror"),
            ("Bitport.io", url.clone(), "account service, not a mirror"),
            ("webtor.io", url.clone(), "excluded"),
            ("one more", url.clone(), "at most 16"),
            ("source 1", with_url("https://a.example/KEY"), "source 1 cannot be asked there"),
            ("source 1", note("a\nb"), "without line breaks"),
            ("source 1", note(&"x".repeat(201)), "at most 200"),
            ("source 1", priority, "from 0 to 1000"),
        ] {
            let before = full.clone();
            let refused = change(&mut full, name, &asked).unwrap_err().to_string();
            assert!(refused.contains(words) && !refused.contains("KEY"), "{name}: {refused}");
            assert_eq!(full, before, "{name}");
        }
    }
}
