//! The mirrors: listed, added, changed, tested, removed.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::visitor::Visitor;
use crate::mirror::{BadSource, Change, Sources, Stats, Verdict, Wanted};
use crate::torrent::{InfoHash, TorrentFile};

type Body = Result<Json<Value>, JsonRejection>;

/// `GET /api/sources`.
pub(super) async fn list(visitor: Visitor) -> Result<Json<Sources>, ApiError> {
    visitor.owner_only()?;
    Ok(Json(visitor.rooms.mirrors.sources()))
}

/// `GET /api/sources/stats`.
pub(super) async fn stats(visitor: Visitor) -> Result<Json<Stats>, ApiError> {
    visitor.may_watch()?;
    Ok(Json(visitor.rooms.mirrors.stats()))
}

/// A source, as a program sends it; what is left out stays, or is as usual. Other programs write
/// some of the names another way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    name: String,
    #[serde(alias = "template")]
    url: Option<String>,
    priority: Option<u32>,
    enabled: Option<bool>,
    #[serde(alias = "needsMetadata")]
    needs_metadata: Option<bool>,
    #[serde(alias = "supportsResume")]
    supports_resume: Option<bool>,
    note: Option<String>,
    /// A file that it is asked for, once it is kept.
    test: Option<Asked>,
}

/// A file to ask for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Of one source alone.
    name: Option<String>,
    #[serde(alias = "infoHash")]
    info_hash: InfoHash,
    /// Its path in the torrent.
    #[serde(alias = "fileName")]
    file_name: String,
    #[serde(alias = "fileIndex")]
    file_index: Option<u32>,
    /// In bytes; where it is not said, the torrent's description has to say it.
    size: Option<u64>,
    torrent_name: Option<String>,
    #[serde(default)]
    single_file: bool,
    #[serde(default)]
    web_seeds: Vec<String>,
}

/// `POST /api/sources`: 201 for a new one, 200 for one that is changed.
pub(super) async fn set(visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    visitor.owner_only()?;
    let sent: Sent = read(body)?;
    if sent.supports_resume == Some(false) {
        return Err(crate::mirror::Error::from(BadSource::NoResume).into());
    }
    let mirrors = &visitor.rooms.mirrors;
    let change = Change {
        url: sent.url,
        priority: sent.priority,
        enabled: sent.enabled,
        needs_metadata: sent.needs_metadata,
        note: sent.note,
    };
    let asks_alone = change == Change::default() && sent.test.is_some();
    let new = if asks_alone { false } else { mirrors.set(&sent.name, change).await? };
    let name = sent.name;
    let mut answer = json!({});
    if let Some(asked) = sent.test {
        answer["test"] = test_of(&visitor, &Asked { name: Some(name.clone()), ..asked }).await?;
    }
    answer["source"] = json!(mirrors.source(&name));
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answer)).into_response())
}

/// `POST /api/sources/test`: which sources have a file.
pub(super) async fn test(visitor: Visitor, body: Body) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    Ok(Json(test_of(&visitor, &read(body)?).await?))
}

async fn test_of(visitor: &Visitor, asked: &Asked) -> Result<Value, ApiError> {
    let wanted = Wanted {
        info_hash: asked.info_hash,
        file: TorrentFile {
            index: asked.file_index,
            name: asked.file_name.clone(),
            size_bytes: asked.size,
            ..TorrentFile::default()
        },
        torrent_name: asked.torrent_name.clone(),
        single_file: asked.single_file,
        web_seeds: asked.web_seeds.clone(),
        pieces: None,
        given: None,
    };
    let results = visitor.rooms.mirrors.test(&wanted, asked.name.as_deref()).await?;
    let working = results.iter().filter(|line| line.state == Verdict::Ok).count();
    Ok(json!({"working": working, "results": results}))
}

/// `DELETE /api/sources/{name}`.
pub(super) async fn remove(
    visitor: Visitor,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    visitor.owner_only()?;
    visitor.rooms.mirrors.remove(&name?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// `DELETE /api/sources` `{"name":…}`.
pub(super) async fn remove_named(visitor: Visitor, body: Body) -> Result<StatusCode, ApiError> {
    visitor.owner_only()?;
    let named: Named = read(body)?;
    visitor.rooms.mirrors.remove(&named.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let Json(body) = body?;
    serde_json::from_value(body).map_err(|error| {
        let sentence = format!("this source cannot be taken: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, "bad_source", sentence)
    })
}
