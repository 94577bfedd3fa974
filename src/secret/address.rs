//! The address of an index, which may hold a key.

use std::fmt;
use std::net::Ipv4Addr;

use url::{Host, Url};

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
    /// A key that anybody between here and there could read.
    #[error(
        "a key seems to stand in it, which everybody on the way could read; give it with https://, \
         or, where it is in this house, by its number, such as http://192.168.1.5:9117/"
    )]
    Open,
    /// Longer than any that works.
    #[error("an address has at most 4,000 characters")]
    TooLong,
}

impl Address {
    /// Reads what the owner gives. An add-on's install link (`stremio://`) is the same address over
    /// `https`. A key is not taken over plain `http` into the internet.
    pub fn read(text: &str) -> Result<Self, BadAddress> {
        let address = Self::parse(text)?;
        let open = address.0.scheme() == "http" && may_hold_key(&address.0);
        if open && !address.0.host().is_some_and(|host| is_in_the_house(&host)) {
            return Err(BadAddress::Open);
        }
        Ok(address)
    }

    fn parse(text: &str) -> Result<Self, BadAddress> {
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

/// Whether a key may stand in it: anything behind a question mark, or a part of the path that nobody
/// would choose as a name.
fn may_hold_key(url: &Url) -> bool {
    let odd = |part: &str| {
        let long = part.len() >= 16 && part.bytes().any(|b| b.is_ascii_digit());
        long || part.contains('=') || part.contains("%3D")
    };
    url.query().is_some_and(|query| !query.is_empty())
        || url.path_segments().is_some_and(|mut parts| parts.any(odd))
}

/// Whether a host is on this machine or in its network, by its number, or by a name that the internet
/// does not have (RFC 6761, RFC 6762, RFC 8375; one word alone is of the house's own DNS).
fn is_in_the_house(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => is_private(*ip),
        Host::Ipv6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_private(ip),
            None => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        },
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let house = [".localhost", ".local", ".home.arpa"];
            !name.contains('.') || house.iter().any(|end| name.ends_with(end))
        }
    }
}

/// RFC 1918, loopback, link-local, and what lies behind a provider's or a tunnel's translation
/// (RFC 6598).
fn is_private(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared
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
        // What was taken once is not refused at a later start.
        Self::parse(&text).map_err(serde::de::Error::custom)
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
    fn a_key_goes_over_plain_http_into_this_house_alone() {
        let long = "eyJhcGlrZXkiOiJhIn0";
        for (host, at_home) in [
            ("192.168.1.5:9117", true),
            ("10.0.0.2", true),
            ("172.16.0.1", true),
            ("127.0.0.1:8801", true),
            ("100.64.0.7", true),
            ("169.254.1.1", true),
            ("[::1]:9117", true),
            ("[fd00::5]", true),
            ("[fe80::5]", true),
            ("[::ffff:192.168.1.5]", true),
            ("localhost:9117", true),
            ("jackett:9117", true),
            ("nas.local", true),
            ("nas.home.arpa.", true),
            ("8.8.8.8", false),
            ("172.32.0.1", false),
            ("100.128.0.1", false),
            ("[2001:4860:4860::8888]", false),
            ("[::ffff:8.8.8.8]", false),
            ("addon.example", false),
            ("local.example", false),
            ("nas.local.example", false),
        ] {
            for key in ["api?apikey=K", "realdebrid=K/manifest.json", &format!("{long}/x"), "api?K"]
            {
                let taken = Address::read(&format!("http://{host}/{key}"));
                assert_eq!(taken.is_ok(), at_home, "{host} {key}");
                assert!(at_home || taken == Err(BadAddress::Open), "{host} {key}");
                assert!(Address::read(&format!("https://{host}/{key}")).is_ok(), "{host} {key}");
            }
            // Without one there is nothing to read on the way.
            for bare in ["", "manifest.json", "api/v2.0/indexers/all/results/torznab/", "?", "#K"] {
                assert!(Address::read(&format!("http://{host}/{bare}")).is_ok(), "{host} {bare}");
            }
        }
        // What stands in the state from before stays.
        let kept = "\"http://addon.example/api?apikey=K\"";
        assert!(serde_json::from_str::<Address>(kept).is_ok());
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
