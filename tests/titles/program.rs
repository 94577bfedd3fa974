//! Titles through the real program.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::aged::age;
use crate::support::server::{Server, credenza, run};
use crate::support::until;
use crate::support::upstream::{Reply, Upstream};

fn api(server: &Server, path: &str) -> Value {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

#[test]
fn the_program_tells_of_titles_lists_and_shows_them() {
    let server = Server::demo();
    let series = api(&server, "/api/title/tt9900102");
    assert_eq!((&series["name"], &series["kind"]), (&json!("Harbour Watch"), &json!("series")));
    assert_eq!((&series["year"], &series["tmdb"]), (&json!(2023), &json!(9_900_102)));
    let episode = &series["seasons"][0]["episodes"][1];
    assert_eq!(
        (&episode["id"], &episode["name"]),
        (&json!("tt9900102:1:2"), &json!("Small Hours"))
    );
    assert_eq!((&episode["air_date"], &series["age_s"]), (&json!("2023-09-11"), &Value::Null));
    assert_eq!(series["poster"], "/image/poster/tt9900102");
    for (id, kind) in [
        ("tt9900101", "movie"),
        ("tmdb:movie:9900101", "movie"),
        ("tmdb:tv:9900102", "series"),
        ("kitsu:99001", "anime"),
        ("anidb:99201:1", "anime"),
    ] {
        assert_eq!(api(&server, &format!("/api/title/{id}"))["kind"], kind, "{id}");
    }
    for (path, status) in [
        ("/api/title/tt0000001", 404),
        ("/api/title/nonsense", 400),
        ("/api/catalogue/books", 404),
        ("/api/catalogue/movie?skip=x", 400),
        ("/image/poster/tt0000001", 404),
        ("/image/poster/http:%2F%2F127.0.0.1%2F", 400),
        ("/image/secret/tt9900101", 404),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{path}");
    }
    let found = api(&server, "/api/search?q=paper");
    let ids: Vec<_> = found["titles"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert!(ids.contains(&&json!("tt9900103")), "{ids:?}");
    for kind in ["movie", "series", "anime"] {
        let list = api(&server, &format!("/api/catalogue/{kind}"));
        assert!(!list["titles"].as_array().unwrap().is_empty(), "{list}");
        assert_eq!((&list["age_s"], &list["skip"]), (&Value::Null, &json!(0)));
    }
    assert_eq!(api(&server, "/api/catalogue/movie?genre=Western")["titles"], json!([]));

    // Pictures come through the box.
    for id in ["tt9900101", "kitsu:99001"] {
        let picture = server.get(&format!("/image/poster/{id}"));
        assert_eq!(
            (picture.status, picture.header("content-type")),
            (200, Some("image/jpeg")),
            "{id}"
        );
        assert!(picture.body.starts_with(b"\xFF\xD8"));
        assert!(picture.header("cache-control").unwrap().contains("max-age"));
        assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    }
    // The pages, without script.
    let home = server.get("/").text();
    for text in
        ["Popular films", "Popular series", "Popular anime", "src=\"/image/poster/tt9900101\""]
    {
        assert!(home.contains(text), "{text} is not in {home}");
    }
    let page = server.get("/series/tt9900102").text();
    for text in ["Harbour Watch", "2023", "three short watches", "Season 1", "/watch/tt9900102:1:3"]
    {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    let page = server.get("/series/kitsu:99001").text();
    assert!(page.contains("/watch/kitsu:99001:2") && page.contains("Episodes"), "{page}");
    let page = server.get("/watch/tt9900101").text();
    assert!(page.contains("a lighthouse lamp") && page.contains("/image/poster/"), "{page}");
    let page = server.get("/catalogue/movie?genre=Animation").text();
    assert!(page.contains("The Lamp and the Tide") && page.contains("<strong>Animation</strong>"));
    for path in ["/", "/series/tt9900102", "/catalogue/anime"] {
        let page = server.get(path).text();
        assert!(!page.contains("onclick") && !page.contains("src=\"http"), "{path}: {page}");
    }
}

#[test]
fn every_kind_of_id_finds_the_same_episode() {
    let server = Server::demo();
    // The map comes a moment after the start.
    until("the fetched map", Duration::from_secs(20), || {
        server.log().contains("the map of anime ids was refreshed").then_some(())
    });
    for id in
        ["kitsu:99001:2", "anidb:99201:2", "mal:99301:2", "tmdb:tv:9900103:1:2", "tt9900103:1:2"]
    {
        let done = run(credenza(&server.data).args(["find", id, "--json"]));
        let found: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(found["title"]["name"], "Paper Kites", "{id}: {found}");
        assert_eq!(found["title"]["imdb"], "tt9900103", "{id}");
        assert!(!found["candidates"].as_array().unwrap().is_empty(), "{id}: {found}");
        for line in found["indexes"].as_array().unwrap() {
            assert_ne!(line["state"], "unsupported_id", "{id}: {line}");
        }
        let played = server.play(id);
        let file = played["file"]["name"].as_str().unwrap().to_owned();
        assert!(file.contains("02"), "{id}: {file}");
    }
}

#[test]
fn a_key_is_checked_kept_and_never_shown() {
    let server = Server::demo();
    let key = "de300de300de300de300de300de300de";
    let put = |key: Value| {
        server.owner("PUT", "/api/settings").json(&json!({"title": {"tmdb_key": key}})).send()
    };
    let shown =
        |server: &Server| server.owner("GET", "/api/settings").send().json()["title"].clone();
    assert_eq!(shown(&server), json!({"tmdb_key": {"set": false, "ends": ""}}));
    let wrong = put(json!("00000000000000000000000000000000"));
    assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (400, &json!("tmdb_key")));
    assert_eq!(put(json!(key)).status, 200);
    assert_eq!(shown(&server), json!({"tmdb_key": {"set": true, "ends": "de"}}));
    let untouched = server.owner("PUT", "/api/settings").json(&json!({"title": {}})).send();
    assert_eq!(untouched.json()["title"]["tmdb_key"]["set"], true);
    let film = api(&server, "/api/title/tt9900101");
    assert_eq!((&film["cast"], &film["rating"]), (&json!(["A. Sine"]), &json!(7.5)));
    assert!(!server.log().contains(key), "the key is in the log");
    assert_eq!(put(Value::Null).status, 200);
    assert_eq!(shown(&server)["tmdb_key"]["set"], false);

    // By the page, with the token of the new form.
    let cookie = server.claim("long-enough");
    let token = "eyJhbGciOiJub25lIn0.ZGVtb25zdHJhdGlvbg.c2lnbmVk";
    let form =
        |path: &str, form: &str| server.ask("POST", path).with("Cookie", &cookie).form(form).send();
    let kept = form("/setup/tmdb", &format!("key={token}"));
    assert_eq!(kept.header("location"), Some("/setup?said=tmdb"), "{}", kept.text());
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("it ends in Vk") && !page.contains(token), "{page}");
    let refused = form("/setup/tmdb", "key=nonsense").text();
    assert!(refused.contains("32 hex digits"), "{refused}");
    assert_eq!(form("/setup/tmdb/remove", "").header("location"), Some("/setup?said=tmdb-removed"));
    assert_eq!(
        server.ask("POST", "/setup/tmdb").form("key=x").send().header("location"),
        Some("/login?next=%2Fsetup")
    );
}

#[test]
fn what_was_told_is_told_again_when_nobody_answers_with_its_age() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let upstream = Upstream::start();
    let film = include_str!("../data/cinemeta/meta_movie_shape.json");
    upstream.on("/meta/movie/tt1254207.json", Reply::json(film));
    let rows = include_str!("../data/cinemeta/catalog_search.json");
    upstream.on("/catalog/movie/top.json", Reply::json(rows));
    let none = r#"{"metas":[]}"#;
    for (kind, catalogue, rows) in
        [("movie", "top", rows), ("series", "top", none), ("anime", "kitsu-anime-list", none)]
    {
        upstream.on(&format!("/catalog/{kind}/{catalogue}/search=bunny.json"), Reply::json(rows));
    }
    let list = r#"[{"anidb_id":990500,"kitsu_id":990501,"imdb_id":"tt1254207","type":"MOVIE"}]"#;
    upstream.on("/list.json", Reply::ok(list));
    let configuration = |upstream: &Upstream| {
        let base = upstream.url("/");
        format!(
            "[title]\ncinemeta_url = \"{base}\"\nkitsu_url = \"{base}\"\nimages_url = \"{base}\"\n\
             tmdb_url = \"{base}\"\nanime_map_url = \"{base}list.json\"\n\
             kitsu_map_url = \"{base}mapping.json\"\n[index.torrentio]\nenabled = false\n\
             [index.stremthru]\nenabled = false\n[index.zilean]\nenabled = false\n\
             [network]\nallow_private = [\"{}\"]\n[access]\nauth_required = false\n",
            upstream.addr()
        )
    };
    let server = Server::serve_on(&data, &configuration(&upstream), None);
    assert_eq!(api(&server, "/api/title/tt1254207")["age_s"], Value::Null);
    assert_eq!(api(&server, "/api/catalogue/movie")["titles"].as_array().unwrap().len(), 1);
    assert_eq!(api(&server, "/api/search?q=bunny")["titles"][0]["id"], "tt1254207");
    until("the fetched map", Duration::from_secs(20), || {
        data.join("anime-ids.bin").exists().then_some(())
    });
    assert_eq!(server.stop(), 0);

    // The line is dead, and the box is started anew. Within some hours nobody need be asked.
    let dead = Upstream::start();
    let server = Server::serve_on(&data, &configuration(&dead), None);
    let told = api(&server, "/api/title/tt1254207");
    assert_eq!(told["name"], "Big Buck Bunny");
    assert_eq!(api(&server, "/api/catalogue/movie")["titles"][0]["id"], "tt1254207");
    let done = run(credenza(&data).args(["find", "anidb:990500", "--json"]));
    let found: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(found["title"]["imdb"], "tt1254207", "the kept map: {found}");
    let asked: Vec<String> = dead.requests().iter().map(|seen| seen.path.clone()).collect();
    assert!(!asked.contains(&"/list.json".to_owned()), "not more than weekly: {asked:?}");
    // What was never told is not known, and that is said.
    let unknown = server.get("/api/title/tt9900001");
    assert_eq!(unknown.status, 404, "{}", unknown.text());
    assert_eq!(server.stop(), 0);

    // Later they are asked again, and all that is there is what was told then, with its age. One that
    // refuses is no better than one that is gone.
    let (gone, refuses) = (Upstream::start(), Upstream::start());
    let nobody = configuration(&gone);
    drop(gone);
    for path in ["/meta/movie/tt1254207.json", "/catalog/movie/top.json"] {
        refuses.on(path, Reply::status(503));
    }
    for (kind, catalogue) in [("movie", "top"), ("series", "top"), ("anime", "kitsu-anime-list")] {
        refuses.on(&format!("/catalog/{kind}/{catalogue}/search=bunny.json"), Reply::status(503));
    }
    age(&data, DAY);
    tells_its_age(Server::serve_on(&data, &nobody, None), 1, "24 hours");
    age(&data, DAY);
    tells_its_age(Server::serve_on(&data, &configuration(&refuses), None), 2, "2 days");
    assert!(!refuses.requests().is_empty(), "they were asked again");
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What was told so long ago is told, in figures and in words.
fn tells_its_age(server: Server, days: u64, words: &str) {
    for (path, name) in [
        ("/api/title/tt1254207", "/name"),
        ("/api/catalogue/movie", "/titles/0/name"),
        ("/api/search?q=bunny", "/titles/0/name"),
    ] {
        let told = api(&server, path);
        assert_eq!(told.pointer(name), Some(&json!("Big Buck Bunny")), "{told}");
        let age_s = told["age_s"].as_u64().unwrap_or_else(|| panic!("no age: {told}"));
        let least = days * DAY.as_secs();
        assert!((least..least + 3_600).contains(&age_s), "{path}: {age_s}");
    }
    for (path, word) in [
        ("/", "From"),
        ("/?q=bunny", "Found"),
        ("/catalogue/movie", "From"),
        ("/watch/tt1254207", "Told"),
    ] {
        let page = server.get(path).text();
        let sentence = format!("{word} {words} ago; nobody answers now.");
        assert!(page.contains(&sentence), "{path}: no {sentence:?} in {page}");
    }
    assert_eq!(server.stop(), 0);
}
