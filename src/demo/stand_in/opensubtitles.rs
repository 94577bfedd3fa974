//! `OpenSubtitles` by its add-on for Stremio: rows by id, those for the very file marked when its
//! hash is told, and files, one of them in an old encoding.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{addon, empty, id_of, reply, segments};
use crate::demo::household::{Entry, Household, Role, Work};
use crate::demo::reel;
use crate::http::plain::{Ask, Reply};
use crate::media::{ENDS, video_hash};

/// The film's in German; sent in Windows-1252.
const GERMAN: &str = "1\n00:00:01,000 --> 00:00:05,500\nDies ist eine Vorführung.\nKein Bild \
    darin hat jemand gefilmt.\n\n2\n00:00:08,000 --> 00:00:12,000\nDie Lampe dreht sich, seit \
    der Hafen noch keinen Namen trägt.\n\n3\n00:00:15,000 --> 00:00:19,500\nSie fragt die Flut \
    nichts,\nund die Flut läuft über und antwortet.\n";

/// The service.
pub struct OpenSubtitles {
    household: Arc<Household>,
    /// `http://ADDRESS`, where its files are.
    base: String,
}

impl OpenSubtitles {
    /// A service that is found at `base`.
    #[must_use]
    pub fn new(household: Arc<Household>, base: &str) -> Self {
        Self { household, base: base.to_owned() }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        if ask.method != "GET" {
            return empty(404);
        }
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["manifest.json"] => addon(&manifest()),
            ["subtitles", "movie" | "series", last] => {
                id_of(last).map_or_else(|| empty(404), |id| self.list(id, ""))
            }
            // What is told of the file stands in the path as the query of an address does.
            ["subtitles", "movie" | "series", id, _] => {
                let raw = ask.path.rsplit('/').next().and_then(id_of);
                raw.map_or_else(|| empty(404), |told| self.list(id, told))
            }
            ["en", "download", "file", number] => file(number),
            ["en", "download", "subencoding-stremio-utf8", "src-api", "file", number] => {
                file(number)
            }
            _ => empty(404),
        }
    }

    fn list(&self, id: &str, told: &str) -> Reply {
        let mut parts = id.split(':');
        let work = parts.next().and_then(Work::by_imdb);
        let number = parts.nth(1).and_then(|number| number.parse::<u32>().ok());
        let told = url::form_urlencoded::parse(told.as_bytes());
        let hash = told.into_iter().find(|(name, _)| name == "videoHash").map(|(_, hash)| hash);
        let rows = work.map(|work| self.rows(work, number, hash.as_deref())).unwrap_or_default();
        addon(&json!({"subtitles": rows, "cacheMaxAge": 14400}))
    }

    fn rows(&self, work: &Work, number: Option<u32>, hash: Option<&str>) -> Vec<Value> {
        let by_hash = hash.is_some_and(|hash| self.has(work, number, hash));
        let of_series = |mut row: Value| {
            if let Some(number) = number {
                (row["season"], row["episode"]) = (json!(1), json!(number));
            }
            row
        };
        let how = if by_hash { "h" } else { "i" };
        let first = 10 * number.unwrap_or(0);
        let utf8 = format!("{}/en/download/subencoding-stremio-utf8/src-api/file", self.base);
        let mut rows = vec![of_series(json!({
            "id": (9_900 + first).to_string(), "url": format!("{utf8}/{}", 9_900 + first),
            "SubEncoding": "UTF-8", "lang": "eng", "m": how, "g": "0"
        }))];
        if number.is_none() {
            let name = format!("{}.{}.German-Demo", work.name.replace(' ', "."), work.year);
            rows.push(json!({
                "id": "9901", "url": format!("{}/en/download/file/9901", self.base),
                "SubEncoding": "CP1252", "lang": "ger", "m": "i", "g": "6",
                "subtitleFileName": format!("{name}.srt"), "movieReleaseName": name,
                "releaseGroup": "", "fpsMilli": 12000
            }));
        }
        rows
    }

    /// Whether a film of that hash is known.
    fn has(&self, work: &Work, number: Option<u32>, hash: &str) -> bool {
        let role = number.map_or(Role::Film, Role::Episode);
        let of_work = self.household.releases.iter().filter(|one| one.work().imdb == work.imdb);
        let files = of_work.flat_map(|release| release.files().map(|(_, file)| file));
        files.filter(|file| file.role == role).any(|file| hash_of(file).as_deref() == Some(hash))
    }
}

fn hash_of(file: &Entry) -> Option<String> {
    let (head, tail) = (file.bytes.get(..ENDS)?, file.bytes.len().checked_sub(ENDS)?);
    video_hash(file.size(), head, &file.bytes[tail..])
}

fn file(number: &str) -> Reply {
    let bytes: Option<Bytes> = match number {
        "9900" => Some(Bytes::from_static(reel::FILM_SRT)),
        "9901" => Some(windows_1252(GERMAN).into()),
        number => number
            .parse::<usize>()
            .ok()
            .and_then(|number| reel::EPISODES_SRT.get(number.checked_sub(9_910)? / 10).copied())
            .map(Bytes::from_static),
    };
    bytes.map_or_else(|| empty(404), |bytes| reply(200, "application/octet-stream", bytes))
}

/// The letters of German have the numbers there that they have in Unicode.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn manifest() -> Value {
    json!({
        "id": "org.stremio.opensubtitlesv3",
        "version": "1.0.0",
        "name": "OpenSubtitles v3 (Demo)",
        "description": "A stand-in for demonstrations; it knows made-up titles only.",
        "resources": ["subtitles"],
        "types": ["movie", "series"],
        "idPrefixes": ["tt"],
        "catalogs": []
    })
}
