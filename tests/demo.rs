//! The demonstration: its stand-ins answer as the services do (field by field beside recorded
//! answers, refusal by refusal), and its films are what they claim to be.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use credenza::demo;
use credenza::demo::household::{AtStore, Household, Release};
use credenza::demo::reel;
use credenza::demo::stand_in::cdn::{Cdn, Terms};
use credenza::demo::stand_in::cinemeta::Cinemeta;
use credenza::demo::stand_in::kitsu::Kitsu;
use credenza::demo::stand_in::stremthru::StremThru;
use credenza::demo::stand_in::torrentio::Torrentio;
use credenza::demo::stand_in::tracker::Tracker;
use credenza::demo::stand_in::zilean::Zilean;
use credenza::fetch::{AddressPolicy, Client, Request, Roots};
use credenza::http::plain::{Ask, Content, Reply};
use credenza::representation::Representation as _;
use credenza::swarm;
use credenza::torrent::Magnet;
use credenza::torrent::metainfo::Metainfo;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

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

#[test]
fn torrentio_answers_with_the_fields_of_torrentio() {
    let household = Arc::new(Household::build(&[]));
    let torrentio = Torrentio::new(household, vec!["http://127.0.0.1:1/announce".to_owned()]);
    let get = |path: &str| torrentio.answer(&ask("GET", path));
    let ours: Vec<Value> = [
        "/stream/movie/tt9900101.json",
        "/sort=seeders%7Climit=9/stream/series/tt9900102%3A1%3A2.json",
        "/stream/series/kitsu:99001:2.json",
    ]
    .map(|path| body(&get(path)))
    .to_vec();
    let theirs = recorded("torrentio/stream_series_unconfigured.json");
    same_fields("torrentio", &ours, &[theirs], &[]);
    assert!(ours.iter().all(|answer| !answer["streams"].as_array().unwrap().is_empty()));
    let all = ours[0].to_string();
    assert!(all.contains('\u{1F464}') && all.contains(" kB"), "{all}");

    let unsupported = recorded("torrentio/stream_unsupported_id_anidb.json");
    for id in ["anidb:69:1", "mal:21:1", "tt0000001", "nonsense"] {
        let reply = get(&format!("/stream/series/{id}.json"));
        assert_eq!((reply.status, body(&reply)), (200, unsupported.clone()), "{id}");
    }
    for path in
        ["/", "/stream/movie/tt9900101", "/stream/tv/tt9900101.json", "/meta/movie/tt1.json"]
    {
        assert_eq!(get(path).status, 404, "{path}");
    }
}

#[test]
fn zilean_answers_with_the_fields_of_zilean() {
    let zilean = Zilean::new(Arc::new(Household::build(&[])));
    let get = |path: &str| zilean.answer(&ask("GET", path));
    let names = |path: &str| -> Vec<String> {
        let found = body(&get(path));
        let names = found.as_array().unwrap().iter().map(|record| record["raw_title"].to_string());
        names.collect()
    };
    let ours = ["/dmm/filtered?ImdbId=tt9900102", "/dmm/filtered?ImdbId=tt9900101"]
        .map(|path| body(&get(path)));
    let free = ["imdb", "hdr[]", "audio[]", "channels[]", "languages", "seasons[]", "episodes[]"];
    same_fields("zilean", &ours, &[recorded("zilean/dmm_filtered.json")], &free);
    let titles = body(&zilean.answer(&ask("POST", "/imdb/search?Query=harbour%20watch")));
    same_fields("titles", &[titles], &[recorded("zilean/imdb_search.json")], &[]);

    assert_eq!(
        names("/dmm/filtered?imdbid=9900102&season=1&episode=2").len(),
        2,
        "pack and single"
    );
    assert_eq!(names("/dmm/filtered?Query=Paper%20Kites").len(), 2);
    for nothing in
        ["", "?ImdbId=tt9900103&Season=1", "?ImdbId=tt9900102&Episode=2", "?Query=Nothing"]
    {
        assert!(names(&format!("/dmm/filtered{nothing}")).is_empty(), "{nothing}");
    }
    for (method, path, status) in [
        ("GET", "/healthchecks/ping", 200),
        ("POST", "/dmm/search", 415),
        ("POST", "/dmm/filtered", 405),
        ("GET", "/torrents/all", 401),
        ("GET", "/nothing", 404),
    ] {
        assert_eq!(zilean.answer(&ask(method, path)).status, status, "{method} {path}");
    }
}

#[test]
fn cinemeta_answers_with_the_fields_of_cinemeta() {
    let cinemeta = Cinemeta::new("http://127.0.0.1:1");
    let get = |path: &str| cinemeta.answer(&ask("GET", path));
    for (path, recording, free) in [
        (
            "/meta/movie/tt9900101.json",
            "cinemeta/meta_movie_shape.json",
            &["cast[]", "trailers[]", "trailerStreams[]", "links[]"][..],
        ),
        (
            "/meta/series/tt9900102.json",
            "cinemeta/meta_series_shape.json",
            &["cast[]", "trailers[]", "writer[]", "hasScheduledVideos"],
        ),
        ("/catalog/movie/top/search=lamp%20tide.json", "cinemeta/catalog_search.json", &[]),
    ] {
        let reply = get(path);
        assert_eq!(reply.status, 200, "{path}");
        same_fields(path, &[body(&reply)], &[recorded(recording)], free);
    }
    let film = body(&get("/meta/movie/tt9900101.json"));
    assert!(film["meta"]["description"].as_str().unwrap().starts_with("A demonstration"));
    for path in ["/meta/movie/tt0111161.json", "/meta/movie/tt9900102.json"] {
        assert_eq!(body(&get(path)), json!({"meta": {}}), "{path}");
    }
    for path in ["/", "/meta/movie/tt9900101", "/meta/channel/x.json", "/poster/small/tt1/img"] {
        assert_eq!(get(path).status, 404, "{path}");
    }
    let poster = get("/poster/small/tt9900101/img");
    assert_eq!(&bytes(&poster)[..3], b"\xff\xd8\xff", "a JPEG");
}

#[test]
fn kitsu_maps_an_episode_to_imdbs_count_and_throws_at_what_it_does_not_know() {
    let kitsu = Kitsu::new("http://127.0.0.1:1");
    let get = |path: &str| kitsu.answer(&ask("GET", path));
    let meta = body(&get("/meta/anime/kitsu%3A99001.json"));
    let second = &meta["meta"]["videos"][1];
    assert_eq!(meta["meta"]["name"], "Paper Kites");
    assert_eq!(
        (&second["id"], &second["imdb_id"], &second["imdbSeason"], &second["imdbEpisode"]),
        (&json!("kitsu:99001:2"), &json!("tt9900103"), &json!(1), &json!(2))
    );
    for path in ["/meta/anime/kitsu:1.json", "/meta/anime/nonsense.json"] {
        let reply = get(path);
        assert_eq!((reply.status, body(&reply)), (500, json!({"err": "handler error"})), "{path}");
    }
    assert_eq!(get("/nothing").status, 404);
}

#[test]
fn the_tracker_names_the_seeder_of_what_is_seeded() {
    let household = Arc::new(Household::build(&[]));
    let seeder: SocketAddrV4 = "127.0.0.1:51413".parse().unwrap();
    let tracker = Tracker::new(household.clone(), seeder);
    let announce = |hash: &[u8], rest: &str| {
        let hash = percent_encoding::percent_encode(hash, percent_encoding::NON_ALPHANUMERIC);
        let url = format!("/announce?info_hash={hash}&{rest}");
        bytes(&tracker.answer(&ask("GET", &url))).to_vec()
    };
    let rest = "peer_id=-XX0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=1&compact=1";
    for release in &household.releases {
        let body = announce(release.info_hash.as_bytes(), rest);
        let peer = [&b"5:peers6:"[..], &[127, 0, 0, 1, 0xc8, 0xd5], b"e"].concat();
        let has = body.windows(peer.len()).any(|part| part == peer);
        assert_eq!(has, release.recipe.seeded, "{}", release.recipe.name);
    }
    for (hash, rest, reason) in [
        (&[7_u8; 20][..], rest, "torrent not registered"),
        (&[7; 19], rest, "invalid info_hash"),
        (&[7; 20], "port=1", "invalid peer_id"),
    ] {
        let expected = format!("d14:failure reason{}:{reason}e", reason.len());
        assert_eq!(announce(hash, rest), expected.as_bytes());
    }
    assert_eq!(tracker.answer(&ask("GET", "/")).status, 404);
}

/// Everything over real sockets: what the configuration names answers, a link of the store serves
/// bytes, and the swarm gets the same film from the seeder through the tracker.
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_starts_and_its_configuration_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = TaskTracker::new();
    let demo = demo::start(tasks.clone(), folder.path()).await.unwrap();
    let configuration: toml::Table = demo.configuration().parse().unwrap();
    let policy = AddressPolicy { allow_private: demo.addresses() };
    let client = Client::new(policy.clone(), Roots::Bundled).unwrap();
    let at = |table: &str, key: &str, path: &str| {
        let table =
            table.split('.').fold(&configuration, |table, key| table[key].as_table().unwrap());
        Request::get(format!("{}{path}", table[key].as_str().unwrap()).parse().unwrap())
    };
    for (table, key, path) in [
        ("stremthru", "url", "/v0/torrents?sid=tt9900101"),
        ("index.stremthru", "url", "/v0/torrents?sid=tt9900102:1:1"),
        ("index.torrentio", "url", "/stream/movie/tt9900101.json"),
        ("index.zilean", "url", "/dmm/filtered?ImdbId=tt9900101"),
        ("title", "cinemeta_url", "/meta/movie/tt9900101.json"),
        ("title", "kitsu_url", "/meta/anime/kitsu:99001.json"),
    ] {
        let answer: Value = client.get_json(at(table, key, path)).await.unwrap();
        assert!(answer.to_string().contains("Demo") || path.contains("meta"), "{path}: {answer}");
    }
    let token_file = configuration["debrid"]["token_file"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(token_file).unwrap(), demo::TOKEN);

    let mut releases = demo.household().releases.iter();
    let release = releases.find(|release| release.recipe.at_store == AtStore::Cached).unwrap();
    let (index, file) = release.files().next().unwrap();
    let answer = client.send(Request::get(demo.cdn().link(file).parse().unwrap())).await.unwrap();
    assert!(answer.body == file.bytes, "the link serves the film");

    let trackers = Metainfo::read(&release.metainfo).unwrap().trackers;
    let magnet = Magnet { trackers, ..Magnet::new(release.info_hash) };
    let options = swarm::Options { policy, ..swarm::Options::new(folder.path().join("library")) };
    let swarm = swarm::Swarm::new(options, tasks.clone());
    swarm.allow(true);
    let opened = swarm.open(&magnet, u32::try_from(index).unwrap()).await.unwrap();
    let parts: Vec<_> = opened.read(0..file.size()).try_collect().await.unwrap();
    assert!(parts.concat() == file.bytes, "the swarm brings the film");
    swarm.stop().await;
    demo.stop().await;
    drop(demo);
    tasks.close();
    tokio::time::timeout(Duration::from_secs(10), tasks.wait()).await.expect("everything ends");
}

#[test]
fn its_hints_name_every_title_and_say_that_it_is_a_demonstration() {
    let hints = demo::hints().join("\n");
    for part in ["demonstration", "tt9900101", "tt9900102:1:1", "kitsu:99001:1"] {
        assert!(hints.contains(part), "{part} in {hints}");
    }
}

/// The names of an MP4's boxes on the highest level (ISO/IEC 14496-12, 4.2), in order.
fn boxes(mut bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while bytes.len() >= 8 {
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        names.push(String::from_utf8_lossy(&bytes[4..8]).into_owned());
        assert!(length >= 8 && length <= bytes.len(), "box {names:?} of {length} bytes");
        bytes = &bytes[length..];
    }
    names
}

#[test]
fn the_films_are_small_and_the_mp4_has_its_index_at_the_end() {
    let all: usize = [reel::FILM_MP4, reel::FILM_MKV, reel::FILM_SRT, reel::EXTRA_MKV]
        .into_iter()
        .chain(reel::EPISODES_MKV)
        .chain(reel::EPISODES_SRT)
        .chain(reel::POSTERS.map(|(_, bytes)| bytes))
        .map(<[u8]>::len)
        .sum();
    assert!(all <= 3_000_000, "{all} bytes of films");
    assert!(reel::FILM_MP4.len() <= 900_000);
    assert!(reel::EPISODES_MKV.iter().all(|episode| episode.len() <= 400_000));
    let boxes = boxes(reel::FILM_MP4);
    assert_eq!(boxes.last().map(String::as_str), Some("moov"), "{boxes:?}");
    for film in [reel::FILM_MKV, reel::EXTRA_MKV].into_iter().chain(reel::EPISODES_MKV) {
        assert_eq!(&film[..4], b"\x1a\x45\xdf\xa3", "EBML");
    }
    let cues = b"\x1c\x53\xbb\x6b";
    let place = reel::FILM_MKV.windows(4).rposition(|part| part == cues);
    assert!(place.is_some_and(|at| at > reel::FILM_MKV.len() * 9 / 10), "Cues at {place:?}");
}

#[test]
fn ffprobe_reads_the_films_at_their_full_length() {
    if !crate::support::has("ffprobe") {
        return crate::support::skip("needs ffprobe");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/media");
    for (name, least) in [
        ("film.mp4", 60.0),
        ("film.mkv", 60.0),
        ("episode1.mkv", 45.0),
        ("episode2.mkv", 45.0),
        ("episode3.mkv", 45.0),
    ] {
        let probe = Command::new("ffprobe")
            .args(["-v", "error", "-of", "csv=p=0"])
            .args(["-show_entries", "format=duration:stream=codec_name,width,height"])
            .arg(folder.join(name))
            .output()
            .unwrap();
        let text = String::from_utf8(probe.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["h264,640,360", "aac"], "{name}");
        assert!(lines[2].parse::<f64>().unwrap() >= least, "{name}: {text}");
    }
}
