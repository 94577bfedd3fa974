//! Stremio: the add-on as its own client library and real players use it, and the streaming server as
//! its apps ask it. The real program on loopback, or between two hosts of our own making; the
//! demonstration's household is the world.

mod addon;
mod keys;
mod near;
mod proxy;
mod server;

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::programs::House;
use crate::support::installed::node_modules;
use crate::support::process::finish;

const LIMIT: Duration = Duration::from_secs(120);
/// The demonstration's film, and its series.
const FILM: &str = "tt9900101";
const SERIES: &str = "tt9900102";

/// A key for a device, and the add-on's address with it, of this house.
fn install(house: &House, device: &str) -> Value {
    let body = json!({"name": device});
    house.ask(201, "POST", "/api/stremio/keys", Some(&body))
}

/// The path of an address of ours.
fn path_of(url: &Value) -> String {
    let url = url.as_str().expect("an address");
    let (_, rest) = url.split_once("://").expect("a whole address");
    rest[rest.find('/').expect("a path")..].to_owned()
}

/// The path below the add-on's own.
fn below(install: &Value, path: &str) -> String {
    path_of(&install["manifest"]).replace("manifest.json", path)
}

/// What Stremio's client library gets of an add-on; `None` where it is not installed.
fn by_client(manifest: &str, asks: &[Value]) -> Option<Value> {
    let modules = node_modules().filter(|at| at.join("stremio-addon-client").is_dir())?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stremio/client.cjs");
    let mut command = Command::new("node");
    command.arg(script).arg(manifest).env("NODE_PATH", modules);
    for ask in asks {
        command.arg(ask.to_string());
    }
    let said = finish(&mut command, LIMIT).unwrap_or_else(|error| panic!("{error}"));
    Some(serde_json::from_str(&said.text()).expect("JSON"))
}
