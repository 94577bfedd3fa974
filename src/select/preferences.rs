//! What a household prefers. Everything has a default that is good for one that sets nothing.

use serde::{Deserialize, Serialize};

/// What a household prefers among the torrents of one title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// Resolutions, the most wanted first; what is not named comes after those.
    pub resolutions: Vec<Resolution>,
    /// Nothing finer than this, if anything else is there.
    pub max_resolution: Option<Resolution>,
    /// Largest film, in MiB.
    pub max_film_mib: Option<u64>,
    /// Largest episode, in MiB; a pack counts by its episodes.
    pub max_episode_mib: Option<u64>,
    /// Fastest stream, in Mbit/s, as the Wi-Fi carries it.
    pub max_mbit_s: Option<u32>,
    /// Languages to hear, in codes of two letters.
    pub languages: Vec<String>,
    /// Whether what names none of these languages is never played by itself.
    pub only_these_languages: bool,
    /// Pictures of high dynamic range.
    pub hdr: Hdr,
    /// Dolby Vision.
    pub dolby_vision: DolbyVision,
    /// Codings that the set cannot play.
    pub cannot_play: Vec<Codec>,
    /// How much it counts how many people share a torrent.
    pub seeders: Seeders,
    /// Whether only what a store has at once is played by itself.
    pub cached_only: bool,
    /// Names that hold one of these words are never played by themselves.
    pub exclude: Vec<String>,
    /// Languages to read, in codes of two letters; none: those to hear.
    pub subtitles: Vec<String>,
    /// Whether OpenSubtitles is asked for subtitles that lie beside no film.
    pub opensubtitles: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            // 1080p before 2160p: every set plays it, a weak Wi-Fi carries it, and from a sofa few
            // see the difference.
            resolutions: vec![
                Resolution::P1080,
                Resolution::P2160,
                Resolution::P1440,
                Resolution::P720,
                Resolution::Sd,
            ],
            max_resolution: None,
            max_film_mib: None,
            max_episode_mib: None,
            max_mbit_s: None,
            languages: Vec::new(),
            only_these_languages: false,
            hdr: Hdr::Any,
            dolby_vision: DolbyVision::WithHdr,
            cannot_play: Vec::new(),
            seeders: Seeders::Little,
            cached_only: false,
            exclude: Vec::new(),
            subtitles: Vec::new(),
            opensubtitles: true,
        }
    }
}

/// Lines of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Resolution {
    #[serde(rename = "sd")]
    Sd,
    #[serde(rename = "720p")]
    P720,
    #[serde(rename = "1080p")]
    P1080,
    #[serde(rename = "1440p")]
    P1440,
    #[serde(rename = "2160p")]
    P2160,
}

impl Resolution {
    /// Finest first.
    pub const ALL: [Self; 5] = [Self::P2160, Self::P1440, Self::P1080, Self::P720, Self::Sd];

    /// What a release's word for it means: `1080i` has as many lines as `1080p`.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "2160p" => Self::P2160,
            "1440p" => Self::P1440,
            "1080p" | "1080i" => Self::P1080,
            "720p" | "720i" => Self::P720,
            _ => Self::Sd,
        }
    }
}

/// What is thought of HDR pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hdr {
    /// As good as any.
    #[default]
    Any,
    /// The set shows them, and they are wanted.
    Prefer,
    /// The set shows them pale.
    Avoid,
}

/// What is thought of Dolby Vision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DolbyVision {
    /// The set may not show it: only with a layer of HDR beneath, which any set falls back to.
    #[default]
    WithHdr,
    /// The set shows it.
    Any,
    /// None, not even with HDR beneath.
    Avoid,
}

/// How much it counts how many people share a torrent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seeders {
    /// Not at all, but that nobody does.
    Never,
    /// It settles what is otherwise equal: a good picture of twenty peers comes in time too.
    #[default]
    Little,
    /// More than the picture: for who has no store, and a line that waits for peers.
    Much,
}

impl Seeders {
    /// What ten times as many of them are worth, in points, and the most that they may be.
    pub(super) const fn worth(self) -> (f64, f64) {
        match self {
            Self::Never => (0.0, 0.0),
            Self::Little => (20.0, 80.0),
            // A step on the ladder of resolutions is 50, all of it 300.
            Self::Much => (150.0, 450.0),
        }
    }
}

/// A coding of pictures, as releases name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Codec {
    Av1,
    Hevc,
    Avc,
    Vp9,
    Xvid,
    Mpeg,
    /// Ten bits a colour, in whichever coding.
    #[serde(rename = "10bit")]
    TenBit,
}

/// A preference that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPreference {
    /// A name or a word is not known.
    #[error("{field} cannot be taken: {why}")]
    Unknown {
        /// Which one.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// Not a language.
    #[error("{0:?} is no language; write codes of two letters, such as en or de")]
    Language(String),
    /// A word to avoid that would hit nearly every name.
    #[error("{0:?} cannot be avoided; write words of two to forty letters, at most fifty of them")]
    Word(String),
}

/// Most words to avoid, and most languages.
const MOST: usize = 50;

impl Preferences {
    /// These preferences with `changes`: the fields of a JSON object; `null` sets one back to what it
    /// is in `defaults`.
    pub fn with(
        &self,
        changes: &serde_json::Map<String, serde_json::Value>,
        defaults: &Self,
    ) -> Result<Self, BadPreference> {
        let object = |preferences: &Self| serde_json::to_value(preferences).unwrap_or_default();
        let (mut all, defaults, mut changed) = (object(self), object(defaults), self.clone());
        for (field, value) in changes {
            all[field] = if value.is_null() { defaults[field].clone() } else { value.clone() };
            // One at a time: the sentence names the one that is wrong.
            changed = Self::deserialize(&all).map_err(|error| BadPreference::Unknown {
                field: field.clone(),
                why: error.to_string(),
            })?;
        }
        changed.checked()
    }

    /// The languages to read: those that were named, else those to hear, else English.
    #[must_use]
    pub fn languages_to_read(&self) -> Vec<String> {
        let named = [&self.subtitles, &self.languages].into_iter().find(|list| !list.is_empty());
        named.cloned().unwrap_or_else(|| vec!["en".to_owned()])
    }

    /// Tidied: each language and word once, in lower case; a limit of 0 is none.
    pub fn checked(mut self) -> Result<Self, BadPreference> {
        for language in self.languages.iter_mut().chain(&mut self.subtitles) {
            *language = language.trim().to_lowercase();
            if language.len() != 2 || !language.bytes().all(|b| b.is_ascii_lowercase()) {
                return Err(BadPreference::Language(language.clone()));
            }
        }
        for word in &mut self.exclude {
            *word = word.trim().to_lowercase();
            if !(2..=40).contains(&word.chars().count()) || word.chars().any(char::is_control) {
                return Err(BadPreference::Word(word.clone()));
            }
        }
        if let Some(word) = self.exclude.get(MOST) {
            return Err(BadPreference::Word(word.clone()));
        }
        if let Some(language) = self.languages.get(MOST).or(self.subtitles.get(MOST)) {
            return Err(BadPreference::Language(language.clone()));
        }
        once(&mut self.languages);
        once(&mut self.subtitles);
        once(&mut self.exclude);
        once(&mut self.resolutions);
        once(&mut self.cannot_play);
        let limits = [&mut self.max_film_mib, &mut self.max_episode_mib];
        for limit in limits.into_iter().filter(|limit| **limit == Some(0)) {
            *limit = None;
        }
        self.max_mbit_s = self.max_mbit_s.filter(|limit| *limit > 0);
        Ok(self)
    }
}

fn once<T: PartialEq + Clone>(list: &mut Vec<T>) {
    let mut seen: Vec<T> = Vec::with_capacity(list.len());
    list.retain(|item| {
        let new = !seen.contains(item);
        if new {
            seen.push(item.clone());
        }
        new
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(changes: &serde_json::Value) -> Result<Preferences, BadPreference> {
        let defaults = Preferences { cached_only: true, ..Preferences::default() };
        Preferences::default().with(changes.as_object().unwrap(), &defaults)
    }

    #[test]
    fn a_change_is_partial_and_null_sets_back() {
        let some = changed(&json!({"languages": ["DE", "en", "de"], "max_film_mib": 0})).unwrap();
        assert_eq!((some.languages, some.max_film_mib), (vec!["de".into(), "en".into()], None));
        assert_eq!(some.resolutions, Preferences::default().resolutions);
        assert!(changed(&json!({"cached_only": null})).unwrap().cached_only);
        let ladder = changed(&json!({"resolutions": ["720p", "sd"]})).unwrap().resolutions;
        assert_eq!(ladder, [Resolution::P720, Resolution::Sd]);
        let cannot = changed(&json!({"cannot_play": ["av1", "10bit"]})).unwrap().cannot_play;
        assert_eq!(cannot, [Codec::Av1, Codec::TenBit]);
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        for (changes, told) in [
            (json!({"colour": 1}), "colour"),
            (json!({"resolutions": ["8k"]}), "8k"),
            (json!({"languages": ["English"]}), "english"),
            (json!({"exclude": ["a"]}), "\"a\""),
            (json!({"max_mbit_s": -1}), "-1"),
            (json!({"hdr": "perhaps"}), "perhaps"),
            (json!({"seeders": "some"}), "some"),
        ] {
            let sentence = changed(&changes).unwrap_err().to_string();
            assert!(sentence.contains(told) && !sentence.contains('\n'), "{changes}: {sentence}");
        }
    }
}
