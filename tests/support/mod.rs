//! What the tests share: skipping honestly, polling, and the outside programs they drive.

pub mod aged;
pub mod block;
pub mod bundle;
pub mod card;
pub mod cgroup;
pub mod disk;
pub mod film;
pub mod firmware;
pub mod home;
pub mod hostile;
pub mod http;
pub mod installed;
pub mod kodi;
pub mod netns;
pub mod player;
pub mod process;
pub mod recorded;
pub mod seeder;
pub mod server;
pub mod shop;
pub mod tap;
pub mod the_box;
pub mod tracker;
pub mod upstream;
pub mod viewer;
pub mod warehouse;
pub mod watcher;
pub mod world;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use credenza::torrent::IndexName;
use serde_json::Value;

/// Leaves a test that cannot run here. Under `CI=true` that is a failure, unless the test stands
/// with its reason in `tests/skips.txt`.
///
/// Use as `return skip("needs ffprobe");`
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test").to_owned();
    let listed = include_str!("../skips.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .any(|line| line.split_once(':').is_some_and(|(name, _)| name.trim() == test));
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(listed || !ci, "{test} was skipped ({reason}) and is not listed in tests/skips.txt");
    println!("skipped: {test}: {reason}");
}

/// The part of a configuration that switches off every index but `asked`.
pub fn only(asked: &[IndexName]) -> String {
    let off = IndexName::ALL.into_iter().filter(|name| !asked.contains(name));
    let tables: Vec<String> =
        off.map(|name| format!("[index.{name}]\nenabled = false\n")).collect();
    tables.concat()
}

/// Whether `program` is on the path.
pub fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Polls `probe` every 20 ms until it gives something, at most `limit`; then fails with `what`.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Looks at something that the program itself timed, up to three times: on a machine that stood still
/// for a while one look tells nothing. The first that took at most `limit_ms` is given.
pub fn timely<T>(limit_ms: u64, mut look: impl FnMut() -> (Value, T)) -> (Value, T) {
    let mut told = Vec::new();
    for _ in 0..3 {
        let (found, rest) = look();
        let took = found["elapsed_ms"].as_u64().unwrap_or_else(|| panic!("no time: {found}"));
        if took <= limit_ms {
            return (found, rest);
        }
        told.push(took);
    }
    panic!("never within {limit_ms} ms, but {told:?}");
}

/// A port of this test's own on loopback, for a program that has to be told one. It lies below those
/// that the kernel gives to whoever asks for any (`ip_local_port_range`, from 32768 on): nobody else
/// gets it before the program has it, or while the program is started again.
pub fn own_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_200).unwrap() * 10;
    let mut ports = (0..600).map(|_| first + NEXT.fetch_add(1, Ordering::SeqCst));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// Holds a script against the grammar of ECMAScript 5.1, by acorn from the tests' npm folder.
pub fn es5(script: &str) {
    let Some(modules) = installed::node_modules() else {
        return skip("needs acorn; tests/run installs it");
    };
    let acorn = modules.join(".bin/acorn");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let done =
        std::process::Command::new(acorn).args(["--ecma5", "--silent"]).arg(file.path()).output();
    let done = done.unwrap();
    assert!(done.status.success(), "no ES5: {}", String::from_utf8_lossy(&done.stderr));
}
