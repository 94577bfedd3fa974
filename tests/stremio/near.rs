//! Who is not of the household gets nothing: two hosts of our own making, of which one also has an
//! address behind a router.

use std::process::Command;

use crate::support::netns::{Lab, Namespace};
use crate::support::process::{Beside, finish};
use crate::support::server::credenza;
use crate::support::{has, skip, until};

use super::LIMIT;

/// An address of the viewer's that no link of the server leads to.
const FAR: &str = "10.77.0.2";

fn ip(host: &Namespace, arguments: &str) {
    let mut command = host.command("ip");
    command.args(arguments.split(' '));
    finish(&mut command, LIMIT).unwrap_or_else(|error| panic!("ip {arguments}: {error}"));
}

/// The status that the viewer gets, asking from this address.
fn status(viewer: &Namespace, from: &str, url: &str) -> Result<String, String> {
    let mut command = viewer.command("curl");
    command.args(["--silent", "--noproxy", "*", "--interface", from, "--max-time", "10"]);
    command.args(["--output", "/dev/null", "--write-out", "%{http_code}", url]);
    finish(&mut command, LIMIT).map(|ended| ended.text())
}

#[test]
fn the_add_on_and_the_server_answer_the_household_alone() {
    if let Some(missing) = Lab::missing() {
        return skip(missing);
    }
    if !has("curl") {
        return skip("needs curl");
    }
    let lab = Lab::new();
    ip(&lab.viewer, &format!("addr add {FAR}/32 dev lo"));
    ip(&lab.server, &format!("route add {FAR}/32 via {}", lab.viewer.address));
    let folder = tempfile::tempdir().unwrap();
    let mut inner = credenza(folder.path());
    inner.args(["demo", "--listen", "0.0.0.0:8080"]);
    let mut command = within(&lab.server, &inner);
    command.env("CREDENZA_STREMIO_SERVER_ENABLED", "true").env("CREDENZA_LAN_MDNS", "false");
    let _server = Beside::start(&mut command);
    let server = lab.server.address;
    let settings = format!("http://{server}:11470/settings");
    until("the streaming server", LIMIT, || {
        status(&lab.viewer, lab.viewer.address, &settings).ok().filter(|code| code == "200")
    });
    for (path, near) in [
        (":11470/settings", "200"),
        (":11470/stats.json", "200"),
        // The key is asked for after the address.
        (":8080/stremio/x/manifest.json", "403"),
    ] {
        let url = format!("http://{server}{path}");
        assert_eq!(status(&lab.viewer, lab.viewer.address, &url).unwrap(), near, "{path}");
        assert_eq!(status(&lab.viewer, FAR, &url).unwrap(), "403", "{path} from afar");
    }
    let mut told = lab.viewer.command("curl");
    told.args(["--silent", "--noproxy", "*", "--interface", FAR, "--max-time", "10"]);
    told.arg(format!("http://{server}:8080/stremio/x/manifest.json"));
    let told = finish(&mut told, LIMIT).unwrap().text();
    assert!(told.contains("not_near"), "{told}");
}

/// The same command on this host.
fn within(host: &Namespace, inner: &Command) -> Command {
    let mut command = host.command(inner.get_program());
    command.args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}
