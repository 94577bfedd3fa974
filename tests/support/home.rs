//! A household of two hosts: the demonstration on one, which the other reaches by a cable alone.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::netns::Lab;
use super::process::{Beside, finish};
use super::server::credenza;

const LIMIT: Duration = Duration::from_secs(60);

/// The household. Everything in it ends when it is dropped.
pub struct Home {
    pub lab: Lab,
    /// `http://10.99.0.1:8080`, as the viewer reaches it.
    pub base: String,
    program: Beside,
    folder: TempDir,
}

impl Home {
    /// `credenza demo`, with more of the environment.
    pub fn demo(environment: &[(&str, &str)]) -> Self {
        Self::demo_in(Lab::new(), environment)
    }

    /// The same in a lab that was made for it.
    pub fn demo_in(lab: Lab, environment: &[(&str, &str)]) -> Self {
        Self::start(lab, "demo", environment, |_| {})
    }

    /// `credenza serve` in which anybody may watch, with something put into its data folder before.
    pub fn serve_after(
        environment: &[(&str, &str)],
        prepare: impl FnOnce(&std::path::Path),
    ) -> Self {
        let open = [("CREDENZA_ACCESS_AUTH_REQUIRED", "false")];
        Self::start(Lab::new(), "serve", &[&open, environment].concat(), prepare)
    }

    fn start(
        lab: Lab,
        what: &str,
        environment: &[(&str, &str)],
        prepare: impl FnOnce(&std::path::Path),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(&folder.path().join("data"));
        let clean = credenza(&folder.path().join("data"));
        let mut command = lab.server.command(clean.get_program());
        command.args(clean.get_args()).args([what, "--listen", "0.0.0.0:8080", "--log", "debug"]);
        command.env("CREDENZA_LAN_MDNS", "false").envs(environment.iter().copied());
        let mut program = Beside::start(&mut command);
        program.line("an address", LIMIT, |line| line.starts_with("http://").then_some(()));
        let base = format!("http://{}:8080", lab.server.address);
        Self { lab, base, program, folder }
    }

    /// What the viewer gets, as JSON; one of our errors is an error.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        Self::asked(self.curl(path))
    }

    /// The same of a POST with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let mut curl = self.curl(path);
        curl.args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
        Self::asked(curl)
    }

    /// What a program on the server's own machine gets, with the owner's right.
    pub fn owner_get(&self, path: &str) -> Value {
        let key = std::fs::read_to_string(self.folder.path().join("data/local.key")).unwrap();
        let mut curl = self.lab.server.command("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--header"]);
        curl.arg(format!("Authorization: Bearer {}", key.trim()));
        curl.arg(format!("http://127.0.0.1:8080{path}"));
        Self::asked(curl).unwrap()
    }

    /// `curl` on the viewer.
    pub fn curl(&self, path: &str) -> Command {
        let mut curl = self.lab.viewer.command("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60"]);
        curl.arg(format!("{}{path}", self.base));
        curl
    }

    fn asked(mut curl: Command) -> Result<Value, String> {
        let text = finish(&mut curl, LIMIT)?.text();
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let told: Value =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if told["error"].is_null() { Ok(told) } else { Err(told["error"].to_string()) }
    }

    /// The process of the box.
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Interrupts the demonstration; whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.program.interrupt();
        self.program.ended(LIMIT).is_some_and(|status| status.success())
    }
}
