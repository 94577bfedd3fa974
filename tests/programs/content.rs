//! What is no film is never passed on, and the next candidate plays in its place.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use credenza::swarm::Seeder;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::seeder::{Torrent, random};
use crate::support::server::Server;
use crate::support::shop::Shop;
use crate::support::until;
use crate::support::upstream::{Reply, Upstream};
use crate::support::warehouse::{Mood, Warehouse};
use crate::support::world::{ID, World};

const FILM: &str = "A.Film.2008.DVDRip.x264-GRP";
const CHECK: &str = "/v0/store/magnets/check";
const ADD: &str = "/v0/store/magnets";
const LINK: &str = "/v0/store/link/generate";

fn torrent(name: &str, magic: &[u8]) -> Torrent {
    let mut bytes = magic.to_vec();
    bytes.extend(random(300_000));
    Torrent::new(name, vec![(format!("{name}.mkv"), bytes)], 32 << 10)
}

/// A seeder of these, in this process.
fn seeds(
    runtime: &Runtime,
    folder: &std::path::Path,
    torrents: &[&Torrent],
) -> (Seeder, SocketAddr) {
    let contents = torrents.iter().map(|one| (one.bytes.clone(), one.files.clone())).collect();
    let any = "127.0.0.1:0".parse().unwrap();
    let seeder = runtime.block_on(Seeder::start(contents, folder, any)).unwrap();
    let port = seeder.port();
    (seeder, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[test]
fn a_program_under_a_films_name_is_never_passed_on_and_the_next_candidate_plays() {
    let world = World::of("A Film");
    let (film, mut bad) = (torrent(FILM, b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01"), Vec::new());
    for (name, magic) in [
        ("A.Film.2008.720p.BluRay.x264-ONE", &b"MZ\x90\0\x03\0\0\0"[..]),
        ("A.Film.2008.720p.WEB-DL.x264-TWO", b"PK\x03\x04\x14\0\0\0"),
    ] {
        bad.push(torrent(name, magic));
    }
    let all = [&bad[0], &bad[1], &film];
    world.list(&all);
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let (_seeder, peer) = seeds(&runtime, &folder.path().join("seeder"), &all);
    for one in all {
        world.seeded_at(one, peer);
    }
    let data = folder.path().join("data");
    let configuration = world.configuration("[swarm]\nenabled = true\ndht = false\n");
    let server = Server::serve_on(&data, &configuration, None);
    let play = server.play(ID);
    assert_eq!(play["candidate"]["info_hash"], json!(film.info_hash.to_string()), "{play}");
    let passed = play["passed_over"].as_array().unwrap();
    assert_eq!(passed.len(), 2, "{play}");
    for one in passed {
        assert_eq!(one["why"], "not_a_film", "{one}");
        assert!(one["message"].as_str().unwrap().contains("is not passed on"), "{one}");
    }
    let url = play["url"].as_str().unwrap();
    let whole = server.get(&url[url.find("/v/").unwrap()..]);
    assert!(whole.body == film.files[0].1);
    // Asked for by its hash, at any byte, it is refused in words; and so after a restart, unread.
    let refused = |server: &Server, one: &Torrent, range: &str| {
        let magnet = one.magnet(&world.tracker).to_string();
        server.owner("POST", "/api/torrents").json(&json!({"magnetUri": magnet})).send();
        let path = format!("/api/stream/{}?file=0", one.info_hash);
        let answer = server.owner("GET", &path).with("Range", range).send();
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "not_a_film");
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(&server, &bad[0], "bytes=0-").contains("a Windows program"));
    assert!(refused(&server, &bad[1], "bytes=200000-").contains("a ZIP archive"));
    assert_eq!(server.stop(), 0);
    drop(runtime);
    let server = Server::serve_on(&data, &configuration, None);
    let begun = std::time::Instant::now();
    assert!(refused(&server, &bad[0], "bytes=5-").contains("a Windows program"));
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_disc_image_under_a_films_name_is_never_passed_on_either() {
    let world = World::of("A Film");
    // A disc's first sixteen sectors are empty; what it is stands behind them.
    let disc = [vec![0; 0x8001].as_slice(), b"CD001\x01\0"].concat();
    let bad = torrent("A.Film.2008.720p.BluRay.x264-ONE", &disc);
    let film = torrent(FILM, b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01");
    world.list(&[&bad, &film]);
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let (_seeder, peer) = seeds(&runtime, &folder.path().join("seeder"), &[&bad, &film]);
    world.seeded_at(&bad, peer).seeded_at(&film, peer);
    let server = world.serve();
    let play = server.play(ID);
    assert_eq!(play["candidate"]["info_hash"], json!(film.info_hash.to_string()), "{play}");
    let passed = &play["passed_over"][0];
    assert_eq!(passed["info_hash"], json!(bad.info_hash.to_string()), "{play}");
    assert_eq!(passed["why"], "not_a_film", "{play}");
    // Asked for by its hash, at its magic or far behind it, it is refused in words.
    let magnet = bad.magnet(&world.tracker).to_string();
    server.owner("POST", "/api/torrents").json(&json!({"magnetUri": magnet})).send();
    let path = format!("/api/stream/{}?file=0", bad.info_hash);
    for range in ["bytes=0-", "bytes=32769-32773", "bytes=200000-"] {
        let answer = server.owner("GET", &path).with("Range", range).send();
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "not_a_film");
        assert!(answer.text().contains("a disc image (ISO 9660)"), "{}", answer.text());
    }
}

#[test]
fn a_program_under_a_films_name_that_a_store_has_is_never_passed_on_either() {
    let world = World::of("A Film");
    let bad = torrent("A.Film.2008.720p.BluRay.x264-ONE", b"MZ\x90\0\x03\0\0\0");
    let film = torrent(FILM, b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01");
    world.list(&[&bad, &film]);
    let shop = Shop::of(&[&bad, &film], 4 << 20);
    let configuration = shop.configuration(&world, "[swarm]\nenabled = false\n");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, &configuration, None);
    let play = server.play(ID);
    assert_eq!(play["via"], "debrid", "{play}");
    assert_eq!(play["candidate"]["info_hash"], json!(film.info_hash.to_string()), "{play}");
    let passed = &play["passed_over"][0];
    assert_eq!(passed["info_hash"], json!(bad.info_hash.to_string()), "{play}");
    assert_eq!(passed["why"], "not_a_film", "{play}");
    let words = passed["message"].as_str().unwrap();
    assert!(words.contains("a Windows program") && words.contains("is not passed on"), "{words}");
    let url = play["url"].as_str().unwrap();
    let whole = server.get(&url[url.find("/v/").unwrap()..]);
    assert!(whole.body == film.files[0].1);
    // Chosen by its owner by hand, it is refused too, and so after a restart, when nothing of it
    // can be read.
    let chosen = |server: &Server| {
        let path = format!("/api/play/{ID}?info_hash={}", bad.info_hash);
        let answer = server.owner("POST", &path).send();
        assert_ne!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("a Windows program"), "{}", answer.text());
    };
    shop.gives(&bad, 0);
    chosen(&server);
    assert_eq!(server.stop(), 0);
    shop.warehouses[0].is(Mood::Silent);
    chosen(&Server::serve_on(&data, &configuration, None));
}

/// A peer that has everything and sends nothing of it right.
fn liar(torrent: &Torrent) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (hash, pieces) =
        (*torrent.info_hash.as_bytes(), torrent.files[0].1.len().div_ceil(32 << 10));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drop(lie(stream, hash, pieces)));
        }
    });
    address
}

fn lie(mut stream: TcpStream, hash: [u8; 20], pieces: usize) -> std::io::Result<()> {
    let mut hello = [0; 68];
    stream.read_exact(&mut hello)?;
    stream.write_all(b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0")?;
    stream.write_all(&hash)?;
    stream.write_all(b"-XX0000-never-tells-")?;
    let mut bits = vec![0_u8; pieces.div_ceil(8)];
    for piece in 0..pieces {
        bits[piece / 8] |= 0x80 >> (piece % 8);
    }
    let length = u32::try_from(bits.len() + 1).unwrap();
    stream.write_all(&[&length.to_be_bytes()[..], &[5], &bits].concat())?;
    stream.write_all(&[0, 0, 0, 1, 1])?; // unchoke
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        if message.first() == Some(&6) {
            let asked = u32::from_be_bytes(message[9..13].try_into().unwrap());
            let head = [&(asked + 9).to_be_bytes()[..], &[7], &message[1..9]].concat();
            stream.write_all(&[head, vec![0x55; asked as usize]].concat())?;
        }
    }
}

/// A reader that asks and waits.
fn begun(server: &Server, path: &str) -> TcpStream {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    stream
}

#[test]
fn a_torrent_whose_data_is_never_right_is_stopped_and_told_of() {
    let world = World::of("A Film");
    let film = torrent(FILM, b"\x1a\x45\xdf\xa3");
    let server = Server::serve(&world.configuration("[swarm]\nenabled = true\ndht = false\n"));
    let path = lied_about(&world, &server, &film);
    // Who reads it waits for what never comes.
    let _reader = begun(&server, &path);
    noticed(&server);
    let answer = server.owner("GET", &path).send();
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(answer.text().contains("nothing that its peers sent was right"), "{}", answer.text());
}

/// Adds a torrent of which all peers lie; the path of its film.
fn lied_about(world: &World, server: &Server, film: &Torrent) -> String {
    // Many liars: each is left after its first wrong piece.
    for _ in 0..60 {
        world.seeded_at(film, liar(film));
    }
    let trackers = vec![world.tracker.url()];
    let bytes = credenza::torrent::metainfo::build(&film.name, &film.files, 32 << 10, &trackers);
    let added =
        server.owner("POST", "/api/torrents").bytes("application/x-bittorrent", &bytes).send();
    assert_eq!(added.status, 202, "{}", added.text());
    format!("/api/stream/{}?file=0", film.info_hash)
}

fn noticed(server: &Server) {
    // Before, while it waits for the next liar, it is said that peers are looked for.
    until("the notice", Duration::from_secs(90), || {
        let status = server.owner("GET", "/api/status").send().json();
        let notices = status["notices"].as_array()?;
        notices.iter().any(|one| one["code"] == "never_verifies").then_some(())
    });
}

#[test]
fn who_reads_what_peers_lie_about_is_carried_over_to_the_store() {
    let world = World::of("A Film");
    let film = torrent(FILM, b"\x1a\x45\xdf\xa3");
    let (store, warehouse) =
        (Upstream::start(), Warehouse::start(film.files[0].1.clone(), 5 << 20));
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "a-token-of-this-test").unwrap();
    let configuration = world.configuration(&format!(
        "[stremthru]\nurl = \"{}\"\n[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n\
         [swarm]\nenabled = true\ndht = false\n",
        store.url("/"),
        token.display()
    ));
    let more = format!("allow_private = [\"{}\", \"{}\", ", store.addr(), warehouse.addr());
    let server = Server::serve(&configuration.replace("allow_private = [", &more));
    for path in [CHECK, ADD, LINK] {
        store.on(path, Reply::status(503));
    }
    let path = lied_about(&world, &server, &film);
    let mut reader = begun(&server, &path);
    let reading = std::thread::spawn(move || {
        let (mut read, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
        reader.set_read_timeout(Some(Duration::from_secs(150))).unwrap();
        while let Ok(size) = reader.read(&mut chunk) {
            read.extend_from_slice(&chunk[..size]);
            let head = read.windows(4).position(|four| four == b"\r\n\r\n");
            if size == 0 || head.is_some_and(|head| read.len() >= head + 4 + 300_004) {
                break;
            }
        }
        read
    });
    noticed(&server);
    let (hash, size) = (film.info_hash, film.files[0].1.len());
    let file = json!({"index": 0, "name": film.files[0].0, "path": format!("/{}", film.files[0].0),
        "size": size, "link": "stremthru://store/realdebrid/opaque"});
    let stored = json!({"data": {"id": "K1", "hash": hash, "name": FILM, "size": size,
        "status": "downloaded", "files": [file]}});
    let link = json!({"data": {"link": warehouse.url("/d/film.mkv")}});
    store.on(LINK, Reply::json(link.to_string()));
    store.on(ADD, Reply::json(stored.to_string()).with_status(201));
    let read = reading.join().unwrap();
    assert!(read.ends_with(&film.files[0].1), "{} bytes\n{}", read.len(), server.log());
}
