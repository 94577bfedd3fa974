//! `OpenSubtitles`, by its add-on for Stremio (version 3), which needs no key:
//! `/subtitles/{movie|series}/{tt…}/videoHash=…&videoSize=…&filename=….json`.
//!
//! At most three requests run at one time, since its servers answer 429 to ten; after a 429 none is
//! made until the time is over that they name. What was told is kept for a day.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use super::language::Language;
use super::{Error, MOST_BYTES};
use crate::cache::Cache;
use crate::fetch::{self, Request};
use crate::media::StremioId;
use crate::torrent::stated_name;

/// Most requests at one time.
const AT_ONCE: usize = 3;
/// Longest wait for a list, and for a file.
const LIST_LIMIT: Duration = Duration::from_secs(10);
const FILE_LIMIT: Duration = Duration::from_secs(20);
/// How long after a refusal that names no time nobody is asked.
const REST: Duration = Duration::from_secs(60);
/// The same after no answer at all.
const REST_AFTER_SILENCE: Duration = Duration::from_secs(30);
/// For how long a list is taken for true: with something in it, and without.
const FRESH: Duration = Duration::from_secs(24 * 3600);
const FRESH_EMPTY: Duration = Duration::from_secs(3600);
/// Most rows that are read, and kept of one language.
const MOST_ROWS: usize = 2_000;
const MOST_OF_LANGUAGE: usize = 6;
/// Longest address of a file, and longest name.
const LONGEST_URL: usize = 1_000;
const LONGEST_NAME: usize = 200;

/// The service.
#[derive(Clone)]
pub struct OpenSubtitles {
    client: fetch::Client,
    base: Url,
    cache: Cache,
    turns: Arc<Semaphore>,
    /// Until when nobody is asked.
    rests: Arc<Mutex<Option<Instant>>>,
}

/// What subtitles are wanted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// A film or an episode, at `IMDb`.
    pub id: StremioId,
    /// The film's file, as far as it is known: its [hash](crate::media::video_hash), bytes, name.
    pub hash: Option<String>,
    /// Its length.
    pub size_bytes: Option<u64>,
    /// Its name.
    pub file_name: Option<String>,
}

/// Subtitles that there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Which, in letters and digits.
    pub id: String,
    /// Its language's code, as the service spells it.
    pub lang: String,
    /// Whether they were made for this very file.
    pub by_hash: bool,
    /// What the file is called, or the release that it was made for.
    pub name: Option<String>,
    /// Frames a second of the film that it was made for.
    pub frames_s: Option<f64>,
    /// The encoding that it is said to have.
    pub encoding: Option<String>,
    url: String,
}

impl Offer {
    /// The language; `None` where the code is none that is known here.
    #[must_use]
    pub fn language(&self) -> Option<Language> {
        Language::of_code(&self.lang)
    }
}

impl OpenSubtitles {
    /// The service at `base`; what it tells is kept in `cache`.
    #[must_use]
    pub fn new(client: fetch::Client, base: Url, cache: Cache) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { client, base, cache, turns, rests: Arc::default() }
    }

    /// What was told of it, if that is fresh enough. Asks nobody.
    #[must_use]
    pub fn known(&self, wanted: &Wanted) -> Option<Vec<Offer>> {
        let (offers, age) = self.cache.answer::<Vec<Offer>>(&key(wanted))?;
        let fresh = if offers.is_empty() { FRESH_EMPTY } else { FRESH };
        (age < fresh).then_some(offers)
    }

    /// What there is: from memory, else asked.
    pub async fn offers(&self, wanted: &Wanted) -> Result<Vec<Offer>, Error> {
        if let Some(known) = self.known(wanted) {
            return Ok(known);
        }
        let url = address(&self.base, wanted).ok_or(Error::NotAtImdb)?;
        let answer = self.ask(Request::get(url).within(LIST_LIMIT)).await?;
        let offers =
            if answer.status == 404 { Vec::new() } else { read_offers(&answer.json::<Value>()?) };
        self.cache.put_answer(&key(wanted), &offers);
        Ok(offers)
    }

    /// The bytes of what was offered.
    pub async fn fetch(&self, offer: &Offer) -> Result<Bytes, Error> {
        let url = offer.url.parse().map_err(|_| Error::NoAddress)?;
        let answer = self.ask(Request::get(url).within(FILE_LIMIT)).await?;
        let body = answer.success()?;
        if answer.is_html() && answer.media_type == "text/html" {
            return Err(Error::NotText);
        }
        if body.len() as u64 > MOST_BYTES { Err(Error::TooLarge) } else { Ok(body.clone()) }
    }

    async fn ask(&self, request: Request) -> Result<fetch::Answer, Error> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::NoAddress)?;
        let rests = *self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = rests.and_then(|until| until.checked_duration_since(Instant::now())) {
            return Err(Error::Resting { seconds: left.as_secs() + 1 });
        }
        let answer = self.client.send(request).await;
        if let Err(error) = &answer {
            let rest = match error {
                fetch::Error::Limited { retry_after, .. } => retry_after.unwrap_or(REST).max(REST),
                _ => REST_AFTER_SILENCE,
            };
            let until = Instant::now() + rest;
            *self.rests.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        Ok(answer?)
    }
}

fn key(wanted: &Wanted) -> String {
    format!("opensubtitles/{}/{}", wanted.id, wanted.hash.as_deref().unwrap_or_default())
}

/// The address of a list. An add-on reads what it is told behind the id as the query of an address, so
/// each value is encoded once, and the whole stands in the path as it is.
fn address(base: &Url, wanted: &Wanted) -> Option<Url> {
    let StremioId::Imdb { episode, .. } = wanted.id else { return None };
    let kind = if episode.is_some() { "series" } else { "movie" };
    let mut told = Vec::new();
    if let Some(hash) = &wanted.hash {
        told.push(format!("videoHash={hash}"));
    }
    if let Some(size) = wanted.size_bytes {
        told.push(format!("videoSize={size}"));
    }
    if let Some(name) = &wanted.file_name {
        let name = stated_name(name, LONGEST_NAME);
        told.push(format!("filename={}", utf8_percent_encode(&name, NON_ALPHANUMERIC)));
    }
    let id = wanted.id.to_string();
    if told.is_empty() {
        return Some(fetch::at(base, &["subtitles", kind, &format!("{id}.json")], &[]));
    }
    let mut url = fetch::at(base, &["subtitles", kind, &id], &[]);
    let path = format!("{}/{}.json", url.path(), told.join("&"));
    url.set_path(&path);
    Some(url)
}

/// The rows of a stranger's answer; one that cannot be read loses itself alone. Of each language the
/// first few, those for this very file before the others.
pub fn read_offers(answer: &Value) -> Vec<Offer> {
    let rows = answer["subtitles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut offers: Vec<Offer> = rows.iter().take(MOST_ROWS).filter_map(read_offer).collect();
    offers.sort_by_key(|offer| !offer.by_hash);
    let mut kept: Vec<Offer> = Vec::new();
    for offer in offers {
        let same = kept.iter().filter(|other| other.lang == offer.lang).count();
        if same < MOST_OF_LANGUAGE && !kept.iter().any(|other| other.id == offer.id) {
            kept.push(offer);
        }
    }
    kept
}

fn read_offer(row: &Value) -> Option<Offer> {
    let id = match &row["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let plain = (1..=24).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let url = row["url"].as_str().filter(|url| url.len() <= LONGEST_URL)?;
    let web = url.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let lang = row["lang"].as_str()?.trim().to_ascii_lowercase();
    let spelled = (2..=8).contains(&lang.len()) && lang.bytes().all(|b| b.is_ascii_graphic());
    if !plain || !web || !spelled {
        return None;
    }
    let text = |field: &str| {
        let text = stated_name(row[field].as_str()?, LONGEST_NAME);
        (!text.is_empty()).then_some(text)
    };
    let thousandths = row["fpsMilli"].as_f64().filter(|fps| (5_000.0..=240_000.0).contains(fps));
    Some(Offer {
        id,
        lang,
        by_hash: row["m"].as_str().is_some_and(|how| how.starts_with('h')),
        name: text("subtitleFileName").or_else(|| text("movieReleaseName")),
        frames_s: thousandths.map(|fps| fps / 1000.0),
        encoding: text("SubEncoding"),
        url: url.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(id: &str) -> Wanted {
        let id = id.parse().unwrap();
        Wanted { id, hash: None, size_bytes: None, file_name: None }
    }

    #[test]
    fn an_address_tells_what_is_known_of_the_file() {
        let base: Url = "https://subs.example/v3".parse().unwrap();
        let at = |wanted: &Wanted| address(&base, wanted).map(|url| url.to_string());
        let film = wanted("tt1254207");
        let told = "https://subs.example/v3/subtitles/movie/tt1254207.json";
        assert_eq!(at(&film).as_deref(), Some(told));
        let whole = Wanted {
            hash: Some("8e245d9679d31e12".into()),
            size_bytes: Some(7),
            file_name: Some("Tom & Jerry=1/ü?.mkv".into()),
            ..wanted("tt0944947:1:2")
        };
        let told = at(&whole).unwrap();
        let wanted_end = "/videoHash=8e245d9679d31e12&videoSize=7&filename=Tom%20%26%20Jerry%3D1%2F%C3%BC%3F%2Emkv.json";
        assert!(told.ends_with(wanted_end), "{told}");
        assert!(told.starts_with("https://subs.example/v3/subtitles/series/tt0944947"), "{told}");
        assert_eq!(at(&wanted("kitsu:1:1")), None);
    }
}
