//! What must not be seen: a debrid token, a key, an address that holds one.

mod address;

use std::fmt;

pub use address::{Address, BadAddress};

/// A secret. It has no `Display`, and its `Debug` prints `***`, so that no log line or error can
/// carry it; only [`Secret::expose`] gives it away, and only the code that builds the header to the
/// store calls that.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` as a secret; white space around it (a token pasted on a phone) is dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The secret itself. For the one header that carries it, and for the state store.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last two characters, by which an owner knows which token is set; nothing of a secret
    /// that is shorter than twelve characters.
    #[must_use]
    pub fn ends(&self) -> String {
        let count = self.0.chars().count();
        if count < 12 { String::new() } else { self.0.chars().skip(count - 2).collect() }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("  ABCDEFGHIJKLMNOP7F\n");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.expose(), "ABCDEFGHIJKLMNOP7F");
        assert_eq!(secret.ends(), "7F");
        assert_eq!(Secret::new("short").ends(), "");
    }
}
