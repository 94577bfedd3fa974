//! The line between the box and the television: one that drops for a while or for good (F-13), one
//! that is thin or loses packets (F-14). Two hosts of their own, joined by a cable.

use std::process::{Child, Command, Stdio};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use super::{LIMIT, MIB};
use crate::library::Home;
use crate::support::netns::Lab;
use crate::support::process::finish;
use crate::support::server::Server;
use crate::support::viewer::Viewer;
use crate::support::{has, skip, until};

/// A box with one film on its disk, in a lab.
struct Line {
    lab: Lab,
    home: Home,
    url: String,
    base: String,
}

impl Line {
    fn missing(tools: &[&str]) -> Option<String> {
        let tool = tools.iter().find(|tool| !has(tool));
        let tool = tool.map(|tool| format!("needs {tool}"));
        Lab::missing().map(str::to_owned).or(tool)
    }

    fn new(mib: usize) -> Self {
        Self::with(mib, None)
    }

    /// With a film of which a player has told that it runs so long.
    fn with(mib: usize, duration_s: Option<u32>) -> Self {
        let mut home = Home::new(&[mib], "");
        let (media_id, path) = home.have(0);
        if let Some(duration_s) = duration_s {
            let told = serde_json::json!({"position_s": 0.0, "duration_s": duration_s});
            assert_eq!(home.put(&media_id, &told).status, 200);
        }
        home.stop();
        let lab = Lab::new();
        let configuration = home.configuration("", "");
        let command =
            Server::command(&home.data, &configuration, &format!("{}:0", lab.server.address));
        let inside = lab.server.inside(&confined(&command));
        home.server = Some(Server::start(inside, home.data.clone(), None));
        let base = home.server().base.clone();
        Self { lab, home, url: format!("{base}{path}"), base }
    }

    /// Somebody watches from the other host; `how` is for curl.
    fn watch(&self, how: &[&str]) -> (Beside, Viewer) {
        let mut curl = self.lab.viewer.command("curl");
        curl.args(["--silent", "--noproxy", "*", "--no-buffer"]).args(how).arg(&self.url);
        let mut child = curl.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let viewer = Viewer::reading(child.stdout.take().unwrap(), 0);
        (Beside(child), viewer)
    }

    /// How many films are being sent, as the box itself has it.
    fn streams(&self) -> u64 {
        self.says("/api/status")["streams"].as_u64().unwrap()
    }

    /// What the box says on its own host.
    fn says(&self, path: &str) -> serde_json::Value {
        let mut curl = self.lab.server.command("curl");
        curl.args(["--silent", "--noproxy", "*", "--max-time", "10"]);
        let said = finish(curl.arg(format!("{}{path}", self.base)), LIMIT).unwrap().text();
        serde_json::from_str(&said).unwrap()
    }

    /// Has the line carry so much from now on; the sentence where it cannot be had.
    fn carries(&self, rate: &str) -> Result<(), String> {
        let mut tc = self.lab.server.command("tc");
        tc.args(["qdisc", "replace", "dev", "lan0", "root", "tbf", "rate", rate]);
        let shaped = finish(tc.args(["burst", "32k", "latency", "400ms"]), LIMIT);
        shaped.map(drop).map_err(|error| format!("needs a kernel with tbf: {error}"))
    }

    fn is(&self, up: bool) {
        let word = if up { "up" } else { "down" };
        self.lab.viewer.ip(&format!("link set lan0 {word}")).unwrap();
    }
}

/// What the box's unit leaves of `/proc` (`ProcSubset=pid`): processes, and nothing else.
fn confined(command: &Command) -> Command {
    let mut confined = Command::new("unshare");
    let mount = r#"mount -t proc -o subset=pid proc /proc && exec "$0" "$@""#;
    confined.args(["--mount", "sh", "-c", mount]).arg(command.get_program());
    confined.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => confined.env(name, value),
            None => confined.env_remove(name),
        };
    }
    confined
}

/// A program that is ended with the test.
struct Beside(Child);

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn f13_a_line_that_drops_for_seconds_is_got_over_on_the_same_connection() {
    if let Some(reason) = Line::missing(&["curl"]) {
        return skip(&reason);
    }
    let line = Line::new(72);
    let (_curl, viewer) = line.watch(&["--limit-rate", "1M"]);
    viewer.has(4 * MIB, LIMIT);
    for seconds in [1, 7, 20] {
        line.is(false);
        park_timeout(Duration::from_secs(seconds));
        line.is(true);
        let before = viewer.count();
        viewer.has(before + 2 * MIB, LIMIT);
    }
    // None where all of it has been handed to the kernel by now.
    assert!(line.streams() <= 1);
    let watched = viewer.ends(LIMIT);
    assert!(watched.bytes == line.home.source(0), "{} bytes", watched.bytes.len());
    until("no stream", LIMIT, || (line.streams() == 0).then_some(()));
}

#[test]
fn f13_who_is_gone_for_good_leaves_no_stream_behind() {
    if let Some(reason) = Line::missing(&["curl"]) {
        return skip(&reason);
    }
    let line = Line::new(24);
    let viewers: Vec<_> = (0..3).map(|_| line.watch(&["--limit-rate", "1M"])).collect();
    for (_, viewer) in &viewers {
        viewer.has(MIB, LIMIT);
    }
    assert_eq!(line.streams(), 3);
    line.is(false);
    let gone = Instant::now();
    // Half a minute: two looks at a line that sends nothing, fourteen seconds apart (`http/line.rs`).
    until("the streams of who is gone to end", Duration::from_secs(90), || {
        (line.streams() == 0).then_some(())
    });
    println!("the places of who is gone were free after {:?}", gone.elapsed());
    assert!(gone.elapsed() < Duration::from_secs(40), "{:?}", gone.elapsed());
    drop(viewers);
    line.is(true);
    let (_curl, viewer) = line.watch(&[]);
    assert!(viewer.ends(LIMIT).bytes == line.home.source(0));
}

#[test]
fn f13_a_television_that_pauses_is_not_taken_for_one_that_is_gone() {
    if let Some(reason) = Line::missing(&["curl"]) {
        return skip(&reason);
    }
    let line = Line::new(24);
    let (curl, viewer) = line.watch(&["--limit-rate", "4M"]);
    viewer.has(MIB, LIMIT);
    let signal = |word: &str| {
        let sent = Command::new("kill").args([word, &curl.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    park_timeout(Duration::from_secs(50));
    assert_eq!(line.streams(), 1, "a paused film keeps its connection");
    signal("-CONT");
    let watched = viewer.ends(LIMIT);
    assert!(watched.bytes == line.home.source(0), "{} bytes", watched.bytes.len());
}

#[test]
fn f14_a_thin_line_carries_the_film_that_it_has_room_for() {
    if let Some(reason) = Line::missing(&["curl", "tc"]) {
        return skip(&reason);
    }
    let line = Line::new(12);
    if let Err(reason) = line.carries("8mbit") {
        return skip(&reason);
    }
    let (_curl, viewer) = line.watch(&[]);
    let watched = viewer.ends(LIMIT);
    assert!(watched.bytes == line.home.source(0), "other bytes than the source's");
    // A film of 6.6 Mbit/s; the line has 1.2 times that.
    let stood = watched.stood_still(8_000_000 / 8 * 10 / 12, Duration::from_secs(4));
    println!("stood still for {stood:?}; longest without a byte {:?}", watched.longest_gap());
    assert!(stood < Duration::from_millis(100), "{stood:?}");
}

#[test]
fn f14_a_line_that_is_thinner_than_the_film_is_told_of_until_it_carries_it() {
    if let Some(reason) = Line::missing(&["curl", "tc"]) {
        return skip(&reason);
    }
    // 0.67 Mbit/s of film on a line of 0.4.
    let line = Line::with(24, Some(300));
    if let Err(reason) = line.carries("400kbit") {
        return skip(&reason);
    }
    let (_curl, viewer) = line.watch(&[]);
    let status = format!("/api/stream/{}/status", line.home.films[0].info_hash);
    let note = || line.says(&status)["note"].as_str().map(str::to_owned);
    let noticed = || {
        let said = line.says("/api/status");
        said["notices"].as_array().unwrap().iter().any(|one| one["code"] == "thin_line")
    };
    let (began, said) = (Instant::now(), until("the note", LIMIT, note));
    println!("told after {:?}: {said}", began.elapsed());
    assert!(said.contains("the film takes 0.6 Mbit/s and the line to the set brings 0."), "{said}");
    assert!(noticed(), "{}", line.says("/api/status"));
    assert_eq!(line.carries("40mbit"), Ok(()));
    until("nothing to be told", LIMIT, || (note().is_none() && !noticed()).then_some(()));
    assert!(viewer.ends(LIMIT).bytes == line.home.source(0), "other bytes than the source's");
}

#[test]
fn f14_a_line_that_loses_packets_loses_no_byte_and_does_not_stall_a_film() {
    if let Some(reason) = Line::missing(&["curl", "nft"]) {
        return skip(&reason);
    }
    let line = Line::new(24);
    let rules = "add table inet loss\n\
         add chain inet loss arriving { type filter hook input priority 0; }\n";
    for (percent, mib, rate) in [(1, 24, 3_000_000), (5, 24, 1_000_000), (20, 2, 0)] {
        let _ =
            finish(line.lab.viewer.command("nft").args(["delete", "table", "inet", "loss"]), LIMIT);
        let loses =
            format!("{rules}add rule inet loss arriving numgen random mod 100 < {percent} drop\n");
        let mut nft = line.lab.viewer.command("nft");
        if let Err(error) = finish(nft.arg(loses), LIMIT) {
            return skip(&format!("needs a kernel with nftables: {error}"));
        }
        let last = format!("0-{}", mib * MIB - 1);
        let (_curl, viewer) = line.watch(&["--range", &last]);
        let watched = viewer.ends(LIMIT * 2);
        assert!(watched.bytes == line.home.source(0)[..mib * MIB], "{percent} %: other bytes");
        println!("{percent} % lost: longest without a byte {:?}", watched.longest_gap());
        if rate > 0 {
            let stood = watched.stood_still(rate, Duration::from_secs(4));
            assert!(stood < Duration::from_millis(100), "{percent} %: stood still for {stood:?}");
        }
    }
}
