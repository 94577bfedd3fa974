//! Torrentio's own addresses, passed on to pages that speak its protocol: read-only, JSON alone, and
//! without anybody's keys.
//!
//! What may be asked is a list of forms, not of exceptions: the manifest, and streams, catalogues and
//! details, each below a configuration or none. A configuration may say which sites and in what order;
//! one that holds anything else (a debrid key) is refused rather than trimmed, because its sender
//! would take the answer for that of their account.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use super::{Error, IN_LINE, LIMIT};
use crate::fetch::{self, Request};

/// How long an answer is passed on again. Torrentio itself says an hour, but a list that is empty
/// may not be so in a minute.
const LIFE: Duration = Duration::from_secs(300);
/// How many answers are kept, and how large one may be, in bytes.
const MOST: usize = 32;
const LARGEST: usize = 256 << 10;
/// The longest path, in bytes.
const LONGEST: usize = 512;

/// What a configuration may say: nothing that is secret.
const HARMLESS: [&str; 6] =
    ["providers", "sort", "language", "qualityfilter", "limit", "sizefilter"];

/// The answers of a moment ago.
#[derive(Default)]
pub struct Relay {
    kept: Mutex<Vec<(Url, Instant, Bytes)>>,
}

/// Why a path is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRelayed {
    /// It is none of an add-on's.
    #[error(
        "only an add-on's manifest, streams, catalogues and details are passed on, such as \
         stream/movie/tt1254207.json"
    )]
    Path,
    /// Its configuration may hold a key.
    #[error(
        "a configuration with keys is not passed on; leave them out, the box has its own debrid \
         account"
    )]
    Keys,
}

/// A path that may be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relayed(Vec<String>);

impl std::str::FromStr for Relayed {
    type Err = NotRelayed;

    /// Reads the decoded path, without a slash at its start.
    fn from_str(path: &str) -> Result<Self, NotRelayed> {
        let parts: Vec<&str> = path.split('/').collect();
        let sound = |part: &&str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || " -_.:,=|%&+".contains(c);
            !part.is_empty()
                && !part.starts_with('.')
                && !part.contains("..")
                && part.chars().all(plain)
        };
        if path.len() > LONGEST || !parts.iter().all(sound) {
            return Err(NotRelayed::Path);
        }
        let rest = match parts.as_slice() {
            [first, rest @ ..] if first.contains('=') || first.contains('|') => {
                configured(first)?;
                rest
            }
            all => all,
        };
        let json = |part: &str| part.strip_suffix(".json").is_some_and(|stem| !stem.is_empty());
        match rest {
            ["manifest.json"] => {}
            ["stream" | "meta" | "catalog", kind, last] if known(kind) && json(last) => {}
            ["catalog", kind, _, last] if known(kind) && json(last) => {}
            _ => return Err(NotRelayed::Path),
        }
        Ok(Self(parts.into_iter().map(str::to_owned).collect()))
    }
}

fn known(kind: &str) -> bool {
    ["movie", "series", "anime", "other"].contains(&kind)
}

fn configured(part: &str) -> Result<(), NotRelayed> {
    let harmless =
        |pair: &str| pair.split_once('=').is_some_and(|(key, _)| HARMLESS.contains(&key.trim()));
    if part.split('|').all(harmless) { Ok(()) } else { Err(NotRelayed::Keys) }
}

impl Relay {
    /// What was passed on of a moment ago.
    #[must_use]
    pub fn kept(&self, base: &Url, path: &Relayed) -> Option<Bytes> {
        let url = path.at(base);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut young = kept.iter().filter(|(_, since, _)| since.elapsed() < LIFE);
        young.find(|(one, ..)| *one == url).map(|(.., body)| body.clone())
    }

    /// Asks for it; the answer is JSON, or an error.
    pub async fn ask(
        &self,
        client: &fetch::Client,
        base: &Url,
        path: &Relayed,
    ) -> Result<Bytes, Error> {
        let url = path.at(base);
        let answer = client.waiting(IN_LINE).send(Request::get(url.clone()).within(LIMIT)).await?;
        let _: serde::de::IgnoredAny = answer.json()?;
        if answer.body.len() <= LARGEST {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|(one, since, _)| *one != url && since.elapsed() < LIFE);
            let surplus = (kept.len() + 1).saturating_sub(MOST);
            kept.drain(..surplus);
            kept.push((url, Instant::now(), answer.body.clone()));
        }
        Ok(answer.body)
    }
}

impl Relayed {
    fn at(&self, base: &Url) -> Url {
        let parts: Vec<&str> = self.0.iter().map(String::as_str).collect();
        fetch::at(base, &parts, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_add_ons_own_addresses_without_keys_are_passed_on() {
        for (path, expected) in [
            ("manifest.json", Ok(())),
            ("stream/movie/tt1254207.json", Ok(())),
            ("stream/series/tt0944947:1:1.json", Ok(())),
            ("stream/anime/kitsu:12345:1.json", Ok(())),
            ("catalog/movie/top.json", Ok(())),
            ("catalog/movie/top/search=a film.json", Ok(())),
            ("meta/movie/tt1254207.json", Ok(())),
            ("providers=yts,eztv|sort=seeders/manifest.json", Ok(())),
            ("sort=size/stream/movie/tt1254207.json", Ok(())),
            ("realdebrid=KEY/manifest.json", Err(NotRelayed::Keys)),
            ("sort=size|realdebrid=KEY/stream/movie/tt1.json", Err(NotRelayed::Keys)),
            ("sort=size|KEY/stream/movie/tt1.json", Err(NotRelayed::Keys)),
            ("debridoptions=nocatalog/manifest.json", Err(NotRelayed::Keys)),
            ("", Err(NotRelayed::Path)),
            ("configure", Err(NotRelayed::Path)),
            ("stream/movie/tt1254207", Err(NotRelayed::Path)),
            ("stream/movie/.json", Err(NotRelayed::Path)),
            ("stream/movie/../../resolve/x.json", Err(NotRelayed::Path)),
            ("stream//tt1.json", Err(NotRelayed::Path)),
            ("/stream/movie/tt1.json", Err(NotRelayed::Path)),
            ("stream/movie/tt1.json/", Err(NotRelayed::Path)),
            ("stream/music/tt1.json", Err(NotRelayed::Path)),
            ("stream/movie/tt1\\..json", Err(NotRelayed::Path)),
            ("stream/movie/tt1?x.json", Err(NotRelayed::Path)),
            ("stream/movie/tt1\r\n.json", Err(NotRelayed::Path)),
            ("resolve/realdebrid/KEY/HASH/null/0/x.json", Err(NotRelayed::Path)),
            ("subtitles/movie/tt1.json", Err(NotRelayed::Path)),
        ] {
            assert_eq!(path.parse::<Relayed>().map(|_| ()), expected, "{path:?}");
        }
        let long = format!("stream/movie/{}.json", "t".repeat(LONGEST));
        assert_eq!(long.parse::<Relayed>(), Err(NotRelayed::Path));
    }

    #[test]
    fn a_path_stays_below_the_base() {
        let base = Url::parse("http://127.0.0.1:9/own/").unwrap();
        let path: Relayed = "sort=size|limit=5/stream/movie/tt1%2fx.json".parse().unwrap();
        let url = path.at(&base);
        assert!(url.as_str().starts_with("http://127.0.0.1:9/own/sort=size"), "{url}");
        assert_eq!(url.path_segments().unwrap().count(), 5, "{url}");
    }
}
