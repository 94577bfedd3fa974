//! The real program as a child: started, asked, interrupted.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{self, Answer, Ask};
use super::until;

/// The program, with nothing of this machine's household in its environment, and silent in the
/// local network.
pub fn credenza(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credenza"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CREDENZA_") {
            command.env_remove(name);
        }
    }
    command.env("CREDENZA_LAN_MDNS", "false").env("CREDENZA_LAN_UPNP", "false");
    // A test that wants OpenSubtitles has a stand-in for it; nobody else's is asked.
    command.env("CREDENZA_TITLE_OPENSUBTITLES_URL", "http://127.0.0.1:9");
    command.arg("--data").arg(data).stdin(Stdio::null());
    command
}

/// Runs a command that answers and ends.
pub fn run(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

/// A serving child. Killed when dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    pub data: PathBuf,
    /// Everything it wrote on standard output after the addresses, and on standard error.
    out: Arc<Mutex<String>>,
    log: Arc<Mutex<String>>,
    _folder: Option<tempfile::TempDir>,
}

/// A listener on a free port of loopback is what most tests want.
const ANY: &str = "127.0.0.1:0";

impl Server {
    /// `credenza demo`.
    pub fn demo() -> Self {
        Self::demo_with(&[])
    }

    /// The same with more of the environment.
    pub fn demo_with(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = credenza(&folder.path().join("data"));
        command.envs(environment.iter().copied());
        command.args(["demo", "--listen", ANY, "--log", "debug"]);
        command.env_remove("CREDENZA_TITLE_OPENSUBTITLES_URL");
        Self::start(command, folder.path().join("data"), Some(folder))
    }

    /// `credenza serve` with this configuration.
    pub fn serve(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::serve_on(&data, configuration, Some(folder))
    }

    /// The same on a data folder that outlives it.
    pub fn serve_on(data: &Path, configuration: &str, folder: Option<tempfile::TempDir>) -> Self {
        Self::start(Self::command(data, configuration, ANY), data.to_owned(), folder)
    }

    /// The same, not started yet, to listen elsewhere or to be started in another surrounding.
    pub fn command(data: &Path, configuration: &str, listen: &str) -> Command {
        std::fs::create_dir_all(data).unwrap();
        let file = data.join("test.toml");
        std::fs::write(&file, configuration).unwrap();
        let mut command = credenza(data);
        command.args(["serve", "--listen", listen, "--log", "debug", "--config"]).arg(file);
        if configuration.contains("opensubtitles_url") {
            command.env_remove("CREDENZA_TITLE_OPENSUBTITLES_URL");
        }
        command
    }

    pub fn start(mut command: Command, data: PathBuf, folder: Option<tempfile::TempDir>) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let out = gather(child.stdout.take().unwrap());
        let log = gather(child.stderr.take().unwrap());
        let base = until("the server's address", Duration::from_secs(60), || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended ({status}): {}", log.lock().unwrap());
            }
            let out = out.lock().unwrap();
            let line = out.lines().find(|line| line.starts_with("http://"))?;
            Some(line.trim().trim_end_matches('/').to_owned())
        });
        Self { child, base, data, out, log, _folder: folder }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn claim_code(&self) -> String {
        until("the claim code", Duration::from_secs(60), || {
            let log = self.log();
            let line = log.lines().find_map(|line| line.strip_prefix("claim code: "))?;
            Some(line.trim().to_owned())
        })
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask {
        http::ask(method, &format!("{}{path}", self.base))
    }

    /// A request with the owner's right of a program on this machine.
    pub fn owner(&self, method: &str, path: &str) -> Ask {
        let key = std::fs::read_to_string(self.data.join("local.key")).expect("local.key");
        self.ask(method, path).with("Authorization", &format!("Bearer {}", key.trim()))
    }

    /// Claims the box; the session's cookie.
    pub fn claim(&self, password: &str) -> String {
        let body = json!({"code": self.claim_code(), "password": password});
        let answer = self.ask("POST", "/api/claim").json(&body).send();
        assert_eq!(answer.status, 201, "{}", answer.text());
        let cookie = answer.header("set-cookie").expect("a session").to_owned();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// What `play` answers for this id. Where no index answered in its time, as on a machine that
    /// has much else to do, it is asked again.
    pub fn play(&self, id: &str) -> Value {
        until("an index to answer", Duration::from_secs(60), || {
            let answer = self.owner("POST", &format!("/api/play/{id}")).send();
            let is_late =
                answer.status == 502 && answer.json()["error"]["code"] == json!("no_index");
            assert!(is_late || answer.status == 200, "{}\n{}", answer.text(), self.log());
            (!is_late).then(|| answer.json())
        })
    }

    /// Interrupts it and waits for its exit code.
    pub fn stop(self) -> i32 {
        self.stop_by("INT")
    }

    pub fn stop_by(mut self, signal: &str) -> i32 {
        self.signal(signal);
        let child = &mut self.child;
        until("the server's end", Duration::from_secs(20), || child.try_wait().unwrap())
            .code()
            .unwrap_or(-1)
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end beside the test, so that the child never waits for a reader.
fn gather(pipe: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let _ = reader.read_to_end(&mut line);
    });
    text
}
