//! The address of an index, which may hold a key.

use std::fmt;

use url::Url;

/// The longest that is taken, in characters: add-ons keep whole configurations in their paths.
const LONGEST: usize = 4_000;

/// What is put where an address is cut for the eye.
const CUT: char = '\u{2026}';

/// An address that the owner gave: `https` or `http`, a host, and whatever else it needs, which may
/// be a key (`?apikey=`, or an add-on's settings in the path). So it is kept and asked whole, and
/// shown cut behind the host.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

/// A text that is no address. No sentence repeats it: it may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// No web address.
    #[error(
        "an address begins with http:// or https:// and names a host, such as \
         https://addon.example/manifest.json"
    )]
    NotWeb,
    /// Someone would read it in a log.
    #[error("an address with a user name or password before the host is not taken; leave them out")]
    UserInfo,
    /// A shown one that was sent back.
    #[error("this address was cut for the eye; give the whole one")]
    Cut,
    /// Longer than any that works.
    #[error("an address has at most 4,000 characters")]
    TooLong,
}

impl Address {
    /// Reads it. An add-on's install link (`stremio://`) is the same address over `https`.
    pub fn read(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(BadAddress::TooLong);
        }
        if text.contains(CUT) {
            return Err(BadAddress::Cut);
        }
        let web = text.strip_prefix("stremio://").map(|rest| format!("https://{rest}"));
        let mut url = Url::parse(web.as_deref().unwrap_or(text)).map_err(|_| BadAddress::NotWeb)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(BadAddress::NotWeb);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::UserInfo);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The whole of it. For the request, and for the state store.
    #[must_use]
    pub const fn expose(&self) -> &Url {
        &self.0
    }

    /// The address for people: cut behind the host, where more stands there than every one has.
    #[must_use]
    pub fn shown(&self) -> String {
        let bare = matches!(self.0.path(), "" | "/" | "/manifest.json" | "/configure");
        if bare && self.0.query().is_none() {
            return self.0.as_str().trim_end_matches('/').to_owned();
        }
        let origin = self.0.origin().ascii_serialization();
        format!("{origin}/{CUT}")
    }
}

impl From<Url> for Address {
    /// An address that was checked as the configuration's.
    fn from(url: Url) -> Self {
        Self(url)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_an_address_is_not_shown() {
        for (text, shown) in [
            ("https://addon.example/manifest.json", "https://addon.example/manifest.json"),
            ("stremio://addon.example/manifest.json", "https://addon.example/manifest.json"),
            ("http://192.168.1.5:8000/", "http://192.168.1.5:8000"),
            ("http://192.168.1.5:9117/api/v2.0/x?apikey=KEY", "http://192.168.1.5:9117/\u{2026}"),
            (
                "https://addon.example/realdebrid=KEY/manifest.json",
                "https://addon.example/\u{2026}",
            ),
            ("https://addon.example/?apikey=KEY", "https://addon.example/\u{2026}"),
            (" https://addon.example/#KEY\n", "https://addon.example"),
        ] {
            let address = Address::read(text).unwrap();
            assert_eq!(address.shown(), shown);
            assert!(!format!("{address:?}").contains("KEY"));
            // What is kept is read back whole.
            let kept = serde_json::to_string(&address).unwrap();
            assert_eq!(serde_json::from_str::<Address>(&kept).unwrap(), address);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_in_a_sentence_without_it() {
        let long = format!("https://a.example/{}", "x".repeat(LONGEST));
        for (text, wanted) in [
            ("", BadAddress::NotWeb),
            ("addon.example/KEY", BadAddress::NotWeb),
            ("ftp://addon.example/KEY", BadAddress::NotWeb),
            ("file:///etc/KEY", BadAddress::NotWeb),
            ("https://", BadAddress::NotWeb),
            ("https://me:KEY@addon.example/", BadAddress::UserInfo),
            ("https://KEY@addon.example/", BadAddress::UserInfo),
            ("https://addon.example/\u{2026}", BadAddress::Cut),
            (&long, BadAddress::TooLong),
        ] {
            let refused = Address::read(text).unwrap_err();
            assert_eq!(refused, wanted, "{text}");
            assert!(!refused.to_string().contains("KEY"));
        }
    }
}
