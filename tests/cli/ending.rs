//! How a command ends: cut off by a signal, or with nobody left who reads what it prints.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use credenza::torrent::IndexName;

use crate::support::server::{Server, credenza};
use crate::support::upstream::{Reply, Upstream};
use crate::support::{only, until};

const LIMIT: Duration = Duration::from_secs(30);

/// A child that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.unwrap().success());
    }

    fn ended(&mut self) -> ExitStatus {
        until("the command's end", LIMIT, || self.0.try_wait().unwrap())
    }

    /// Waits until it catches SIGTERM, which a program does not from its first instruction on.
    fn catches_signals(&self) {
        let path = format!("/proc/{}/status", self.0.id());
        until("a handler of SIGTERM", LIMIT, || {
            let status = std::fs::read_to_string(&path).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
            let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
            (caught & (1 << 14) != 0).then_some(())
        });
    }
}

/// A world in which the one index that is asked never answers, whichever of eight films is wanted.
fn slow() -> (Upstream, String) {
    let silent = Upstream::start();
    for number in 0..8 {
        silent.on(&format!("/stream/movie/tt125420{number}.json"), Reply::hang());
    }
    let configuration = format!(
        "[title]\ncinemeta_url = \"{0}\"\n[index.torrentio]\nurl = \"{0}\"\n\
         {2}[network]\nallow_private = [\"{1}\"]\n[swarm]\nenabled = false\n",
        silent.url("/"),
        silent.addr(),
        only(&[IndexName::Torrentio]),
    );
    (silent, configuration)
}

#[test]
fn a_server_goes_on_when_nobody_reads_its_standard_output() {
    for command in ["serve", "demo"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server =
            Running::start(credenza(folder.path()).args([command, "--listen", "127.0.0.1:0"]));
        drop(server.0.stdout.take());
        let log = BufReader::new(server.0.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("claim code: ")), "{command}");
        let log = std::thread::spawn(move || lines.for_each(drop));
        server.catches_signals();
        assert!(server.0.try_wait().unwrap().is_none(), "{command} ended");
        server.signal("TERM");
        assert_eq!(server.ended().code(), Some(0), "{command}");
        assert!(!folder.path().join("server.json").exists(), "{command}");
        log.join().unwrap();
    }
}

#[test]
fn an_answer_that_nobody_reads_is_no_failure_and_a_full_disk_is() {
    let files = "[{\"index\": 0, \"name\": \"A.Film.2020.mkv\", \"size\": 5}]";
    for (arguments, input) in [(["parse", "A.Film.2020"], ""), (["select", "--log=warn"], files)] {
        let folder = tempfile::tempdir().unwrap();
        let mut done = Running::start(credenza(folder.path()).args(arguments));
        drop(done.0.stdout.take());
        let _ = done.0.stdin.take().unwrap().write_all(input.as_bytes());
        assert_eq!(done.ended().code(), Some(0), "{arguments:?}");
        let mut said = String::new();
        done.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "", "{arguments:?}");

        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = credenza(folder.path());
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(said.contains("the answer cannot be written: No space left"), "{said}");
    }
}

#[test]
fn parse_and_select_cut_off_before_the_answer_exit_130() {
    for command in ["parse", "select"] {
        for signal in ["INT", "TERM"] {
            let folder = tempfile::tempdir().unwrap();
            // Its input stays open: it waits for more.
            let mut running = Running::start(credenza(folder.path()).arg(command));
            running.catches_signals();
            running.signal(signal);
            assert_eq!(running.ended().code(), Some(130), "{command} {signal}");
        }
    }
}

#[test]
fn find_cut_off_exits_130_and_play_drains_and_exits_0() {
    let (silent, configuration) = slow();
    let server = Server::serve(&configuration);
    let alone = tempfile::tempdir().unwrap();
    let file = server.data.join("test.toml");
    // A film each: who asks for the same as another waits for the same search.
    let mut films = (0..8).map(|number| format!("tt125420{number}"));
    for (command, data, code) in [
        ("find", server.data.as_path(), 130),
        ("find", alone.path(), 130),
        ("play", server.data.as_path(), 0),
        ("play", alone.path(), 0),
    ] {
        for signal in ["INT", "TERM"] {
            let before = silent.requests().len();
            let mut ask = credenza(data);
            ask.args([command, &films.next().unwrap(), "--config"]).arg(&file);
            ask.env("CREDENZA_SERVER_LISTEN", "127.0.0.1:0");
            let mut running = Running::start(&mut ask);
            until("the index to be asked", LIMIT, || {
                let asked = silent.requests();
                asked[before..].iter().any(|seen| seen.path.starts_with("/stream/")).then_some(())
            });
            running.signal(signal);
            assert_eq!(running.ended().code(), Some(code), "{command} {signal} {data:?}");
        }
    }
}

#[test]
fn a_signal_right_after_the_address_drains() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let mut server =
            Running::start(credenza(folder.path()).args(["serve", "--listen", "127.0.0.1:0"]));
        let mut out = BufReader::new(server.0.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        server.signal("TERM");
        assert_eq!(server.ended().code(), Some(0));
        assert!(!folder.path().join("server.json").exists());
    }
}

#[test]
fn a_signal_while_the_demonstration_starts_drains_and_leaves_no_folder() {
    for signal in ["INT", "TERM"] {
        let temporary = tempfile::tempdir().unwrap();
        let entries = || std::fs::read_dir(temporary.path()).unwrap().count();
        let mut command = Command::new(env!("CARGO_BIN_EXE_credenza"));
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", temporary.path());
        let mut demo = Running::start(&mut command);
        until("the demonstration's folder", LIMIT, || (entries() > 0).then_some(()));
        demo.signal(signal);
        assert_eq!(demo.ended().code(), Some(0), "{signal}");
        assert_eq!(entries(), 0, "{signal}");
    }
}
