//! Torrents by info hash: taken in, told of, and their bytes.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::apps::Asker;
use super::create::{Blob, Create};
use super::stats;
use crate::http::error::ApiError;
use crate::http::line::Watch;
use crate::http::media::{self, Manners};
use crate::http::rooms::Rooms;
use crate::http::router::Asks;
use crate::http::server::Peer;
use crate::http::shield::read_whole;
use crate::playback::{Error, KnownTorrent, TorrentError, TorrentMedia};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, Magnet};

/// How long an app waits to hear what is in a torrent. Its requests have no limit of their own.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest body: a `.torrent` of 4 MiB in hexadecimal digits, in JSON.
const LONGEST: usize = (8 << 20) + (64 << 10);
/// Most trackers that are taken from one request, and that a torrent has when more are taken.
const MOST_TRACKERS: usize = 50;

/// `POST /{hash}/create`: taken in; answered once it is known what is in it.
pub(super) async fn create(
    State(rooms): State<Rooms>,
    Path(hash): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let info_hash = hash_of(&hash)?;
    let body = read_whole(body, LONGEST).await?;
    let said: Create = if body.trim_ascii().is_empty() {
        Create::default()
    } else {
        serde_json::from_slice(&body).map_err(|_| bad_body())?
    };
    let guess = said.guess();
    let magnet = magnet(info_hash, &said.sources());
    let known = take_in(&rooms, &magnet).await?;
    let mut told = stats::of(&rooms.playback, info_hash, None).await?;
    told["guessedFileIdx"] = json!(guess.and_then(|guess| known.guess(guess.episode)));
    if guess.is_none()
        && let Some(fields) = told.as_object_mut()
    {
        fields.remove("guessedFileIdx");
    }
    Ok(Json(told))
}

/// `POST /create`: a `.torrent`.
pub(super) async fn create_by_file(
    State(rooms): State<Rooms>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Body,
) -> Result<Response, ApiError> {
    let body = read_whole(body, LONGEST).await?;
    let said: Blob = serde_json::from_slice(&body).map_err(|_| bad_body())?;
    let bytes = said.bytes();
    let metainfo = Metainfo::read(&bytes.ok_or_else(bad_body)?).map_err(|error| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_torrent", error.to_string())
    })?;
    // The address names no torrent, so that the limit on them could not count it.
    let info_hash = metainfo.info_hash;
    if let Err(crowded) = rooms.limits.opens(peer.ip().to_canonical(), &info_hash.to_string()) {
        return Ok(crowded.into_response());
    }
    rooms.playback.add_passing_file(&metainfo).await?;
    Ok(Json(stats::of(&rooms.playback, info_hash, None).await?).into_response())
}

/// `GET /stats.json`: those that apps have named, by info hash.
pub(super) async fn all_stats(State(rooms): State<Rooms>) -> Result<Json<Value>, ApiError> {
    let mut all = serde_json::Map::new();
    for info_hash in rooms.playback.passing()? {
        let told = stats::of(&rooms.playback, info_hash, None).await?;
        all.insert(info_hash.to_string(), told);
    }
    Ok(Json(Value::Object(all)))
}

/// `GET /{hash}/stats.json`.
pub(super) async fn stats(
    State(rooms): State<Rooms>,
    Path(hash): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(stats::of(&rooms.playback, hash_of(&hash)?, None).await?))
}

/// `GET /{hash}/{file}/stats.json`.
pub(super) async fn file_stats(
    State(rooms): State<Rooms>,
    Path((hash, file)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (hash, file) = (hash_of(&hash)?, file_of(&file)?);
    Ok(Json(stats::of(&rooms.playback, hash, file).await?))
}

/// `GET` or `POST /{hash}/remove`: forgotten, where an app has named it and nobody reads it. A page that
/// posts has an `Origin`, and has been turned away.
pub(super) async fn remove(
    State(rooms): State<Rooms>,
    Extension(asker): Extension<Asker>,
    Path(hash): Path<String>,
    method: Method,
) -> Result<Json<Value>, ApiError> {
    if asker == Asker::AnyPage && method != Method::POST {
        let message = "a page could ask so: let the app that named the torrent remove it, or POST";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "may_be_a_page", message));
    }
    rooms.playback.forget_passing(hash_of(&hash)?).await?;
    Ok(Json(json!({})))
}

/// `GET /removeAll`: nothing. One app must not stop what another plays; the library clears up.
pub(super) async fn remove_all() -> Json<Value> {
    Json(json!({}))
}

/// `GET`, `HEAD` `/{hash}/{file}?tr=…`: the bytes. -1 is the film in it.
pub(super) async fn bytes(
    State(rooms): State<Rooms>,
    Path((hash, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    Extension(asker): Extension<Asker>,
    watch: Option<Extension<Watch>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    send(&rooms, asker, (&hash, &file, &query), watch, (&method, &headers)).await
}

/// The same with a name behind it, for players that go by the ending.
pub(super) async fn named_bytes(
    State(rooms): State<Rooms>,
    Path((hash, file, _name)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    Extension(asker): Extension<Asker>,
    watch: Option<Extension<Watch>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    send(&rooms, asker, (&hash, &file, &query), watch, (&method, &headers)).await
}

async fn send(
    rooms: &Rooms,
    asker: Asker,
    (hash, file, query): (&str, &str, &str),
    watch: Option<Extension<Watch>>,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response, ApiError> {
    if ![Method::GET, Method::HEAD].contains(method) {
        return Err(ApiError::method_not_allowed());
    }
    let (info_hash, file) = (hash_of(hash)?, file_of(file)?);
    let media = match asker {
        Asker::App => {
            let sources: Vec<String> = url::form_urlencoded::parse(query.as_bytes())
                .filter_map(|(name, value)| (name == "tr").then(|| value.into_owned()))
                .collect();
            take_in(rooms, &magnet(info_hash, &sources)).await?;
            rooms.playback.torrent_media(info_hash, file, false).await?
        }
        Asker::AnyPage => media_of_known(rooms, info_hash, file).await?,
    };
    let asks = Asks { head: method == Method::HEAD, set: None, peer: None };
    let representation = rooms.media(asks, &media.media_id).await?;
    if let Some(Extension(watch)) = watch {
        watch.allow_pause();
    }
    Ok(media::answer(&representation, method, headers, Manners::Set))
}

/// A file of a torrent that an app has named, or that was opened here before. Nothing is begun or added
/// to, whatever the address says: it may stand in a page as a picture.
async fn media_of_known(
    rooms: &Rooms,
    info_hash: InfoHash,
    file: Option<u32>,
) -> Result<TorrentMedia, ApiError> {
    let media = timeout(PATIENCE, rooms.playback.torrent_media(info_hash, file, false)).await;
    match media {
        Ok(Err(Error::Torrent(TorrentError::Unknown { .. }))) => {
            let message = "no app has named this torrent, and a page must not: open it in the app, \
                           which names it first";
            Err(ApiError::new(StatusCode::FORBIDDEN, "not_named", message))
        }
        Ok(media) => Ok(media?),
        Err(_) => Err(not_described()),
    }
}

/// The torrent, once it is known what is in it.
async fn take_in(rooms: &Rooms, magnet: &Magnet) -> Result<KnownTorrent, ApiError> {
    let playback = &rooms.playback;
    let known = playback.torrent(magnet.info_hash)?;
    let new = magnet.trackers.iter().any(|tracker| !known.trackers.contains(tracker));
    if known.files.is_empty() || (new && known.trackers.len() < MOST_TRACKERS) {
        playback.add_passing(magnet).await?;
    }
    let described = timeout(PATIENCE, playback.described_torrent(magnet)).await;
    Ok(described.map_err(|_| not_described())??)
}

fn not_described() -> ApiError {
    let message = "nobody has told what is in this torrent yet; ask again in a while, or choose \
                   another";
    ApiError::new(StatusCode::GATEWAY_TIMEOUT, "not_described", message)
}

/// Trackers as apps name them: `tracker:udp://…`; `dht:HASH` needs no naming.
fn magnet(info_hash: InfoHash, sources: &[String]) -> Magnet {
    let urls = sources.iter().filter(|source| !source.starts_with("dht:"));
    let urls = urls.map(|source| source.strip_prefix("tracker:").unwrap_or(source));
    let mut trackers: Vec<String> = Vec::new();
    for url in urls.filter(|url| url.contains("://")).take(MOST_TRACKERS) {
        if !trackers.iter().any(|known| known == url) {
            trackers.push(url.to_owned());
        }
    }
    Magnet { trackers, ..Magnet::new(info_hash) }
}

/// Forty hexadecimal digits: apps name torrents by nothing else.
fn hash_of(text: &str) -> Result<InfoHash, ApiError> {
    let hash = text.parse().ok().filter(|_| text.len() == 40);
    hash.ok_or_else(|| {
        let message = "the address names no info hash: 40 hexadecimal digits";
        ApiError::new(StatusCode::NOT_FOUND, "bad_info_hash", message)
    })
}

/// A file's number; `None` for -1, which leaves the choice to us.
fn file_of(text: &str) -> Result<Option<u32>, ApiError> {
    if text == "-1" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let message = "the address names no file: a number from 0, or -1 for the film";
        ApiError::new(StatusCode::NOT_FOUND, "bad_file", message)
    })
}

fn bad_body() -> ApiError {
    ApiError::bad_request("the body is not what Stremio's apps send: JSON that names a torrent")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

    #[test]
    fn trackers_are_taken_without_their_marks() {
        let hash: InfoHash = HASH.parse().unwrap();
        let sources = ["dht:x", "tracker:udp://a:1", "udp://a:1", "http://b/announce", "nonsense"];
        let magnet = magnet(hash, &sources.map(str::to_owned));
        assert_eq!(magnet.trackers, ["udp://a:1", "http://b/announce"]);
    }

    proptest::proptest! {
        #[test]
        fn no_path_panics(hash in "\\PC{0,60}", file in "\\PC{0,20}") {
            let _ = (hash_of(&hash).is_ok(), file_of(&file).is_ok());
        }

        #[test]
        fn a_hash_and_a_file_are_read(index in 0_u32..) {
            proptest::prop_assert_eq!(hash_of(HASH).unwrap().to_string(), HASH);
            proptest::prop_assert_eq!(file_of(&index.to_string()).unwrap(), Some(index));
        }
    }
}
