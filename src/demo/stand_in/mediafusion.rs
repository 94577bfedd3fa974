//! `MediaFusion` 6: the lines of each stream are written by a template, the viewer's own where the
//! header brings one; for Kodi there is a structured list. By IMDb's ids alone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{id_of, json as answer, segments, with};
use crate::demo::household::{Household, Release};
use crate::http::plain::{Ask, Reply};
use crate::media::StremioId;
use crate::torrent::IndexName;

/// The add-on.
pub struct MediaFusion {
    household: Arc<Household>,
    trackers: Vec<String>,
}

impl MediaFusion {
    /// An add-on that names `trackers` with every stream.
    #[must_use]
    pub fn new(household: Arc<Household>, trackers: Vec<String>) -> Self {
        Self { household, trackers }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let reply = match parts.as_slice() {
            _ if ask.method != "GET" => answer(405, &json!({"detail": "Method Not Allowed"})),
            ["stream", kind, last] => self.streams(ask, kind, last),
            ["kodi", "stream", kind, last] => self.kodi(ask, kind, last),
            // A secret is a viewer's settings under this server's key; none is known here.
            [_, "stream", ..] => answer(200, &unauthorized()),
            _ => answer(404, &json!({"detail": "Not Found"})),
        };
        with(reply, "access-control-allow-origin", "*")
    }

    fn listed(&self, kind: &str, last: &str) -> Option<Vec<(&Release, usize)>> {
        let id = id_of(last)?;
        if kind == "series" && id.split(':').count() != 3 {
            return None;
        }
        let known = id.starts_with("tt") && matches!(kind, "movie" | "series");
        let id = id.parse::<StremioId>().ok().filter(|_| known);
        Some(id.map(|id| self.household.listed(IndexName::MediaFusion, &id)).unwrap_or_default())
    }

    fn streams(&self, ask: &Ask, kind: &str, last: &str) -> Reply {
        let Some(rows) = self.listed(kind, last) else {
            return answer(400, &json!({"error": "invalid video_id"}));
        };
        let settings = settings(ask).unwrap_or_default();
        let template = settings["st"]["d"].as_str().filter(|template| !template.is_empty());
        let most = settings["mxs"].as_u64().unwrap_or(25);
        let most = usize::try_from(most).unwrap_or(25);
        let rows = rows.into_iter().take(most);
        let streams = rows.map(|(release, index)| self.stream(release, index, template));
        answer(200, &json!({"streams": streams.collect::<Vec<_>>()}))
    }

    fn stream(&self, release: &Release, index: usize, template: Option<&str>) -> Value {
        let recipe = &release.recipe;
        let file = recipe.files[index];
        let hash = release.info_hash;
        let resolution = recipe.resolution.unwrap_or_default();
        let text = match template {
            Some(template) => filled(template, &fields(release, index)),
            None => by_default(release, index),
        };
        let tracked = self.trackers.iter().map(|url| format!("tracker:{url}"));
        let sources: Vec<String> = tracked.chain([format!("dht:{hash}")]).collect();
        json!({
            "name": format!("MediaFusion \u{1F9F2}  \u{23F3} {resolution}"),
            "description": text,
            "infoHash": hash,
            "fileIdx": index,
            "sources": sources,
            "behaviorHints": {
                "bingeGroup": format!("MediaFusion-{}", resolution.to_uppercase()),
                "videoSize": file.size(),
                "notWebReady": true,
                "filename": file.base_name()
            }
        })
    }

    fn kodi(&self, ask: &Ask, kind: &str, last: &str) -> Reply {
        let Some(rows) = self.listed(kind, last) else {
            return answer(400, &json!({"error": "invalid video_id"}));
        };
        let size = ask.query("page_size").and_then(|size| size.parse().ok()).unwrap_or(25_usize);
        let total = rows.len();
        let row = |(release, _): (&Release, usize)| {
            let recipe = &release.recipe;
            json!({
                "stream": {"name": "MediaFusion", "infoHash": release.info_hash},
                "metadata": {
                    "info_hash": release.info_hash, "name": recipe.name, "source": recipe.indexer,
                    "quality": recipe.quality, "resolution": recipe.resolution, "codec": "avc",
                    "size": release.size(), "seeders": recipe.seeders, "cached": false
                }
            })
        };
        let streams: Vec<Value> = rows.into_iter().take(size).map(row).collect();
        let body = json!({
            "streams": streams, "page": 1, "page_size": size, "total": total,
            "has_more": size < total
        });
        answer(200, &body)
    }
}

/// The viewer's settings in the header.
fn settings(ask: &Ask) -> Option<Value> {
    let header = ask.header("encoded_user_data")?.trim_end_matches('=');
    let json = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).ok()?;
    serde_json::from_slice(&json).ok()
}

fn fields(release: &Release, index: usize) -> [(&'static str, String); 6] {
    let recipe = &release.recipe;
    let file = recipe.files[index];
    [
        ("{stream.name}", recipe.name.to_owned()),
        ("{stream.filename}", file.base_name().to_owned()),
        ("{stream.size}", file.size().to_string()),
        ("{stream.folderSize}", release.size().to_string()),
        ("{stream.seeders}", recipe.seeders.to_string()),
        ("{stream.source}", recipe.indexer.to_owned()),
    ]
}

/// A template with its variables filled in; lines that are empty then are left out. The rest of the
/// template language nobody asks for here.
fn filled(template: &str, fields: &[(&str, String)]) -> String {
    let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
    let text = fields.iter().fold(template.to_owned(), fill);
    text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// What its own template makes.
fn by_default(release: &Release, index: usize) -> String {
    let recipe = &release.recipe;
    let (file, whole) = (recipe.files[index].size(), release.size());
    let quality = recipe.quality.map(|quality| format!("\u{1F4FA} {quality} "));
    let pack = if whole > file { format!(" / {}", size_text(whole)) } else { String::new() };
    format!(
        "{}\u{1F39E}\u{FE0F} avc\n\u{1F4E6} {}{pack} \u{1F464} {}\n\u{1F310} English\n\u{1F517} {}",
        quality.unwrap_or_default(),
        size_text(file),
        recipe.seeders,
        recipe.indexer
    )
}

/// Base 1024, two decimals (`template.rs`, `format_bytes`).
fn size_text(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1024.0 && unit < 4 {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.2} {}", ["B", "KB", "MB", "GB", "TB"][unit])
}

fn unauthorized() -> Value {
    json!({"streams": [{
        "name": "MediaFusion",
        "description": "Unauthorized.\nInvalid MediaFusion configuration.\nDelete the Invalid \
                        MediaFusion installed addon and reconfigure it.",
        "url": "https://mediafusion.example/static/exceptions/invalid_config.mp4",
        "behaviorHints": {"notWebReady": true}
    }]})
}
