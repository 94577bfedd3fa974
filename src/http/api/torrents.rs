//! Torrents that a program names: by a magnet, or by a `.torrent`.

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::http::shield::read_whole;
use crate::http::visitor::Visitor;
use crate::playback::{KnownTorrent, TorrentState};
use crate::release;
use crate::torrent::metainfo::{self, Metainfo};
use crate::torrent::{InfoHash, Magnet, TorrentFile};

/// What a body of a program holds.
enum Named {
    Magnet(Magnet),
    File(Box<Metainfo>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MagnetForm {
    #[serde(rename = "magnetUri")]
    magnet_uri: String,
}

/// `POST /api/torrents`: 202; what is in it is found out in the background.
pub(super) async fn add(visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let playback = &visitor.rooms.playback;
    let known = match named(body).await? {
        Named::Magnet(magnet) => playback.add_torrent(&magnet)?,
        Named::File(file) => playback.add_torrent_file(&file)?,
    };
    Ok((StatusCode::ACCEPTED, Json(row(&visitor.rooms, &known))).into_response())
}

/// `GET /api/torrents`: those that were added, the newest first.
pub(super) async fn list(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let rows = visitor.rooms.playback.torrents()?;
    let rows: Vec<Value> = rows.iter().map(|known| row(&visitor.rooms, known)).collect();
    Ok(Json(json!({"torrents": rows})))
}

/// `POST /api/torrents/parse`: what the text alone says, and what is known of it already. Asks nobody.
pub(super) async fn parse(visitor: Visitor, body: Body) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let playback = &visitor.rooms.playback;
    Ok(Json(match named(body).await? {
        Named::Magnet(magnet) => {
            let known = playback.torrent(magnet.info_hash)?;
            let name = magnet.name.or(known.name);
            parsed(magnet.info_hash, name.as_deref(), &magnet.trackers, Some(&known.files))
        }
        Named::File(file) => {
            parsed(file.info_hash, Some(&file.name), &file.trackers, Some(&file.files))
        }
    }))
}

/// `POST /api/torrents/convert`: a magnet becomes a torrent: its files, and a `.torrent` of ours where
/// peers have told what is in it.
pub(super) async fn convert(visitor: Visitor, body: Body) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let playback = &visitor.rooms.playback;
    let known = match named(body).await? {
        Named::Magnet(magnet) => {
            playback.add_torrent(&magnet)?;
            playback.described_torrent(&magnet).await?
        }
        Named::File(file) => playback.add_torrent_file(&file)?,
    };
    Ok(Json(converted(&visitor, &known)))
}

/// `GET /api/torrents/{hash}/info`: the same of one that is known, with how far it is.
pub(super) async fn info(
    visitor: Visitor,
    hash: Result<Path<InfoHash>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let hash = hash_of(hash)?;
    let playback = &visitor.rooms.playback;
    let transfer = playback.transfer(hash, None).await?;
    let known = playback.torrent(hash)?;
    let mut info = converted(&visitor, &known);
    info["state"] = json!(known.state);
    info["error"] = json!(known.error);
    info["progress"] = json!(transfer.progress());
    info["peers"] = json!(transfer.peers);
    Ok(Json(info))
}

/// `GET /api/torrents/{hash}/torrent`: the `.torrent`.
pub(super) async fn file(
    visitor: Visitor,
    hash: Result<Path<InfoHash>, PathRejection>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let hash = hash_of(hash)?;
    let bytes = visitor.rooms.playback.torrent_file(&hash).ok_or_else(|| {
        let message = format!("no peer has told what is in {hash} yet; convert its magnet first");
        ApiError::new(StatusCode::NOT_FOUND, "no_torrent_file", message)
    })?;
    let name = format!("attachment; filename=\"{hash}.torrent\"");
    let head = [
        (header::CONTENT_TYPE, "application/x-bittorrent".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((head, bytes).into_response())
}

/// `DELETE /api/torrents/{hash}`: stopped and forgotten; its files stay on the disk.
pub(super) async fn forget(
    visitor: Visitor,
    hash: Result<Path<InfoHash>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    visitor.may_watch()?;
    visitor.rooms.playback.forget_torrent(hash_of(hash)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Descriptions are read into memory, 8 MiB at most each: the others wait in their connections.
static READ_AT_ONCE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

/// The hash in a path.
pub(super) fn hash_of(hash: Result<Path<InfoHash>, PathRejection>) -> Result<InfoHash, ApiError> {
    let Path(hash) = hash.map_err(|_| {
        let message = "the address names no info hash: 40 hexadecimal digits or 32 of base32";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_info_hash", message)
    })?;
    Ok(hash)
}

/// A magnet in JSON, a magnet by itself, or a `.torrent`: each is told by its first bytes.
async fn named(body: Body) -> Result<Named, ApiError> {
    // Nobody closes it, so that it never fails.
    let _place = READ_AT_ONCE.acquire().await;
    let body: Bytes = read_whole(body, metainfo::LONGEST).await?;
    let text = body.trim_ascii_start();
    if text.first() == Some(&b'd') {
        let refused = |error: metainfo::Bad| {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_torrent", error.to_string())
        };
        return Ok(Named::File(Box::new(Metainfo::read(&body).map_err(refused)?)));
    }
    let refused = |error: crate::torrent::BadMagnet| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_magnet", error.to_string())
    };
    if text.first() == Some(&b'{') {
        let form: MagnetForm = serde_json::from_slice(text).map_err(|error| {
            let message = format!("the request's body cannot be taken: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, "bad_json", message)
        })?;
        return Ok(Named::Magnet(form.magnet_uri.parse().map_err(refused)?));
    }
    match std::str::from_utf8(text) {
        Ok(text) if text.starts_with("magnet:") => {
            Ok(Named::Magnet(text.parse().map_err(refused)?))
        }
        _ => Err(ApiError::bad_request(
            "the body must be {\"magnetUri\":\"magnet:?…\"} or the bytes of a .torrent",
        )),
    }
}

/// A torrent as `POST /api/torrents` tells it.
fn row(rooms: &Rooms, known: &KnownTorrent) -> Value {
    let hash = known.info_hash;
    let index = known.main_file().and_then(|file| file.index).unwrap_or(0);
    json!({
        "info_hash": hash,
        "name": known.name,
        "state": known.state,
        "files": files(&known.files),
        "stream": format!("/api/stream/{hash}?file={index}"),
        "proxy": rooms.proxy_path(&hash, Some(index)),
        "error": known.error,
    })
}

fn files(files: &[TorrentFile]) -> Vec<Value> {
    let row = |file: &TorrentFile| {
        json!({
            "index": file.index,
            "name": file.name,
            "size": file.size_bytes,
            "is_video": release::is_video(&file.name),
        })
    };
    files.iter().map(row).collect()
}

fn parsed(
    hash: InfoHash,
    name: Option<&str>,
    trackers: &[String],
    listed: Option<&[TorrentFile]>,
) -> Value {
    let listed = listed.filter(|listed| !listed.is_empty());
    json!({
        "info_hash": hash,
        "name": name,
        "trackers": trackers,
        "files": listed.map(files),
        "release": release::parse(name.unwrap_or_default()),
    })
}

fn converted(visitor: &Visitor, known: &KnownTorrent) -> Value {
    let (hash, playback) = (known.info_hash, &visitor.rooms.playback);
    let listed = (known.state == TorrentState::Ready).then_some(known.files.as_slice());
    let mut torrent = parsed(hash, known.name.as_deref(), &known.trackers, listed);
    let ours = playback
        .torrent_file(&hash)
        .map(|_| visitor.link(&format!("/api/torrents/{hash}/torrent")));
    torrent["torrent_url"] = json!(ours);
    let index = known.main_file().and_then(|file| file.index).unwrap_or(0);
    torrent["stream"] = json!(format!("/api/stream/{hash}?file={index}"));
    torrent["proxy"] = json!(visitor.rooms.proxy_path(&hash, Some(index)));
    torrent
}
