//! The main job, end to end, through the real program: an id in, the right film's bytes out, by the
//! debrid store and by peers. The household of the demonstration is the world; the test holds its
//! strings, so that links can be made to expire.

use std::path::{Path, PathBuf};
use std::time::Duration;

use credenza::demo::household::{AtStore, Entry, Release};
use credenza::demo::stand_in::cdn::Terms;
use credenza::demo::{self, Demo};
use credenza::torrent::IndexName;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

use crate::support::player;
use crate::support::server::{Server, credenza, run};
use crate::support::{only, until};

const FILM: &str = "tt9900101";

struct Evening {
    server: Server,
    demo: Demo,
    folder: tempfile::TempDir,
    runtime: Runtime,
}

impl Evening {
    /// The household in this process, the program beside it.
    fn new() -> Self {
        Self::of(|configuration| configuration)
    }

    /// The same with another configuration.
    fn of(change: impl Fn(String) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let home = folder.path().join("household");
        std::fs::create_dir(&home).unwrap();
        let demo = runtime.block_on(demo::start(TaskTracker::new(), &home)).unwrap();
        let configuration = change(demo.configuration());
        let server = Self::serve(&configuration, &folder.path().join("data"));
        Self { server, demo, folder, runtime }
    }

    fn serve(configuration: &str, data: &Path) -> Server {
        // The canary of S-09: everything is logged, and nothing of the token or a link may be there.
        std::fs::create_dir_all(data).unwrap();
        let file: PathBuf = data.join("test.toml");
        std::fs::write(&file, configuration).unwrap();
        let mut command = credenza(data);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "trace", "--config"]).arg(file);
        Server::start(command, data.to_owned(), None)
    }

    fn release(&self, which: impl Fn(&Release) -> bool) -> &Release {
        self.demo.household().releases.iter().find(|release| which(release)).expect("a release")
    }

    /// The source's bytes of the file that was chosen.
    fn source(&self, play: &Value) -> &'static Entry {
        let hash = play["candidate"]["info_hash"].as_str().unwrap();
        let release = self.release(|release| release.info_hash.to_string() == hash);
        let name = play["file"]["name"].as_str().unwrap();
        let name = name.rsplit('/').next().unwrap();
        release.files().map(|(_, file)| file).find(|file| file.base_name() == name).expect(name)
    }

    fn bytes(&self, play: &Value, range: &str) -> Vec<u8> {
        let url = play["url"].as_str().unwrap();
        let path = &url[url.find("/v/").unwrap()..];
        let answer = self.server.ask("GET", path).with("Range", &format!("bytes={range}")).send();
        assert_eq!(answer.status, 206, "{}", answer.text());
        answer.body
    }

    /// Nothing of the secrets is in the log, in a page or in an answer.
    fn no_secret_is_told(&self, answers: &[String]) {
        let cdn = self.demo.cdn().link(self.release(|_| true).files().next().unwrap().1);
        let cdn = &cdn[..cdn.find("/d/").unwrap() + 3];
        let command_line = std::fs::read(format!("/proc/{}/cmdline", self.server.pid())).unwrap();
        let environment = std::fs::read(format!("/proc/{}/environ", self.server.pid())).unwrap();
        let mut texts = vec![self.server.log(), self.server.out()];
        texts.extend(
            [command_line, environment].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        );
        texts.extend(answers.iter().cloned());
        let base64 = data_encoding::BASE64.encode(demo::TOKEN.as_bytes());
        let hex = data_encoding::HEXLOWER.encode(demo::TOKEN.as_bytes());
        for text in &texts {
            for secret in [demo::TOKEN, &base64, &hex, cdn, "stremthru://"] {
                let at = text.find(secret);
                assert!(
                    at.is_none(),
                    "{secret} is told: {}",
                    &text[at.unwrap().saturating_sub(200)..][..300.min(text.len())]
                );
            }
        }
    }
}

#[test]
fn a_film_an_episode_and_an_anime_episode_play_from_the_store_through_us() {
    let evening = Evening::new();
    let mut answers = Vec::new();
    for id in
        [FILM, "tt9900102:1:1", "tt9900102:1:2", "tt9900102:1:3", "kitsu:99001:1", "kitsu:99001:2"]
    {
        let play = evening.server.play(id);
        assert_eq!(
            (&play["via"], &play["store"]),
            (&json!("debrid"), &json!("realdebrid")),
            "{id}"
        );
        let source = evening.source(&play);
        let size = source.bytes.len();
        assert_eq!(play["file"]["size"], json!(size), "{id}");
        assert!(evening.bytes(&play, "0-") == source.bytes, "{id}: other bytes than the source's");
        assert!(evening.bytes(&play, "-1000") == source.bytes[size - 1000..], "{id}");
        // The episode that was asked for, not merely some file of the pack.
        if let Some(number) = id.rsplit(':').next().filter(|_| id.contains(':')) {
            let name = play["file"]["name"].as_str().unwrap();
            let read = run(credenza(evening.folder.path()).args(["parse", name]));
            let read: Value = serde_json::from_slice(&read.stdout).unwrap();
            assert_eq!(read["episodes"], json!([number.parse::<u32>().unwrap()]), "{id}: {name}");
        }
        answers.push(play.to_string());
        let page = evening.server.ask("POST", &format!("/watch/{id}")).form("").send();
        answers.push(evening.server.get(page.header("location").unwrap()).text());
        answers.push(evening.server.get(&format!("/watch/{id}")).text());
    }
    evening.no_secret_is_told(&answers);
}

#[test]
fn a_link_that_expires_in_the_middle_is_replaced_at_the_same_byte() {
    let evening = Evening::new();
    let play = evening.server.play(FILM);
    let source = evening.source(&play);
    // Each answer of the file server is short and each link is good for two: a whole read needs many
    // links, and a player sees none of it.
    let terms = Terms { answers_per_link: Some(2), longest_body: Some(70_000) };
    evening.demo.cdn().set_terms(terms);
    let before = evening.demo.cdn().links_made();
    assert!(evening.bytes(&play, "0-") == source.bytes);
    assert!(evening.demo.cdn().links_made() > before + 3, "links did expire");
    // And all at once, between two ranges.
    evening.demo.cdn().set_terms(Terms::default());
    let half = source.bytes.len() / 2;
    assert!(evening.bytes(&play, &format!("0-{}", half - 1)) == source.bytes[..half]);
    evening.demo.cdn().expire_links();
    assert!(evening.bytes(&play, &format!("{half}-")) == source.bytes[half..]);
    evening.no_secret_is_told(&[play.to_string()]);
}

#[test]
fn a_refusal_for_legal_reasons_is_remembered_and_the_next_candidate_is_tried() {
    let no_peers = |text: String| text.replace("enabled = true", "enabled = false");
    let evening = Evening::of(no_peers);
    let refused = evening.release(|release| release.recipe.at_store == AtStore::Refused);
    let hash = refused.info_hash.to_string();
    let of = |found: &Value| {
        let candidates = found["candidates"].as_array().unwrap();
        let one = candidates.iter().find(|one| one["info_hash"] == json!(hash)).unwrap();
        one["availability"]["realdebrid"].clone()
    };
    let path = format!("/api/find/{FILM}");
    assert_ne!(of(&evening.server.get(&path).json()), "refused", "nobody has tried yet");
    // Asked for by name, and with no other way, it is told why not.
    let only = format!("/api/play/{FILM}?info_hash={hash}");
    let answer = evening.server.ask("POST", &only).send();
    let passed = &answer.json()["error"]["detail"]["passed_over"][0];
    assert_eq!((answer.status, &passed["why"]), (502, &json!("refused_451")), "{}", answer.text());
    assert_eq!(of(&evening.server.get(&path).json()), "refused", "remembered");
    let best = evening.server.play(FILM);
    assert_eq!(best["via"], "debrid");
    assert_ne!(best["candidate"]["info_hash"], json!(hash));
    // After a restart too.
    let kept = evening.server.data.clone();
    let Evening { server, demo, folder: _folder, runtime: _runtime } = evening;
    assert_eq!(server.stop(), 0);
    let server = Evening::serve(&no_peers(demo.configuration()), &kept);
    assert_eq!(of(&server.get(&path).json()), "refused");
}

#[test]
fn where_the_best_is_refused_the_next_one_plays_in_the_same_breath() {
    // A store that calls everything cached and refuses all but the last that is tried.
    use crate::support::upstream::{Reply, Upstream};
    let upstream = Upstream::start();
    let hashes = ["a", "b", "c"].map(|letter| letter.repeat(40));
    let item = |hash: &String| json!({"hash": hash, "name": format!("A.Film.2008.1080p.WEB-DL-{hash}.mkv"), "size": 1000, "seeders": 9, "files": []});
    let cached = |hash: &String| json!({"hash": hash, "status": "cached", "files": []});
    upstream.on(
        "/v0/torrents",
        Reply::json(
            json!({"data": {"items": hashes.iter().map(item).collect::<Vec<_>>()}}).to_string(),
        ),
    );
    upstream.on(
        "/v0/store/magnets/check",
        Reply::json(
            json!({"data": {"items": hashes.iter().map(cached).collect::<Vec<_>>()}}).to_string(),
        ),
    );
    upstream.on(
        "/meta/movie/tt1254207.json",
        Reply::json(r#"{"meta":{"id":"tt1254207","name":"A Film","year":"2008"}}"#),
    );
    let legal = || {
        Reply::json(r#"{"error":{"code":"UNAVAILABLE_FOR_LEGAL_REASONS","message":"infringing_file","status_code":451}}"#).with_status(451)
    };
    // The third is what is added; its file is told under the hash that was asked, so only that one fits.
    let third = json!({"data": {"id": "X", "hash": hashes[2], "name": "A.Film", "size": 1000, "status": "downloaded", "files": [{"index": 0, "name": "A.Film.2008.mkv", "path": "/A.Film.2008.mkv", "size": 1000, "link": "stremthru://x"}]}});
    upstream.script(
        "/v0/store/magnets",
        [legal(), legal(), Reply::json(third.to_string()).with_status(201)],
    );
    let link = json!({"data": {"link": upstream.url("/cdn/film.mkv").to_string()}});
    upstream.on("/v0/store/link/generate", Reply::json(link.to_string()));
    let first = Reply::ok("F").with_status(206).header("Content-Range", "bytes 0-0/1000");
    let whole = Reply::ok([b'F'; 1000]).with_status(206);
    let whole = whole.header("Content-Range", "bytes 0-999/1000");
    upstream.script("/cdn/film.mkv", [first.clone(), whole, first]);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "CANARY-token-of-this-test").unwrap();
    let configuration = format!(
        "[stremthru]\nurl = \"{0}\"\n[title]\ncinemeta_url = \"{0}\"\n{3}[network]\nallow_private = [\"{1}\"]\n[access]\nauth_required = false\n\
         [debrid]\nstore = \"realdebrid\"\ntoken_file = \"{2}\"\n",
        upstream.url("/"),
        upstream.addr(),
        token.display(),
        only(&[IndexName::StremThru])
    );
    let server = Server::serve(&configuration);
    // The index may be too slow for a first search beside other tests; then the store is not asked yet.
    let answer = until("an answer of the index", Duration::from_secs(60), || {
        let answer = server.ask("POST", "/api/play/tt1254207").send();
        (answer.json()["error"]["code"] != "no_index").then_some(answer)
    });
    let added = upstream.requests().iter().filter(|seen| seen.path == "/v0/store/magnets").count();
    // Whichever comes third by rank: two were refused, each once, and told so.
    let passed = if answer.status == 200 {
        answer.json()["passed_over"].clone()
    } else {
        answer.json()["error"]["detail"]["passed_over"].clone()
    };
    let refused =
        passed.as_array().unwrap().iter().filter(|one| one["why"] == "refused_451").count();
    assert_eq!((refused, added), (2, 3), "{}", answer.text());
    // Asked again, nobody asks the store about them again.
    server.ask("POST", "/api/play/tt1254207").send();
    let again = upstream.requests().iter().filter(|seen| seen.path == "/v0/store/magnets").count();
    assert_eq!(again, 4, "the refused ones are not tried again");
    let told = upstream
        .requests()
        .iter()
        .filter(|seen| format!("{}?{}", seen.path, seen.query).contains("CANARY"))
        .count();
    assert_eq!(told, 0, "a token is in a URL");
}

#[test]
fn without_a_token_and_without_consent_nothing_plays_and_no_peer_is_met() {
    let evening = Evening::new();
    let configuration = evening.demo.configuration().replace("enabled = true", "enabled = \"ask\"");
    let lines = configuration.lines().filter(|line| !line.starts_with("token_file"));
    let without_token = lines.collect::<Vec<_>>().join(
        "
",
    );
    let folder = tempfile::tempdir().unwrap();
    let server = Server::serve_on(&folder.path().join("data"), &without_token, None);
    let answer = server.ask("POST", &format!("/api/play/{FILM}")).send();
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (409, &json!("no_way")),
        "{}",
        answer.text()
    );
    assert_eq!(udp_and_listening_sockets(server.pid()), 1, "nothing but the server's own port");
    assert!(!server.data.join("library").exists());
    // The owner's word changes that, at once.
    let consent =
        server.owner("PUT", "/api/settings").json(&json!({"swarm": {"enabled": true}})).send();
    assert_eq!(consent.status, 200, "{}", consent.text());
    let play = server.play(FILM);
    assert_eq!(play["via"], "swarm");
    let url = play["url"].as_str().unwrap();
    let whole = player::curl(url, None, std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(whole.sha256(), player::sha256(evening.source(&play).bytes));
}

/// How many sockets of this process wait for somebody: TCP that listens, and UDP.
fn udp_and_listening_sockets(pid: u32) -> usize {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let own: Vec<String> = links
        .filter_map(|link| std::fs::read_link(link.unwrap().path()).ok())
        .filter_map(|link| {
            Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
        })
        .collect();
    let mut count = 0;
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let waits = table.starts_with("udp") || fields[3] == "0A";
            count += usize::from(waits && own.iter().any(|inode| inode == fields[9]));
        }
    }
    count
}

#[test]
fn a_link_outlives_a_restart_and_a_kill() {
    let evening = Evening::new();
    let play = evening.server.play(FILM);
    let source = evening.source(&play);
    let url = play["url"].as_str().unwrap();
    let path = url[url.find("/v/").unwrap()..].to_owned();
    let tag = evening.server.ask("HEAD", &path).send();
    let (tag, date) =
        (tag.header("etag").unwrap().to_owned(), tag.header("last-modified").unwrap().to_owned());
    let kept = evening.server.data.clone();
    let Evening { server, demo, folder: _folder, runtime: _runtime } = evening;
    drop(server); // SIGKILL
    demo.cdn().expire_links();
    let server = Evening::serve(&demo.configuration(), &kept);
    let asked = server.ask("GET", &path).with("If-Match", &tag).with("If-Range", &date);
    let answer = asked.with("Range", "bytes=1000-1999").send();
    assert_eq!(answer.status, 206, "{}", answer.text());
    assert!(answer.body == source.bytes[1000..2000]);
}
