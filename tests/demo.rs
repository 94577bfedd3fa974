//! The demonstration: its stand-ins answer as the services do (field by field beside recorded
//! answers, refusal by refusal), and its films are what they claim to be.

mod films;
mod others;
mod started;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use credenza::demo::household::{AtStore, Household, Release};
use credenza::demo::stand_in::cdn::{Cdn, Terms};
use credenza::demo::stand_in::stremthru::StremThru;
use credenza::http::plain::{Ask, Content, Reply};
use serde_json::{Value, json};

const TOKEN: &str = "a token of twenty-four c";
const CDN: &str = "http://127.0.0.1:9";

/// A request as a client sends it.
fn ask(method: &str, url: &str) -> Ask {
    let (path, raw_query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = url::form_urlencoded::parse(raw_query.as_bytes());
    Ask {
        method: method.to_owned(),
        path: path.to_owned(),
        raw_query: raw_query.to_owned(),
        query: pairs.into_owned().collect(),
        ..Ask::default()
    }
}

fn with(mut ask: Ask, name: &str, value: &str) -> Ask {
    ask.headers.push((name.to_owned(), value.to_owned()));
    ask
}

/// The same, with the right headers for the store.
fn authorized(ask: Ask) -> Ask {
    let named = with(ask, "x-stremthru-store-name", "realdebrid");
    with(named, "x-stremthru-store-authorization", &format!("Bearer {TOKEN}"))
}

fn posted(url: &str, body: &Value) -> Ask {
    let mut ask = with(authorized(ask("POST", url)), "content-type", "application/json");
    ask.body = body.to_string().into();
    ask
}

fn bytes(reply: &Reply) -> &[u8] {
    match &reply.body {
        Content::Bytes(bytes) => bytes,
        Content::Media(_) => panic!("a stand-in answers with bytes"),
    }
}

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(bytes(reply)).expect("the reply is JSON")
}

fn recorded(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo-fidelity").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).expect("the recording is JSON")
}

/// Every path in a value with the kinds of value found there: `streams[].fileIdx` → number.
fn shape(value: &Value, at: &str, into: &mut BTreeMap<String, Vec<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            for item in items {
                shape(item, &format!("{at}[]"), into);
            }
            "array"
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                shape(value, &format!("{at}.{key}"), into);
            }
            "object"
        }
    };
    let kinds = into.entry(at.to_owned()).or_default();
    if !kinds.contains(&kind) {
        kinds.push(kind);
    }
}

fn shapes(values: &[Value]) -> BTreeMap<String, Vec<&'static str>> {
    let mut found = BTreeMap::new();
    for value in values {
        shape(value, "", &mut found);
    }
    found
}

/// Our answers have the recording's fields and no other, each with a kind that it has there.
/// `free` are fields that one side may lack or fill otherwise.
fn same_fields(what: &str, ours: &[Value], theirs: &[Value], free: &[&str]) {
    let (ours, theirs) = (shapes(ours), shapes(theirs));
    let freed = |path: &str| free.iter().any(|free| path.contains(free));
    for (path, kinds) in &ours {
        let known = theirs.get(path);
        assert!(known.is_some() || freed(path), "{what}: {path} is not in the recording");
        let known = known.cloned().unwrap_or_default();
        let fits = kinds.iter().all(|kind| known.contains(kind));
        assert!(fits || freed(path), "{what}: {path} is {kinds:?}, the recording has {known:?}");
    }
    for path in theirs.keys() {
        assert!(ours.contains_key(path) || freed(path), "{what}: {path} is missing");
    }
}

struct Street {
    household: Arc<Household>,
    cdn: Arc<Cdn>,
    stremthru: StremThru,
}

impl Street {
    fn new() -> Self {
        let household = Arc::new(Household::build(&[]));
        let cdn = Arc::new(Cdn::new(CDN, Terms::default()));
        let stremthru = StremThru::new(household.clone(), cdn.clone(), TOKEN, 2);
        Self { household, cdn, stremthru }
    }

    fn which(&self, at_store: AtStore) -> &Release {
        let mut releases = self.household.releases.iter();
        releases.find(|release| release.recipe.at_store == at_store).expect("one of each")
    }

    fn get(&self, url: &str) -> Reply {
        self.stremthru.answer(&authorized(ask("GET", url)))
    }

    fn add(&self, release: &Release) -> Reply {
        let magnet = format!("magnet:?xt=urn:btih:{}", release.info_hash);
        self.stremthru.answer(&posted("/v0/store/magnets", &json!({"magnet": magnet})))
    }
}

#[test]
fn stremthru_lists_torrents_with_the_fields_of_the_crowds_database() {
    let street = Street::new();
    let ours: Vec<Value> = ["tt9900101", "tt9900102:1:2"]
        .map(|sid| body(&street.get(&format!("/v0/torrents?sid={sid}"))))
        .to_vec();
    same_fields("torrents", &ours, &[recorded("stremthru/torrents_series.json")], &["vhash"]);
    let items = ours[0]["data"]["items"].as_array().unwrap();
    let text = |item: &Value| item["hash"].as_str().unwrap().to_owned();
    assert!(items.iter().any(|item| text(item) != text(item).to_lowercase()), "one in upper case");
    assert!(items.iter().any(|item| item["size"] == -1), "one of unknown size");
    assert_eq!(ours[0]["data"]["total_items"], items.len());
}

#[test]
fn the_store_answers_with_the_fields_of_stremthru() {
    let street = Street::new();
    let pack = street.which(AtStore::Converting).info_hash;
    let never = street.which(AtStore::Queued).info_hash;
    let check = street.get(&format!("/v0/store/magnets/check?magnet={pack},{never}"));
    let added = street.add(street.which(AtStore::Cached));
    let id = body(&added)["data"]["id"].as_str().unwrap().to_owned();
    let link = body(&added)["data"]["files"][0]["link"].clone();
    let generated = posted("/v0/store/link/generate", &json!({"link": link}));
    let refused = street.add(street.which(AtStore::Refused));
    for (name, status, reply, free) in [
        ("user_premium", 200, street.get("/v0/store/user"), vec![]),
        ("magnets_check", 200, check, vec![]),
        ("magnets_add_201_downloaded", 201, added, vec![]),
        ("magnets_get", 200, street.get(&format!("/v0/store/magnets/{id}")), vec![]),
        ("magnets_list", 200, street.get("/v0/store/magnets"), vec![]),
        ("link_generate", 200, street.stremthru.answer(&generated), vec![]),
        ("magnets_add_error_451", 451, refused, vec![]),
        (
            "magnets_delete",
            200,
            street.stremthru.answer(&authorized(ask("DELETE", &format!("/v0/store/magnets/{id}")))),
            vec![],
        ),
    ] {
        assert_eq!(reply.status, status, "{name}");
        let recording = recorded(&format!("stremthru/{name}.json"));
        same_fields(name, &[body(&reply)], &[recording], &free);
    }
}

#[test]
fn a_torrent_on_its_way_arrives_after_some_polls() {
    let street = Street::new();
    for (at_store, first) in [
        (AtStore::Converting, "invalid"),
        (AtStore::Downloading, "downloading"),
        (AtStore::Cached, "downloaded"),
    ] {
        let added = street.add(street.which(at_store));
        assert_eq!(added.status, 201);
        let added = body(&added);
        assert_eq!(added["data"]["status"], first);
        let id = added["data"]["id"].as_str().unwrap();
        let mut last = added.clone();
        for _ in 0..2 {
            last = body(&street.get(&format!("/v0/store/magnets/{id}")));
        }
        assert_eq!(last["data"]["status"], "downloaded", "{at_store:?}");
        assert!(!last["data"]["files"].as_array().unwrap().is_empty());
    }
    let queued = street.add(street.which(AtStore::Queued));
    assert_eq!(body(&queued)["data"]["status"], "queued");
    assert_eq!(body(&queued)["data"]["files"], json!([]));
}

#[test]
fn stremthru_refuses_in_its_own_words() {
    let street = Street::new();
    let named = |ask| with(ask, "x-stremthru-store-name", "realdebrid");
    let bearer =
        |ask, token: &str| with(ask, "x-stremthru-store-authorization", &format!("Bearer {token}"));
    let user = || ask("GET", "/v0/store/user");
    let many = vec!["0".repeat(40); 501].join(",");
    let untyped =
        Ask { headers: authorized(ask("GET", "/")).headers, ..ask("POST", "/v0/store/magnets") };
    for (asked, status, message) in [
        (user(), 400, "missing store"),
        (named(user()), 401, "Unauthorized"),
        (bearer(named(user()), "another"), 401, "bad_token"),
        (
            bearer(with(user(), "x-stremthru-store-name", "1fichier"), TOKEN),
            500,
            "Internal Server Error",
        ),
        (authorized(ask("POST", "/v0/store/magnets/check")), 401, "Unauthorized"),
        (authorized(ask("GET", "/v0/store/magnets/check")), 400, "missing magnet"),
        (
            authorized(ask("GET", &format!("/v0/store/magnets/check?magnet={many}"))),
            400,
            "too many magnets, max allowed 500",
        ),
        (authorized(ask("GET", "/v0/store/magnets/KPZ0NOBODYS")), 404, "unknown_ressource"),
        (untyped, 415, "unsupported media type"),
        (posted("/v0/store/magnets", &json!({})), 400, "missing magnet link"),
        (
            posted("/v0/store/link/generate", &json!({"link": "stremthru://store/x"})),
            404,
            "unknown_ressource",
        ),
        (authorized(ask("PUT", "/v0/store/magnets")), 405, "method not allowed"),
        (ask("GET", "/v0/torrents"), 400, "missing sid"),
        (ask("GET", "/v0/torrents?sid=kitsu:1:1"), 400, "unsupported sid"),
        (ask("POST", "/v0/torrents"), 401, "Unauthorized"),
    ] {
        let what = format!("{} {}", asked.method, asked.path);
        let reply = street.stremthru.answer(&asked);
        assert_eq!(
            (reply.status, &body(&reply)["error"]["message"]),
            (status, &json!(message)),
            "{what}"
        );
        let code = body(&reply)["error"]["code"].as_str().unwrap().to_owned();
        assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{code}");
    }
    for path in ["/", "/v0/stores", "/v0/store/magnets/a/b", "/v1/torrents"] {
        let reply = street.stremthru.answer(&authorized(ask("GET", path)));
        assert_eq!(
            (reply.status, bytes(&reply)),
            (404, b"404 page not found\n".as_ref()),
            "{path}"
        );
    }
}

#[test]
fn a_missing_or_wrong_store_is_refused_with_the_recorded_fields() {
    let street = Street::new();
    let missing = street.stremthru.answer(&ask("GET", "/v0/store/magnets/check"));
    let sid = street.stremthru.answer(&ask("GET", "/v0/torrents?sid=mal:1:1"));
    let post = street.stremthru.answer(&authorized(ask("POST", "/v0/store/magnets/check")));
    let unknown = with(ask("GET", "/v0/store/user"), "x-stremthru-store-name", "1fichier");
    let unknown = street.stremthru.answer(&unknown);
    for (name, reply) in [
        ("error_400_missing_store", missing),
        ("torrents_error_unsupported_sid", sid),
        ("magnets_check_post_without_peer_token_401", post),
        ("error_500_invalid_store_name_1fichier", unknown),
    ] {
        let theirs = recorded(&format!("stremthru/{name}.json"));
        same_fields(name, &[body(&reply)], std::slice::from_ref(&theirs), &[]);
        assert_eq!(body(&reply)["error"]["code"], theirs["error"]["code"], "{name}");
    }
}

#[test]
fn links_serve_ranges_and_expire() {
    let street = Street::new();
    let cached = street.which(AtStore::Cached);
    let (_, file) = cached.files().next().unwrap();
    let link = street.cdn.link(file);
    let path = link.strip_prefix(CDN).unwrap().to_owned();
    assert!(!path.contains(&cached.info_hash.to_string()), "a link says nothing");
    let size = file.bytes.len();
    let ranged = |range: &str| street.cdn.answer(&with(ask("GET", &path), "range", range));
    let found = |reply: &Reply| {
        let named = |name| reply.headers.iter().find(|(known, _)| known == name);
        (reply.status, named("content-range").map(|(_, value)| value.clone()), bytes(reply).len())
    };
    for (range, expected) in [
        ("bytes=0-0", (206, Some(format!("bytes 0-0/{size}")), 1)),
        ("bytes=-100", (206, Some(format!("bytes {}-{}/{size}", size - 100, size - 1)), 100)),
        ("bytes=1000-", (206, Some(format!("bytes 1000-{}/{size}", size - 1)), size - 1000)),
        ("bytes=x", (200, None, size)),
    ] {
        assert_eq!(found(&ranged(range)), expected, "{range}");
    }
    assert_eq!(ranged(&format!("bytes={size}-")).status, 416);
    assert_eq!(bytes(&ranged("bytes=64-127")), &file.bytes[64..128]);

    street.cdn.set_terms(Terms { answers_per_link: Some(7), longest_body: Some(10) });
    assert_eq!(bytes(&ranged("bytes=1000-")).len(), 10);
    assert_eq!(ranged("bytes=1000-").status, 404, "its answers are spent");
    let path = street.cdn.link(file).strip_prefix(CDN).unwrap().to_owned();
    assert_eq!(street.cdn.answer(&ask("HEAD", &path)).status, 200);
    street.cdn.expire_links();
    assert_eq!(street.cdn.answer(&ask("GET", &path)).status, 404);
    assert_eq!(street.cdn.answer(&ask("GET", "/")).status, 404);
}
