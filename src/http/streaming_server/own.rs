//! What an app wants to know of an address: only of addresses of this box. A server that fetches
//! whatever it is told to is a way into the household's network.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::http::error::ApiError;
use crate::http::media::{self, Manners};
use crate::http::rooms::Rooms;
use crate::http::subtitle;

#[derive(Deserialize)]
pub(super) struct OfVideo {
    #[serde(rename = "videoUrl")]
    video_url: String,
}

#[derive(Deserialize)]
pub(super) struct OfSubtitles {
    from: String,
}

/// What an address of ours leads to.
#[derive(Debug, PartialEq, Eq)]
enum Ours {
    /// `/v/{key}/{name}`.
    Link { key: String, name: String },
    /// `/sub/{key}.srt` or `.vtt`: without the ending.
    Subtitles { key: String },
    /// `/{hash}/{file}`.
    Torrent { hash: String, file: String },
}

/// `GET /opensubHash?videoUrl=`: the hash by which subtitles are found, `{error, result}`.
pub(super) async fn video_hash(
    State(rooms): State<Rooms>,
    asked: Result<Query<OfVideo>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(OfVideo { video_url }) = asked?;
    let media_id = match ours(&video_url) {
        Some(Ours::Link { key, name }) => rooms.media_keys.verify(&key, &name),
        Some(Ours::Torrent { hash, file }) => {
            let hash = hash.parse().map_err(|_| ApiError::not_found())?;
            let media = rooms.playback.torrent_media(hash, file.parse().ok(), false).await?;
            Some(media.media_id)
        }
        Some(Ours::Subtitles { .. }) | None => None,
    };
    let Some(media_id) = media_id else { return Ok(not_ours()) };
    let told = rooms.playback.video_hash(&media_id).await?;
    let result = told.map(|(hash, size)| json!({"size": size, "hash": hash}));
    let error = result.is_none().then_some("its ends did not come in time; ask again");
    Ok(Json(json!({"error": error, "result": result})).into_response())
}

/// `GET /subtitles.vtt?from=`: nothing but this box's own; an app that is refused takes the address
/// itself.
pub(super) async fn subtitles(
    State(rooms): State<Rooms>,
    asked: Result<Query<OfSubtitles>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(OfSubtitles { from }) = asked?;
    let Some(Ours::Subtitles { key }) = ours(&from) else { return Ok(not_ours()) };
    let text = subtitle::find(&rooms, &format!("{key}.vtt")).await?;
    Ok(media::answer(&text, &Method::GET, &HeaderMap::new(), Manners::Plain))
}

fn not_ours() -> Response {
    let message = "this server looks only into what this box itself serves";
    let body = json!({
        "error": message,
        "result": null,
    });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

/// Reads an address. Its host is not looked at and never asked: what counts is that the path names a
/// film of this box, by a key that this box has signed, or a torrent that is known here.
fn ours(text: &str) -> Option<Ours> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    path_of(url.path())
}

fn path_of(path: &str) -> Option<Ours> {
    let plain = |part: &str| percent_decode_str(part).decode_utf8().ok().map(String::from);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    // Behind a reverse proxy our paths may stand below another.
    let at = parts.iter().position(|part| *part == "v").filter(|at| parts.len() == at + 3);
    if let Some(at) = at {
        return Some(Ours::Link { key: plain(parts[at + 1])?, name: plain(parts[at + 2])? });
    }
    if let [.., "sub", file] = parts.as_slice() {
        let key = file.strip_suffix(".vtt").or_else(|| file.strip_suffix(".srt"))?;
        return Some(Ours::Subtitles { key: plain(key.strip_suffix(".bom").unwrap_or(key))? });
    }
    match parts.as_slice() {
        [hash, file, ..] if hash.len() == 40 => {
            Some(Ours::Torrent { hash: plain(hash)?, file: plain(file)? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_films_of_ours_are_named_by_a_path() {
        let link = || Ours::Link { key: "k".to_owned(), name: "a b.mkv".to_owned() };
        let hash = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
        for (path, expected) in [
            ("/v/k/a%20b.mkv", Some(link())),
            ("/box/v/k/a%20b.mkv", Some(link())),
            (
                "/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c/0",
                Some(Ours::Torrent { hash: hash.to_owned(), file: "0".to_owned() }),
            ),
            ("/sub/k.srt", Some(Ours::Subtitles { key: "k".to_owned() })),
            ("/box/sub/k.bom.srt", Some(Ours::Subtitles { key: "k".to_owned() })),
            ("/sub/k", None),
            ("/v/k", None),
            ("/v/k/a/b", None),
            ("/api/settings", None),
            ("/", None),
        ] {
            assert_eq!(path_of(path), expected, "{path}");
        }
    }
}
