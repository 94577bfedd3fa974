//! Stand-ins for the services: each a file, each from a plain request to a plain reply, in the
//! wire format and with the refusals of the service it stands for. They know what they offer (the
//! household) and nothing of who asks; they would be found out by no client but for their address.

pub mod animetosho;
pub mod cdn;
pub mod cinemeta;
pub mod comet;
pub mod kitsu;
pub mod lists;
pub mod mediafusion;
pub mod mirror;
pub mod nyaa;
pub mod opensubtitles;
pub mod peerflix;
pub mod stremthru;
pub mod tmdb;
pub mod torrentio;
pub mod torrentsdb;
pub mod tracker;
pub mod zilean;

mod account;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::demo::household::Release;
use crate::http::plain::{Ask, Content, Reply};

/// The parts of the path, decoded.
fn segments(ask: &Ask) -> Vec<String> {
    let parts = ask.path.trim_start_matches('/').split('/');
    parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

fn is_json(ask: &Ask) -> bool {
    ask.header("content-type").is_some_and(|value| value.contains("application/json"))
}

fn reply(status: u16, media_type: &str, body: impl Into<Bytes>) -> Reply {
    Reply::text(status, media_type, body)
}

fn json(status: u16, value: &Value) -> Reply {
    reply(status, "application/json", value.to_string())
}

fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
    reply.headers.push((name.to_owned(), value.to_owned()));
    reply
}

/// As express ends a request that no route took, through the add-on SDK's router.
fn empty(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: Content::Bytes(Bytes::new()) }
}

/// What a Stremio add-on answers: JSON, from anywhere (CORS), with its times to keep it.
fn addon(value: &Value) -> Reply {
    let keys = [
        ("cacheMaxAge", "max-age"),
        ("staleRevalidate", "stale-while-revalidate"),
        ("staleError", "stale-if-error"),
    ];
    let times: Vec<String> = keys
        .iter()
        .filter_map(|(key, name)| Some(format!("{name}={}", value.get(key)?)))
        .chain(["public".to_owned()])
        .collect();
    let answer = reply(200, "application/json; charset=utf-8", value.to_string());
    let answer = with(answer, "access-control-allow-origin", "*");
    with(answer, "cache-control", &times.join(", "))
}

/// As express answers when the add-on's handler throws.
fn addon_error() -> Reply {
    let answer = reply(500, "application/json; charset=utf-8", r#"{"err":"handler error"}"#);
    with(answer, "access-control-allow-origin", "*")
}

/// Whether the release's name has all the words of a search; of words in brackets, with `|` between
/// them, any. Zeros before a number do not count.
fn has_words(release: &Release, search: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| word.trim_start_matches('0').to_lowercase()).collect()
    };
    let name = words(release.recipe.name);
    let has = |word: &String| name.contains(word);
    let (all, any) = search.split_once('(').unwrap_or((search, ""));
    let any = words(any);
    words(all).iter().all(has) && (any.is_empty() || any.iter().any(has))
}

/// The id of `…/ID.json`.
fn id_of(last: &str) -> Option<&str> {
    last.strip_suffix(".json")
}
