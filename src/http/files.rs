//! The catalogue as plain pages of links, and each folder as a playlist: for players that take an
//! address and no more.

use std::fmt::Write as _;

use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};

use super::dav::{self, Entry};
use super::error::ApiError;
use super::line::Watch;
use super::rooms::Rooms;
use super::visitor::Visitor;
use crate::playback::Video;
use crate::web::{self, FileRow, Page as _};
use crate::xml::{self, HEAD};

const METHODS: &str = "GET, HEAD";
const PREFIX: &str = "/files";

/// `/files/…`.
pub(super) fn routes() -> Router<Rooms> {
    Router::new()
        .route("/files", any(answer))
        .route("/files/", any(answer))
        .route("/files/{*path}", any(answer))
}

const XSPF: &str = "application/xspf+xml";

/// The kinds of playlists, each with its media type. Not that of HLS, though `m3u8` is its ending:
/// what is listed are whole films.
const PLAYLISTS: [(&str, &str); 3] = [
    ("playlist.m3u8", "audio/x-mpegurl; charset=utf-8"),
    ("playlist.m3u", "audio/x-mpegurl; charset=utf-8"),
    ("playlist.xspf", XSPF),
];

async fn answer(visitor: Visitor, watch: Option<Extension<Watch>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let refusal = ApiError::method_not_allowed();
        return ([(header::ALLOW, METHODS)], refusal).into_response();
    }
    if let Err(door) = dav::may_enter(&visitor).await {
        return door;
    }
    let (path, method) = (request.uri().path().to_owned(), request.method().clone());
    visitor.note(&format!("a page of files: {method}"));
    let (folder, last) = path.rsplit_once('/').unwrap_or_default();
    let playlist = PLAYLISTS.iter().find(|(name, _)| *name == last);
    let at = if playlist.is_some() { folder } else { path.as_str() };
    match (dav::entry_at(&visitor, PREFIX, at).await, playlist) {
        (Ok(Some(entry)), Some((name, media_type))) if entry.is_folder() => {
            playlist_of(&visitor, &entry, media_type).await
        }
        (Ok(Some(entry)), None) if entry.is_folder() => match dav::with_slash(&path) {
            Some(folder) => dav::moved(&folder),
            None => index(&visitor, &entry).await,
        },
        (Ok(Some(entry)), None) => dav::bytes(&visitor, &entry, watch, &method).await,
        (Ok(_), _) => ApiError::not_found().into_response(),
        (Err(error), _) => error.into_response(),
    }
}

/// A folder as a page of links. The words of a link are the name that it leads to, since Kodi takes
/// none for a file where they differ.
pub(super) async fn index(visitor: &Visitor, entry: &Entry) -> Response {
    let (playback, folder) = (&visitor.rooms.playback, &entry.node.id);
    let children = match dav::looked_through(playback, visitor.set(), folder).await {
        Ok(children) => children,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let row = |child: &Entry| {
        let slash = if child.is_folder() { "/" } else { "" };
        FileRow { link: child.link(), name: format!("{}{slash}", child.name) }
    };
    let page = web::Files {
        name: entry.node.title.clone(),
        is_root: entry.node.parent.is_none(),
        rows: children.iter().map(row).collect(),
        plays: children.iter().any(|child| child.video().is_some()),
    };
    match page.html() {
        Ok(html) => Html(html).into_response(),
        Err(sentence) => (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response(),
    }
}

/// The films of a folder, by their signed addresses: a player needs no password for them.
async fn playlist_of(visitor: &Visitor, entry: &Entry, media_type: &str) -> Response {
    let (playback, folder) = (&visitor.rooms.playback, &entry.node.id);
    let children = match dav::entries(playback, visitor.set(), folder).await {
        Ok(children) => children,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let address = |video: &Video| {
        let key = visitor.rooms.media_keys.sign(&video.media_id, &video.link_name);
        visitor.link(&format!("/v/{key}/{}", video.link_name))
    };
    let films = children.iter().filter_map(|child| Some((child, child.video()?)));
    let films: Vec<Film> = films
        .map(|(child, video)| Film {
            title: child.node.title.clone(),
            address: address(video),
            duration_s: video.duration_s,
        })
        .collect();
    let text = if media_type == XSPF { xspf(&entry.node.title, &films) } else { m3u(&films) };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}

struct Film {
    title: String,
    address: String,
    duration_s: Option<f64>,
}

fn m3u(films: &[Film]) -> String {
    let mut text = "#EXTM3U\n".to_owned();
    for film in films {
        // -1 is not known.
        let seconds = film.duration_s.map_or(-1.0, f64::round);
        let title: String = film.title.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(text, "#EXTINF:{seconds:.0},{title}\n{}", film.address);
    }
    text
}

/// XSPF version 1 (xiph.org); a duration is in milliseconds.
fn xspf(title: &str, films: &[Film]) -> String {
    let mut text = format!(
        "{HEAD}<playlist version=\"1\" xmlns=\"http://xspf.org/ns/0/\">\n<title>{}</title>\n<trackList>\n",
        xml::escape(title)
    );
    for film in films {
        let _ = write!(
            text,
            "<track><location>{}</location><title>{}</title>",
            xml::escape(&film.address),
            xml::escape(&film.title)
        );
        if let Some(seconds) = film.duration_s {
            let _ = write!(text, "<duration>{:.0}</duration>", seconds * 1000.0);
        }
        text.push_str("</track>\n");
    }
    text.push_str("</trackList>\n</playlist>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playlists_hold_any_title() {
        let films = [
            Film {
                title: "Tom & Jerry <1>\n\"q\" é 日本".to_owned(),
                address: "http://box/v/k/a.mkv".to_owned(),
                duration_s: Some(61.4),
            },
            Film {
                title: "B".to_owned(),
                address: "http://box/v/k/b.mkv".to_owned(),
                duration_s: None,
            },
        ];
        assert_eq!(
            m3u(&films),
            "#EXTM3U\n#EXTINF:61,Tom & Jerry <1>\"q\" é 日本\nhttp://box/v/k/a.mkv\n\
             #EXTINF:-1,B\nhttp://box/v/k/b.mkv\n"
        );
        let xspf = xspf("A & B", &films);
        assert!(xspf.contains("<title>A &amp; B</title>"));
        assert!(xspf.contains("Tom &amp; Jerry &lt;1&gt;"));
        assert!(xspf.contains("<duration>61400</duration>"));
    }
}
