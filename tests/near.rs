//! Who is of the household: films are answered to who is reached without a router and to the subnets
//! that the owner adds, and to nobody else. Two hosts of our own making; one has an address beyond a
//! router too.

use std::time::Duration;

use crate::support::netns::{FAR, Lab};
use crate::support::process::{Beside, finish};
use crate::support::server::credenza;
use crate::support::skip;

const LIMIT: Duration = Duration::from_secs(30);

/// The statuses that the viewer gets for `path`: from its address on the cable, and from the far one.
fn asked(lab: &Lab, path: &str) -> [String; 2] {
    [lab.viewer.address, FAR].map(|from| {
        let mut curl = lab.viewer.command("curl");
        curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]);
        curl.args(["--interface", from, "--max-time", "10"]);
        let address = format!("http://{}:8080{path}", lab.server.address);
        finish(curl.arg(address), LIMIT).unwrap().text().trim().to_owned()
    })
}

#[test]
fn without_a_password_the_household_alone_may_look() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let lab = Lab::new().with_a_far_address();
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("credenza.toml");
    std::fs::write(&settings, "[access]\nauth_required = false\n").unwrap();
    let program = started_with(&lab, folder.path(), "", Some(&settings));
    let path = "/api/library";
    assert_eq!(asked(&lab, path), ["200", "401"]);
    assert_eq!(why(&lab, FAR, path), "not_signed_in");
    stop(program);
}

fn started(lab: &Lab, folder: &std::path::Path, subnets: &str) -> Beside {
    started_with(lab, folder, subnets, None)
}

fn started_with(
    lab: &Lab,
    folder: &std::path::Path,
    subnets: &str,
    settings: Option<&std::path::Path>,
) -> Beside {
    let program = credenza(&folder.join("data"));
    let mut command = lab.server.command(program.get_program());
    command.args(program.get_args());
    if let Some(settings) = settings {
        command.arg("--config").arg(settings);
    }
    command.env("CREDENZA_LAN_MDNS", "false").env("CREDENZA_LAN_SUBNETS", subnets);
    let mut program = Beside::start(command.args(["serve", "--listen", "0.0.0.0:8080"]));
    program.line("an address", LIMIT, |line| line.starts_with("http://").then_some(()));
    program
}

fn stop(mut program: Beside) {
    program.interrupt();
    assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
}

/// 403 either way, but only the far one for where it is: the key of this address is nobody's.
const FILM: &str = "/v/nobodys-key/film.mkv";

/// Films, lists, and the control of sets.
const NEAR: [&str; 9] = [
    FILM,
    "/sub/nobodys.srt",
    "/stremio/nobodys-key/manifest.json",
    "/stream/proxy/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c?key=nobodys",
    "/api/stream/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c",
    "/api/renderers",
    "/television/one",
    "/files/",
    "/dlna/device.xml",
];

#[test]
fn films_are_for_the_household_alone() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let lab = Lab::new().with_a_far_address();
    let folder = tempfile::tempdir().unwrap();
    let program = started(&lab, folder.path(), "");
    assert_eq!(asked(&lab, FILM), ["403", "403"]);
    for path in NEAR {
        assert_eq!(why(&lab, FAR, path), "not_near", "{path}");
    }
    assert_eq!(why(&lab, lab.viewer.address, FILM), "bad_media_key");
    // Pages have an owner, who may be anywhere.
    assert_eq!(asked(&lab, "/health"), ["200", "200"]);
    stop(program);

    let program = started(&lab, folder.path(), "10.98.0.0/24");
    assert_eq!(why(&lab, FAR, FILM), "bad_media_key", "the owner has added its subnet");
    stop(program);
}

/// A commercial VPN gives each customer an address of one large network: the others are strangers.
#[test]
fn the_other_end_of_a_tunnel_is_not_the_household() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    if !std::path::Path::new("/dev/net/tun").exists() {
        return skip("needs /dev/net/tun");
    }
    // FAR, as one who stands in the tunnel's network; the cable carries for it.
    let lab = Lab::new().with_a_far_address();
    lab.server.ip("tuntap add dev tun0 mode tun").unwrap();
    lab.server.ip("addr add 10.98.7.7/16 dev tun0").unwrap();
    lab.server.ip("link set tun0 up").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = started(&lab, folder.path(), "");
    assert_eq!(why(&lab, FAR, FILM), "not_near");
    assert_eq!(why(&lab, lab.viewer.address, FILM), "bad_media_key");
    stop(program);

    let program = started(&lab, folder.path(), "10.98.0.0/16");
    assert_eq!(why(&lab, FAR, FILM), "bad_media_key", "the owner has added it");
    stop(program);
}

/// The code of the refusal of `path`, asked from `from`.
fn why(lab: &Lab, from: &str, path: &str) -> String {
    let mut curl = lab.viewer.command("curl");
    curl.args(["--silent", "--interface", from, "--max-time", "10"]);
    let address = format!("http://{}:8080{path}", lab.server.address);
    let answer = finish(curl.arg(address), LIMIT).unwrap().text();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["error"]["code"].as_str().unwrap().to_owned()
}
