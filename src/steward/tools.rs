//! Outside programs: file systems, partitions, systemd. Each runs with a time limit and an
//! environment of its own; secrets go in by standard input or a file, never by argument.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::words::Refusal;

/// Where programs lie; the first that has the name is taken.
const FOLDERS: [&str; 2] = ["usr/bin", "usr/sbin"];

/// Never taken from the machine that a test runs on: they would act on it as a whole.
const OF_THE_BOX_ALONE: [&str; 2] = ["systemctl", "iw"];

/// What a program is given to end; a check of a large disk with faults takes its time.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The programs of a system. Those below its root come first, so that a test can put its own there;
/// on the box that is the same place.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    root: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    name: String,
    /// Its exit code; 255 where it was killed.
    pub(super) code: i32,
    pub(super) stdout: String,
    said: String,
}

impl Tools {
    pub(super) fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Runs `name` to its end.
    pub(super) fn run(&self, name: &str, arguments: &[&str]) -> Result<Ended, Refusal> {
        self.run_with(name, arguments, "")
    }

    /// The same with `input` on its standard input.
    pub(super) fn run_with(
        &self,
        name: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<Ended, Refusal> {
        let failed = |error: &dyn std::fmt::Display| {
            Refusal::new("no_tool", format!("the program {name} could not be run: {error}"))
        };
        let mut child = Command::new(self.place(name))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        // Small enough for the pipe; a program that does not read it is none of our business.
        let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input.as_bytes()));
        let id = rustix::process::Pid::from_child(&child);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        let output = told.recv_timeout(LIMIT).or_else(|_| {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
            // A program that waits for a dead disk cannot even be killed.
            told.recv_timeout(Duration::from_secs(5))
        });
        let output = output.map_err(|_| failed(&"it does not end"))?;
        let output = output.map_err(|error| failed(&error))?;
        Ok(Ended {
            name: name.to_owned(),
            code: output.status.code().unwrap_or(255),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs `name` and wants it to end well.
    pub(super) fn done(&self, name: &str, arguments: &[&str]) -> Result<Ended, Refusal> {
        self.run(name, arguments)?.well()
    }

    fn place(&self, name: &str) -> PathBuf {
        let places = FOLDERS.map(|folder| self.root.join(folder).join(name));
        let [first, _] = &places;
        let outside = if self.root != Path::new("/") && OF_THE_BOX_ALONE.contains(&name) {
            first.clone()
        } else {
            PathBuf::from(name)
        };
        places.into_iter().find(|place| place.is_file()).unwrap_or(outside)
    }
}

impl Ended {
    /// Itself, if its exit code is 0.
    pub(super) fn well(self) -> Result<Self, Refusal> {
        if self.code == 0 { Ok(self) } else { Err(self.refusal()) }
    }

    /// What it said, as a refusal.
    pub(super) fn refusal(&self) -> Refusal {
        let message = format!("{} failed ({}): {}", self.name, self.code, self.last_words());
        Refusal::new("tool_failed", message)
    }

    fn last_words(&self) -> &str {
        let last = |text: &'_ str| text.trim_end().rfind('\n').map_or(0, |at| at + 1);
        let said = if self.said.trim().is_empty() { &self.stdout } else { &self.said };
        let words = said[last(said)..].trim();
        if words.is_empty() { "it does not say why" } else { words }
    }

    /// Whether it said `words` anywhere.
    pub(super) fn says(&self, words: &str) -> bool {
        self.said.contains(words) || self.stdout.contains(words)
    }
}
