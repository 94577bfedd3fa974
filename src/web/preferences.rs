//! What a household prefers, as a form.

/// The form's fields, in groups as they are shown.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Preferences {
    pub picture: Vec<Select>,
    pub set: Vec<Tick>,
    pub languages: String,
    pub only_these_languages: bool,
    pub limits: Vec<Select>,
    pub cached_only: bool,
    pub exclude: String,
    pub subtitles: String,
    pub opensubtitles: bool,
}

/// One of several.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Select {
    pub name: &'static str,
    pub label: &'static str,
    pub choices: Vec<Choice>,
}

/// A line of a [`Select`].
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// Yes or no.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tick {
    pub name: &'static str,
    pub label: &'static str,
    pub ticked: bool,
}
