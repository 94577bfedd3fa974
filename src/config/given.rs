//! Values that were given, each read as what it is with the default beside it. A section of the
//! configuration asks here by path, and what is wrong is said with the place where it stands.

use std::net::SocketAddr;
use std::str::FromStr;

use url::Url;

use super::BadConfig;
use super::read::{Value, Values};

/// Values that were given, read with their defaults.
pub(super) struct Given(pub(super) Values);

impl Given {
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match &self.0.get(path)?.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self, path: &str) -> Vec<String> {
        match self.0.get(path).map(|placed| &placed.value) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn bool(&self, path: &str, default: bool) -> bool {
        match self.0.get(path).map(|placed| &placed.value) {
            Some(Value::Bool(value)) => *value,
            _ => default,
        }
    }

    /// URLs were checked when they were read; the defaults are ours.
    pub(super) fn url(&self, path: &str, default: &str) -> Url {
        let text = self.text(path).unwrap_or(default);
        Url::parse(text).expect("a URL that was checked when it was read, or our own")
    }

    pub(super) fn wrong(&self, path: &str, wanted: &str) -> BadConfig {
        BadConfig::new(self.place(path), format!("`{path}` must be {wanted}"))
    }

    pub(super) fn place(&self, path: &str) -> &str {
        self.0.get(path).map_or("the configuration", |placed| &placed.place)
    }

    pub(super) fn parsed<T: FromStr>(
        &self,
        path: &str,
        wanted: &str,
    ) -> Result<Option<T>, BadConfig> {
        let text = self.text(path);
        text.map(|text| text.parse().map_err(|_| self.wrong(path, wanted))).transpose()
    }

    pub(super) fn number<T: TryFrom<u64>>(&self, path: &str, default: T) -> Result<T, BadConfig> {
        match self.0.get(path).map(|placed| &placed.value) {
            Some(Value::Number(number)) => {
                T::try_from(*number).map_err(|_| self.wrong(path, "a smaller number"))
            }
            _ => Ok(default),
        }
    }

    pub(super) fn addresses(&self, path: &str) -> Result<Vec<SocketAddr>, BadConfig> {
        let wanted = "a list of exact addresses with ports, such as [\"192.168.1.5:8080\"]";
        let items = self.list(path);
        items.iter().map(|item| item.parse().map_err(|_| self.wrong(path, wanted))).collect()
    }

    /// Any name that can be shown; `lan` fits it to what DNS takes.
    pub(super) fn shown_name(&self, path: &str, default: &str) -> Result<String, BadConfig> {
        let name = self.text(path).unwrap_or(default).trim();
        let sound = name.len() <= 58 && name.chars().any(char::is_alphanumeric);
        if sound && !name.contains(char::is_control) {
            return Ok(name.to_owned());
        }
        Err(self.wrong(path, "a name of at most 58 bytes, with a letter or digit"))
    }
}
