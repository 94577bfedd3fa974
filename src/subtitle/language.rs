//! A language, as names of files and programs spell it.

use super::table::LANGUAGES;

/// A language of a subtitle, and which form of it where that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language {
    place: usize,
    form: Option<usize>,
}

/// Forms: the language's code of two letters, what it is called, its tag (BCP 47), words for it in
/// names. A word that stands for no other language counts alone.
const FORMS: &[(&str, &str, &str, &[&str])] = &[
    ("pt", "Brazil", "pt-BR", &["brazilian", "brazil", "brasil", "pob", "ptbr", "pb", "br"]),
    ("es", "Latin America", "es-419", &["latino", "latam", "spl", "latin", "419", "mx", "la"]),
    ("zh", "simplified", "zh-Hans", &["simplified", "chs", "zhs", "hans", "sc", "cn", "gb"]),
    ("zh", "traditional", "zh-Hant", &["traditional", "cht", "zht", "hant", "tc", "tw", "hk"]),
];
/// Of a form's words those that mean something else alone: regions, other languages.
const NOT_ALONE: &[&str] = &["br", "latin", "419", "mx", "la", "sc", "cn", "gb", "tc", "tw", "hk"];

/// Codes that are none of ISO 639 any more, or never were: old ones of Serbian and Croatian, and those
/// that `OpenSubtitles` made.
const ODD: &[(&str, &str)] = &[
    ("scc", "srp"),
    ("scr", "hrv"),
    ("mne", "cnr"),
    ("zhe", "chi"),
    ("ze", "chi"),
    ("jap", "jpn"),
];

impl Language {
    /// By a code of two or three letters in lower case (ISO 639-1, 639-2/B, 639-2/T), or one of those
    /// that are used for forms, such as `pob`.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        if !(2..=4).contains(&code.len()) {
            return None;
        }
        if let Some(form) = Self::of_form(code) {
            return Some(form);
        }
        let code = ODD.iter().find(|(odd, _)| *odd == code).map_or(code, |(_, code)| code);
        let is = |row: &&(&str, &str, &str, &str)| [row.0, row.1, row.2].contains(&code);
        Self::at(LANGUAGES.iter().position(|row| is(&row)))
    }

    /// By its name in English, in lower case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let is = |known: &str| known.to_lowercase() == name;
        Self::at(LANGUAGES.iter().position(|row| row.3.split('|').any(is)))
    }

    /// The same language in the form that `word`, in lower case, stands for: `br` beside Portuguese.
    pub(super) fn in_form(self, word: &str) -> Option<Self> {
        let two = LANGUAGES[self.place].0;
        let form = FORMS.iter().position(|form| form.0 == two && form.3.contains(&word))?;
        Some(Self { form: Some(form), ..self })
    }

    /// The form of whichever language has one called so, where the word says nothing else.
    pub(super) fn of_form(word: &str) -> Option<Self> {
        if NOT_ALONE.contains(&word) {
            return None;
        }
        let form = FORMS.iter().position(|form| form.3.contains(&word))?;
        let place = LANGUAGES.iter().position(|row| row.0 == FORMS[form].0)?;
        Some(Self { place, form: Some(form) })
    }

    fn at(place: Option<usize>) -> Option<Self> {
        Some(Self { place: place?, form: None })
    }

    /// ISO 639-2/B, such as `ger`.
    #[must_use]
    pub fn code(self) -> &'static str {
        LANGUAGES[self.place].1
    }

    /// ISO 639-1, such as `de`, where there is such a code.
    #[must_use]
    pub fn two_letters(self) -> Option<&'static str> {
        Some(LANGUAGES[self.place].0).filter(|code| !code.is_empty())
    }

    /// The tag of BCP 47, for web pages: `de`, `pt-BR`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self.form {
            Some(form) => FORMS[form].2,
            None => self.two_letters().unwrap_or(LANGUAGES[self.place].2),
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> String {
        let name = LANGUAGES[self.place].3.split('|').next().unwrap_or_default();
        match self.form {
            Some(form) => format!("{name} ({})", FORMS[form].1),
            None => name.to_owned(),
        }
    }
}
