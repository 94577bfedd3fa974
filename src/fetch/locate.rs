//! URLs made and judged.

use std::net::{IpAddr, SocketAddr};

use url::Url;

use super::error::Error;

/// The URL of `segments` below `base`, whose own path is kept, with `query`. Each segment and
/// each name and value of the query is percent-encoded, so none can leave its place (`/`, `?`,
/// `#`, `..`).
#[must_use]
pub fn at(base: &Url, segments: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    // The one failure is a base such as `mailto:`, which the configuration refuses.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

/// What every URL must be before it is asked, the first as well as each hop's.
pub(super) fn check(url: &Url) -> Result<(), Error> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::bad_url(url, "it does not begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::bad_url(url, "it holds a user name or a password"));
    }
    if url.host().is_none() || url.port_or_known_default() == Some(0) {
        return Err(Error::bad_url(url, "it has no host or no port"));
    }
    Ok(())
}

/// The address that the URL's host is written as; `None` where it is a name.
pub(super) fn literal(url: &Url) -> Option<SocketAddr> {
    let ip = match url.host()? {
        url::Host::Ipv4(ip) => IpAddr::V4(ip),
        url::Host::Ipv6(ip) => IpAddr::V6(ip),
        url::Host::Domain(_) => return None,
    };
    Some(SocketAddr::new(ip, url.port_or_known_default()?))
}

/// Whether the URL's host is a literal address of this machine's loopback.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_in_its_place() {
        for (base, segments, query, expected) in [
            ("https://a.example", &["v0", "user"][..], &[][..], "https://a.example/v0/user"),
            ("https://a.example/", &["v0"][..], &[][..], "https://a.example/v0"),
            ("https://a.example/my/base", &["v0"][..], &[][..], "https://a.example/my/base/v0"),
            ("https://a.example/my/base/?old#x", &["v0"], &[], "https://a.example/my/base/v0"),
            (
                "https://a.example/b",
                &["a/b", "..", "c?d#e"],
                &[],
                "https://a.example/b/a%2Fb/c%3Fd%23e",
            ),
            ("https://a.example", &["tt1:1:2.json"], &[], "https://a.example/tt1:1:2.json"),
            ("https://a.example", &["x y", "100%"], &[], "https://a.example/x%20y/100%25"),
            (
                "https://a.example",
                &["s"],
                &[("q", "a&b=c d+é"), ("n", "1")],
                "https://a.example/s?q=a%26b%3Dc+d%2B%C3%A9&n=1",
            ),
        ] {
            let made = at(&Url::parse(base).unwrap(), segments, query);
            assert_eq!(made.as_str(), expected, "{base} {segments:?}");
        }
    }
}
