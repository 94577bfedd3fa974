//! Reads the file and the environment into checked values.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key, Kind, SEED_VARIABLES, Unit, nearest};

/// A configuration that cannot be used. Its text is one sentence with the place and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct BadConfig {
    place: String,
    what: String,
}

impl BadConfig {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// A value of the right kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Bool(bool),
    Ask,
    Number(u64),
    Text(String),
    List(Vec<String>),
}

/// A value and where it stands, for the sentence about it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) value: Value,
    pub(super) place: String,
}

/// Checked values, by path.
pub(super) type Values = BTreeMap<&'static str, Placed>;

/// Reads a TOML text; `name` is what the sentences call it.
pub(super) fn from_text(name: &str, text: &str) -> Result<Values, BadConfig> {
    let file = File { name, text };
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        BadConfig::new(file.place(&span), format!("this is no TOML: {}", error.message()))
    })?;
    let mut values = Values::new();
    file.walk("", table.get_ref(), &mut values)?;
    Ok(values)
}

struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn place(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or_default();
        format!("{} line {}", self.name, before.matches('\n').count() + 1)
    }

    fn walk(&self, above: &str, table: &DeTable<'_>, into: &mut Values) -> Result<(), BadConfig> {
        for (name, value) in table {
            let dot = if above.is_empty() { "" } else { "." };
            let path = format!("{above}{dot}{}", name.get_ref());
            let place = self.place(&name.span());
            match (Key::of(&path), value.get_ref()) {
                (Some(key), value) => {
                    let value = checked(key, value).map_err(|what| BadConfig::new(&place, what))?;
                    into.insert(key.path, Placed { value, place });
                }
                (None, DeValue::Table(inner)) if is_section(&path) => {
                    self.walk(&path, inner, into)?;
                }
                _ => return Err(BadConfig::new(place, unknown(&path))),
            }
        }
        Ok(())
    }
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn unknown(path: &str) -> String {
    match nearest(path, KEYS.iter().map(|key| key.path)) {
        Some(known) => format!("there is no key `{path}`; did you mean `{known}`?"),
        None => format!("there is no key `{path}`; docs/configuration.md lists all of them"),
    }
}

fn checked(key: &Key, value: &DeValue<'_>) -> Result<Value, String> {
    let wrong = || format!("`{}` must be {}", key.path, wanted(key.kind));
    match (key.kind, value) {
        (Kind::Bool | Kind::Consent, DeValue::Boolean(value)) => Ok(Value::Bool(*value)),
        (Kind::Number, DeValue::Integer(whole)) => {
            // Without prefix and underscores: `0x1000` is "1000" of base 16.
            let number = u64::from_str_radix(whole.as_str(), whole.radix());
            number.map(Value::Number).map_err(|_| wrong())
        }
        (Kind::List, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map(Value::List).ok_or_else(wrong)
        }
        (Kind::Text | Kind::Url | Kind::Consent, DeValue::String(text)) => {
            from_word(key, text).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

const fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Consent => "true, false or \"ask\"",
        Kind::Number => "a whole number from 0",
        Kind::Text => "a text in quotes",
        Kind::Url => "an http:// or https:// URL in quotes, without a user name or a query",
        Kind::List => "a list of texts, such as [\"one\", \"two\"]",
    }
}

/// A value as the environment spells it.
fn from_word(key: &Key, word: &str) -> Option<Value> {
    let word = word.trim();
    match key.kind {
        Kind::Consent if word == "ask" => Some(Value::Ask),
        Kind::Bool | Kind::Consent => match word {
            "true" | "1" | "yes" | "on" => Some(Value::Bool(true)),
            "false" | "0" | "no" | "off" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Number => word.parse().ok().map(Value::Number),
        Kind::Text => Some(Value::Text(word.to_owned())),
        Kind::Url => is_base_url(word).then(|| Value::Text(word.to_owned())),
        Kind::List => {
            let items = word.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::List(items.map(str::to_owned).collect()))
        }
    }
}

/// No user name and no query: a secret in a URL would end up in logs.
fn is_base_url(word: &str) -> bool {
    url::Url::parse(word).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    })
}

/// Reads `CREDENZA_…` and the seeds' names out of `variables`.
pub(super) fn from_environment(
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Values, BadConfig> {
    let (mut ours, mut seeds) = (Values::new(), Values::new());
    for (name, word) in variables {
        // CREDENZA_TEST_… speaks to the tests, not to the program.
        if name.starts_with("CREDENZA_") && !name.starts_with("CREDENZA_TEST_") {
            let key = KEYS.iter().find(|key| key.variable() == name).ok_or_else(|| {
                let names: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let near = nearest(&name, names.iter().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
                BadConfig::new(
                    format!("environment variable {name}"),
                    format!("there is no such key{near}"),
                )
            })?;
            ours.insert(key.path, from_variable(&name, key, &word)?);
        } else if let Some((_, path, unit)) = SEED_VARIABLES.iter().find(|seed| seed.0 == name)
            && let Some(key) = Key::of(path)
        {
            let first = SEED_VARIABLES.iter().find(|seed| seed.1 == *path);
            let value = from_variable(&name, key, &unit.ours(&word))?;
            if first.is_some_and(|first| first.0 == name) || !seeds.contains_key(key.path) {
                seeds.insert(key.path, value);
            }
        }
    }
    seeds.append(&mut ours);
    Ok(seeds)
}

fn from_variable(name: &str, key: &Key, word: &str) -> Result<Placed, BadConfig> {
    let place = format!("environment variable {name}");
    match from_word(key, word) {
        Some(value) => Ok(Placed { value, place }),
        None => Err(BadConfig::new(place, format!("it must be {}", wanted(key.kind)))),
    }
}

impl Unit {
    fn ours(self, word: &str) -> String {
        match self {
            Self::Same => word.to_owned(),
            Self::Port => format!("0.0.0.0:{word}"),
            Self::MillisToMinutes => word
                .trim()
                .parse::<u64>()
                .map_or_else(|_| word.to_owned(), |ms| ms.div_ceil(60_000).to_string()),
        }
    }
}
