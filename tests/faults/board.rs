//! A small board under load: little memory (F-26), no free descriptor (F-27), little processor (F-28).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{LIMIT, MIB};
use crate::library::Home;
use crate::support::cgroup::Group;
use crate::support::server::Server;
use crate::support::viewer::Viewer;
use crate::support::world::ID;
use crate::support::{has, skip, until};

/// 25 Mbit/s, in bytes.
const BLU_RAY: usize = 25_000_000 / 8;

/// A home whose first film lies whole on its disk, and is started anew by `start`; and that film's path.
fn home_again(films: &[usize], start: impl FnOnce(&Home) -> Command) -> (Home, String) {
    let mut home = Home::new(films, "");
    let (_, path) = home.have(0);
    home.stop();
    let command = start(&home);
    home.server = Some(Server::start(command, home.data.clone(), None));
    (home, path)
}

/// The program on this home's data.
fn serve(home: &Home, swarm: &str) -> Command {
    Server::command(&home.data, &home.configuration(swarm, ""), "127.0.0.1:0")
}

/// A connection from another address of this machine, as from another device.
fn connect_from(address: &str, to: &Server) -> Option<TcpStream> {
    let to: SocketAddr = to.base.strip_prefix("http://").unwrap().parse().unwrap();
    let from: SocketAddr = format!("{address}:0").parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect_timeout(&to.into(), Duration::from_secs(5)).ok()?;
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    Some(stream)
}

/// A number of `/proc/<pid>/status`, in kB.
fn kilobytes(server: &Server, what: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// How many read one film at once.
const READERS: usize = 64;

/// A part of a film, as this device reads it; 0: the connection was not made, or broke.
fn read_part(device: &str, server: &Server, path: &str, part: Range<usize>) -> (u16, Vec<u8>) {
    let asked = || {
        let mut stream = connect_from(device, server)?;
        let (first, last) = (part.start, part.end - 1);
        let host = server.base.strip_prefix("http://")?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={first}-{last}\r\n\
             Connection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
        let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
        Some((status, answer.split_off(body)))
    };
    asked().unwrap_or_default()
}

/// What is smaller than what such a house would ask: the box takes 512 connections, so that 360 are idle
/// and not 1,000; it lasts twelve seconds, and not ten minutes (`just bench` has two); the search is of one
/// title, which is known by then.
#[test]
fn f26_a_household_in_350_mb_never_has_the_server_killed() {
    let group = match Group::of_memory(350_000_000) {
        Ok(group) => group,
        Err(reason) => return skip(&reason),
    };
    // The second film comes from peers meanwhile.
    let (home, path) = home_again(&[12, 24], |home| group.inside(&serve(home, "")));
    let server = home.server();
    let (_, other) = home.choose(1);
    let coming = Viewer::of(&format!("{}{other}", server.base), 0, 0);
    // Of at most 512 connections, and 48 of one device, most do nothing.
    let idle: Vec<_> = (2..12)
        .flat_map(|host| (0..36).map(move |_| host))
        .filter_map(|host| connect_from(&format!("127.0.0.{host}"), server))
        .collect();
    let slow: Vec<_> = (0..24).filter_map(|_| connect_from("127.0.0.30", server)).collect();
    let (parts, searches, slowest) =
        (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Duration::ZERO));
    let ends = Instant::now() + Duration::from_secs(12);
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (path, source, parts) = (&path, home.source(0), &parts);
            scope.spawn(move || {
                let device = format!("127.0.0.{}", 20 + reader % 8);
                let mut at = reader * source.len() / READERS;
                while Instant::now() < ends {
                    let end = (at + MIB).min(source.len());
                    let (status, body) = read_part(&device, server, path, at..end);
                    if status == 206 {
                        assert!(body == source[at..end], "other bytes at {at}");
                        parts.fetch_add(1, Ordering::Relaxed);
                    } else {
                        assert!([429, 503].contains(&status), "{status}");
                    }
                    at = (at + 5 * MIB) % (source.len() - MIB);
                }
            });
        }
        for mut stream in slow {
            // A head that never ends, a byte a second.
            scope.spawn(move || {
                while Instant::now() < ends && stream.write_all(b"G").is_ok() {
                    park_timeout(Duration::from_secs(1));
                }
            });
        }
        let (searches, slowest) = (&searches, &slowest);
        scope.spawn(move || {
            while Instant::now() < ends {
                let asked = Instant::now();
                assert_eq!(server.get("/health").status, 200);
                assert_eq!(server.owner("GET", "/api/library").send().status, 200);
                let mut slowest = slowest.lock().unwrap();
                *slowest = asked.elapsed().max(*slowest);
                drop(slowest);
                // Less than what one device is let ask.
                park_timeout(Duration::from_millis(50));
            }
        });
        for _ in 0..4 {
            scope.spawn(move || {
                while Instant::now() < ends {
                    let asked = Instant::now();
                    let found = server.owner("GET", &format!("/api/find/{ID}")).send();
                    assert_eq!(found.status, 200, "{}", found.text());
                    searches.fetch_add(1, Ordering::Relaxed);
                    // Five a second each.
                    park_timeout(Duration::from_millis(200).saturating_sub(asked.elapsed()));
                }
            });
        }
    });
    assert!(coming.ends(LIMIT).bytes == home.source(1), "other bytes than the source's");
    let peak = kilobytes(server, "VmHWM");
    let (parts, searches) = (parts.into_inner(), searches.into_inner());
    println!(
        "{} idle connections, {READERS} readers of {parts} parts, {searches} searches, a swarm: {peak} kB \
         at most, and two answers within {:?}",
        idle.len(),
        slowest.into_inner().unwrap()
    );
    assert!(parts >= READERS && searches >= 100, "{parts} parts, {searches} searches");
    assert!(idle.len() >= 300, "{} idle connections", idle.len());
    assert_eq!(group.kills(), 0, "something was killed for its memory");
    assert!(peak < 250_000, "{peak} kB");
    drop(idle);
    home.watch(0, &path);
    drop(home);
}

#[test]
fn f27_without_descriptors_films_go_on_and_who_comes_is_told_to_come_again() {
    if !has("prlimit") {
        return skip("needs prlimit (util-linux)");
    }
    let few = |home: &Home| {
        let serve = serve(home, "");
        let mut few = Command::new("prlimit");
        few.arg("--nofile=128:128").arg(serve.get_program()).args(serve.get_args());
        few.env("CREDENZA_LAN_MDNS", "false");
        few
    };
    let (mut home, path) = home_again(&[12], few);
    let server = home.server();
    let url = format!("{}{path}", server.base);
    let watching: Vec<Viewer> = (0..3).map(|_| Viewer::of(&url, 0, 2 * MIB)).collect();
    for one in &watching {
        one.has(MIB, LIMIT);
    }

    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
        let after = stat.rsplit_once(')').unwrap().1.to_owned();
        after.split_whitespace().skip(11).take(2).map(|t| t.parse::<u64>().unwrap()).sum::<u64>()
    };
    // Three hundred, of eight devices; each asks, so that it hears what becomes of it.
    let mut held: Vec<TcpStream> = Vec::new();
    for number in 0..300 {
        let Some(mut stream) = connect_from(&format!("127.0.0.{}", 2 + number % 8), server) else {
            continue;
        };
        stream.set_nonblocking(true).unwrap();
        let _ = write!(stream, "GET /health HTTP/1.1\r\nHost: box.local\r\n\r\n");
        held.push(stream);
    }
    let before = ticks();
    park_timeout(Duration::from_secs(2));
    let spent = ticks() - before;
    // Hundredths of a second in two seconds; it is sending three films as well.
    assert!(spent < 160, "the accept loop spins: {spent}");
    let mut told = 0;
    for stream in &mut held {
        let mut answer = [0; 2048];
        let Ok(size) = stream.read(&mut answer) else { continue };
        let answer = String::from_utf8_lossy(&answer[..size]).to_lowercase();
        if answer.starts_with("http/1.1 503") {
            assert!(answer.contains("\r\nretry-after:"), "{answer}");
            told += 1;
        }
    }
    println!("{} connections were held, {told} told to come again", held.len());
    assert!(told > 0, "nobody was told");
    for one in watching {
        assert!(one.ends(LIMIT).bytes == home.source(0), "other bytes than the source's");
    }
    drop(held);
    let freed = Instant::now();
    until("the next guest", LIMIT, || {
        let answer = crate::support::http::get(&url).with("Range", "bytes=0-9").try_send().ok()?;
        (answer.status == 206 && answer.body == home.source(0)[..10]).then_some(())
    });
    println!("the next guest was served {:?} later", freed.elapsed());
    home.stop();
}

/// How many hundredths of one processor the program has; `CREDENZA_PROCESSOR` says otherwise.
const PERCENT: u32 = 15;

#[test]
fn f28_four_films_of_25_mbit_do_not_stall_on_a_throttled_board() {
    let percent = std::env::var("CREDENZA_PROCESSOR").ok().and_then(|most| most.parse().ok());
    let group = match Group::of_processor(percent.unwrap_or(PERCENT)) {
        Ok(group) => group,
        Err(reason) => return skip(&reason),
    };
    let folder = tempfile::tempdir().unwrap();
    let systemd = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    systemd.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let (home, path) = home_again(&[32], |home| {
        let mut command = serve(home, "");
        command.env("NOTIFY_SOCKET", folder.path().join("notify"));
        command.env("WATCHDOG_USEC", "20000000");
        group.inside(&command)
    });
    let url = format!("{}{path}", home.server().base);
    let viewers: Vec<Viewer> = (0..4).map(|_| Viewer::of(&url, 0, BLU_RAY * 11 / 10)).collect();
    let mut fed = Vec::new();
    while viewers.iter().any(|one| !one.has_ended()) {
        let mut word = [0; 512];
        if let Ok(size) = systemd.recv(&mut word)
            && String::from_utf8_lossy(&word[..size]).contains("WATCHDOG=1")
        {
            fed.push(Instant::now());
        }
    }
    for viewer in viewers {
        let watched = viewer.ends(LIMIT);
        assert!(watched.bytes == home.source(0), "other bytes than the source's");
        let stood = watched.stood_still(BLU_RAY, Duration::from_secs(4));
        println!("stood still for {stood:?}; longest without a byte {:?}", watched.longest_gap());
        assert!(stood < Duration::from_millis(100), "{stood:?}");
    }
    assert!(!fed.is_empty(), "the watchdog was not fed");
    let longest = fed.windows(2).map(|two| two[1] - two[0]).max();
    assert!(longest < Some(Duration::from_secs(20)), "systemd would have ended it: {longest:?}");
    drop(home);
}
