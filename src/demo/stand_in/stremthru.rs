//! `StremThru`: the crowd's list of torrents, and a debrid store behind one envelope.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::account::{Account, Refusal};
use super::cdn::Cdn;
use super::{is_json, reply, segments, with};
use crate::demo::household::{Household, Release, Role};
use crate::http::plain::{Ask, Reply};
use crate::media::StremioId;
use crate::torrent::{IndexName, InfoHash, Magnet, Store};

/// The most hashes that one check takes.
const MOST_MAGNETS: usize = 500;

/// The service.
pub struct StremThru {
    household: Arc<Household>,
    cdn: Arc<Cdn>,
    token: String,
    account: Mutex<Account>,
}

impl StremThru {
    /// A service whose one account is opened by `token`, and whose links lead to `cdn`. A torrent
    /// that is on its way arrives after `patience` answers.
    #[must_use]
    pub fn new(household: Arc<Household>, cdn: Arc<Cdn>, token: &str, patience: u32) -> Self {
        let account = Mutex::new(Account::new(patience));
        Self { household, cdn, token: token.to_owned(), account }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["v0", "health"] => super::json(200, &json!({"data": {"status": "ok"}})),
            ["v0", "torrents"] => self.torrents(ask),
            ["v0", "store", "user" | "magnets"]
            | ["v0", "store", "magnets", _]
            | ["v0", "store", "link", "generate"] => self.store(ask, &parts[2..]),
            // Go's ServeMux.
            _ => reply(404, "text/plain; charset=utf-8", "404 page not found\n"),
        }
    }

    fn torrents(&self, ask: &Ask) -> Reply {
        match ask.method.as_str() {
            "GET" => {}
            // Only peers write, with a token of their own.
            "POST" => return error(ask, 401, "Unauthorized", None),
            _ => return error(ask, 405, "method not allowed", None),
        }
        let sid = ask.query("sid").unwrap_or_default();
        if sid.is_empty() {
            return error(ask, 400, "missing sid", None);
        }
        if !sid.starts_with("tt") && !sid.starts_with("anidb:") {
            return error(ask, 400, "unsupported sid", None);
        }
        let id = sid.parse::<StremioId>();
        let rows = id.map(|id| self.household.listed(IndexName::StremThru, &id));
        let items: Vec<Value> =
            rows.unwrap_or_default().into_iter().map(|(release, _)| torrent(release)).collect();
        let total = items.len();
        let data = json!({"data": {"items": items, "total_items": total}});
        with(super::json(200, &data), "cache-control", "public, max-age=7200")
    }

    fn store(&self, ask: &Ask, parts: &[&str]) -> Reply {
        let store = match self.opened(ask) {
            Ok(store) => store,
            Err(refusal) => return *refusal,
        };
        let refuse = |refusal: Refusal| refused(ask, store, refusal);
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, data) = match (ask.method.as_str(), parts) {
            ("GET", ["user"]) => (200, user()),
            ("GET", ["magnets", "check"]) => return self.check(ask),
            // Not a check: peers report here what they know.
            ("POST", ["magnets", "check"]) => return error(ask, 401, "Unauthorized", None),
            ("GET", ["magnets"]) => (200, account.list(&self.household)),
            ("POST", ["magnets"]) => match magnet_of(ask) {
                Ok(magnet) => match account.add(&self.household, &magnet) {
                    Ok(data) => (201, data),
                    Err(refusal) => return refuse(refusal),
                },
                Err(refusal) => return *refusal,
            },
            ("GET", ["magnets", id]) => match account.get(&self.household, id) {
                Ok(data) => (200, data),
                Err(refusal) => return refuse(refusal),
            },
            ("DELETE", ["magnets", id]) => match account.remove(id) {
                Ok(data) => (200, data),
                Err(refusal) => return refuse(refusal),
            },
            ("POST", ["link", "generate"]) => match text_of(ask, "link") {
                Ok(link) => match account.file(&self.household, &link) {
                    Ok(file) => (200, json!({"link": self.cdn.link(file)})),
                    Err(refusal) => return refuse(refusal),
                },
                Err(refusal) => return *refusal,
            },
            _ => return error(ask, 405, "method not allowed", None),
        };
        super::json(status, &json!({"data": data}))
    }

    /// Whether the store's headers are there and right.
    fn opened(&self, ask: &Ask) -> Result<Store, Box<Reply>> {
        let name = ask.header("x-stremthru-store-name").unwrap_or_default();
        if name.is_empty() {
            return Err(Box::new(error(ask, 400, "missing store", None)));
        }
        let Ok(store) = name.parse::<Store>() else {
            let body = json!({"error": {
                "code": "INTERNAL_SERVER_ERROR",
                "message": "Internal Server Error",
                "errors": []
            }});
            return Err(Box::new(super::json(500, &body)));
        };
        let authorization = ask.header("x-stremthru-store-authorization");
        let authorization = authorization.or_else(|| ask.header("authorization"));
        // The scheme's name does not matter; the token is what follows it.
        let token = authorization.and_then(|value| value.split_once(' '));
        let token = token.map_or("", |(_, token)| token.trim());
        if token.is_empty() {
            let challenge = format!("Bearer realm=\"store:{store}\"");
            let refusal = error(ask, 401, "Unauthorized", None);
            return Err(Box::new(with(refusal, "www-authenticate", &challenge)));
        }
        if token != self.token {
            return Err(Box::new(refused(ask, store, Refusal::BadToken)));
        }
        Ok(store)
    }

    fn check(&self, ask: &Ask) -> Reply {
        let given = ask.query.iter().filter(|(key, _)| key == "magnet");
        let magnets: Vec<&str> = given
            .flat_map(|(_, value)| value.split(','))
            .filter(|magnet| !magnet.is_empty())
            .collect();
        if magnets.is_empty() {
            return error(ask, 400, "missing magnet", None);
        }
        if magnets.len() > MOST_MAGNETS {
            return error(ask, 400, "too many magnets, max allowed 500", None);
        }
        let hashes = magnets.iter().filter_map(|magnet| hash_of(magnet));
        let items: Vec<Value> =
            hashes.map(|hash| Account::checked(&self.household, &hash)).collect();
        super::json(200, &json!({"data": {"items": items}}))
    }
}

fn user() -> Value {
    json!({
        "id": "9900100",
        "email": "demo@example.org",
        "subscription_status": "premium",
        "has_usenet": false
    })
}

/// A magnet, or a bare hash of either alphabet.
fn hash_of(magnet: &str) -> Option<InfoHash> {
    let bare = magnet.parse::<InfoHash>().ok();
    bare.or_else(|| magnet.parse::<Magnet>().ok().map(|magnet| magnet.info_hash))
}

fn text_of(ask: &Ask, key: &str) -> Result<String, Box<Reply>> {
    if !is_json(ask) {
        return Err(Box::new(error(ask, 415, "unsupported media type", None)));
    }
    let body = serde_json::from_slice::<Value>(&ask.body);
    let Ok(body) = body else {
        return Err(Box::new(error(ask, 400, "failed to decode body", None)));
    };
    Ok(body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn magnet_of(ask: &Ask) -> Result<Magnet, Box<Reply>> {
    let text = text_of(ask, "magnet")?;
    if text.is_empty() {
        return Err(Box::new(error(ask, 400, "missing magnet link", None)));
    }
    let magnet = text.parse::<Magnet>().ok();
    let magnet = magnet.or_else(|| text.parse().ok().map(Magnet::new));
    magnet.ok_or_else(|| Box::new(error(ask, 400, "invalid magnet", None)))
}

/// A row of `/v0/torrents`. One release comes with an upper-case hash and one without a size, as
/// rows of the crowd's database do.
fn torrent(release: &Release) -> Value {
    let recipe = &release.recipe;
    let work = release.work();
    let bare = !recipe.seeded || recipe.resolution.is_none();
    let hash = release.info_hash.to_string();
    let files: Vec<Value> = release
        .files()
        .filter(|(_, file)| !bare && file.is_video())
        .map(|(index, file)| listed_file(work.imdb, index, file))
        .collect();
    json!({
        "hash": if bare { hash.to_uppercase() } else { hash },
        "name": recipe.name,
        "size": if recipe.resolution.is_none() { -1 } else { i64::try_from(release.size()).unwrap_or(-1) },
        "indexer": recipe.indexer,
        "src": if bare { "tio" } else { "rd" },
        "category": if work.parts.is_empty() { "movie" } else { "series" },
        "seeders": recipe.seeders,
        "leechers": recipe.seeders / 9,
        "private": false,
        "files": files
    })
}

fn listed_file(imdb: &str, index: usize, file: &crate::demo::household::Entry) -> Value {
    let mut row = json!({
        "p": format!("/{}", file.path),
        "i": index,
        "s": file.size(),
        "n": file.base_name(),
        "src": "rd"
    });
    match file.role {
        Role::Episode(number) => row["sid"] = json!(format!("{imdb}:1:{number}")),
        Role::Film => row["sid"] = json!(imdb),
        Role::Beside => {}
    }
    row
}

/// What the debrid service itself refuses.
fn refused(ask: &Ask, store: Store, refusal: Refusal) -> Reply {
    let (status, message, cause) = match refusal {
        Refusal::BadToken => (401, "bad_token", 8),
        Refusal::Infringing => (451, "infringing_file", 35),
        Refusal::NoSuchThing => (404, "unknown_ressource", 7),
    };
    error(ask, status, message, Some((store, cause)))
}

/// The error object of the older routes.
fn error(ask: &Ask, status: u16, message: &str, cause: Option<(Store, u32)>) -> Reply {
    let code = match status {
        400 => "BAD_REQUEST",
        401 => "UNAUTHORIZED",
        404 => "NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        415 => "UNSUPPORTED_MEDIA_TYPE",
        451 => "UNAVAILABLE_FOR_LEGAL_REASONS",
        _ => "INTERNAL_SERVER_ERROR",
    };
    let mut object = json!({
        "request_id": "d3v8k2s8l5rc73c9q8a0",
        "type": if cause.is_some() { "upstream_error" } else { "api_error" },
        "code": code,
        "message": message,
        "method": ask.method,
        "path": ask.path,
        "status_code": status
    });
    if let Some((store, number)) = cause {
        object["store_name"] = json!(store.as_str());
        object["__upstream_cause__"] = json!({"error": message, "error_code": number});
    }
    super::json(status, &json!({"error": object}))
}
