//! Being found, as others see it: two hosts of our own making joined by a cable. Proves the name,
//! the address, the port, the goodbye and the renames to avahi and to python-zeroconf.
//!
//! Nothing here announces on the network of whoever runs it: [`child`] and the program run inside
//! a namespace that the test made.

mod ipv6;
mod late;

use crate::support::installed::python;
use crate::support::netns::{Avahi, Lab, Namespace, Service};
use crate::support::process::{Beside, finish};
use crate::support::{skip, until};
use credenza::lan::{Advertisement, Offer};
use std::fs;
use std::io::Read as _;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

const KIND: &str = "_http._tcp";
const LIMIT: Duration = Duration::from_secs(20);
const OFFERS: [Offer<'static>; 2] = [
    Offer { kind: KIND, txt: &[("path", "/")] },
    Offer { kind: "_webdav._tcp", txt: &[("path", "/dav/")] },
];

/// Not a test: what the tests below start inside a namespace. Advertises as `Credenza`, says each
/// name it goes by, and stops when its standard input ends.
#[test]
#[ignore = "started by the other tests, in a namespace"]
fn child() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks = TaskTracker::new();
        let us =
            Advertisement::start("Credenza", ([0, 0, 0, 0], 8080).into(), &OFFERS, &tasks).unwrap();
        let mut names = us.names();
        println!("name {}", us.current_name());
        let mut input =
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        loop {
            tokio::select! {
                _ = &mut input => break,
                changed = names.changed() => {
                    changed.unwrap();
                    println!("name {}", names.borrow_and_update().host);
                }
            }
        }
        us.stop().await;
        tasks.close();
        tasks.wait().await;
        println!("stopped");
    });
}

/// [`child`], on `host`.
fn advertise(host: &Namespace) -> Beside {
    let this = std::env::current_exe().unwrap();
    let mut command = host.command(this);
    command.args(["--exact", "mdns::child", "--ignored", "--nocapture"]);
    Beside::start(&mut command)
}

fn wait_for_name(child: &mut Beside, name: &str) {
    let wanted = format!("name {name}");
    child.line(name, LIMIT, |line| line.contains(&wanted).then_some(()));
}

fn stop(mut child: Beside) {
    child.close_input();
    child.line("the stop", LIMIT, |line| line.contains("stopped").then_some(()));
    assert!(child.ended(LIMIT).is_some_and(|status| status.success()));
}

fn missing() -> Option<&'static str> {
    Lab::missing().or_else(Avahi::missing)
}

/// The one IPv4 service that avahi sees, once it does.
fn seen(avahi: &Avahi) -> Service {
    until("the service", LIMIT, || avahi.browse(KIND).into_iter().find(|s| s.protocol == "IPv4"))
}

fn assert_is_ours(service: &Service, lab: &Lab) {
    assert_eq!(service.name, "Credenza");
    assert_eq!(service.host, "credenza.local");
    assert_eq!(service.address, lab.server.address);
    assert_eq!(service.port, 8080);
    assert!(service.txt.contains(r#""path=/""#), "{service:?}");
    assert_eq!(service.interface, "lan0");
}

fn assert_host_resolves(avahi: &Avahi, name: &str, address: &str) {
    let said = finish(avahi.command("avahi-resolve").args(["-4", "-n", name]), LIMIT);
    assert_eq!(said.unwrap().text().split_whitespace().last(), Some(address));
}

fn assert_gone(avahi: &Avahi) {
    // A record that is not taken back lives for 75 minutes; a goodbye takes it at once (a second,
    // RFC 6762 section 10.1).
    until("the goodbye", LIMIT, || avahi.browse(KIND).is_empty().then_some(()));
}

#[test]
fn avahi_finds_us_by_name_and_address_until_we_say_goodbye() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let avahi = Avahi::start(&lab.viewer, "viewer");
    let child = advertise(&lab.server);
    assert_is_ours(&seen(&avahi), &lab);
    assert_host_resolves(&avahi, "credenza.local", lab.server.address);
    stop(child);
    assert_gone(&avahi);
}

#[test]
fn a_name_that_another_machine_has_is_left_to_it_and_ours_is_told() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let avahi = Avahi::start(&lab.viewer, "credenza");
    let mut child = advertise(&lab.server);
    wait_for_name(&mut child, "credenza-2.local");
    assert_eq!(seen(&avahi).host, "credenza-2.local");
    assert_host_resolves(&avahi, "credenza-2.local", lab.server.address);
    assert_host_resolves(&avahi, "credenza.local", lab.viewer.address);
    stop(child);
    assert_gone(&avahi);
}

#[test]
fn avahi_on_our_own_machine_and_we_share_the_port() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let _beside = Avahi::start(&lab.server, "box");
    let avahi = Avahi::start(&lab.viewer, "viewer");
    let child = advertise(&lab.server);
    assert_is_ours(&seen(&avahi), &lab);
    assert_host_resolves(&avahi, "box.local", lab.server.address);
    stop(child);
    assert_gone(&avahi);
}

/// From the moment at which the address is another one until avahi says so. Who does not follow is found
/// at the old address for two minutes, the life of the record.
#[test]
fn a_new_address_is_followed_within_five_seconds() {
    const FIVE_SECONDS: Duration = Duration::from_secs(5);
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let avahi = Avahi::start(&lab.viewer, "viewer");
    let child = advertise(&lab.server);
    assert_is_ours(&seen(&avahi), &lab);
    // On a machine that stood still for a while one look tells nothing.
    let addresses = [lab.server.address, "10.99.0.77", "10.99.0.78", "10.99.0.79"];
    let mut took = addresses.windows(2).map(|pair| {
        lab.move_server(pair[0], pair[1]);
        let began = Instant::now();
        until("the new address", LIMIT, || {
            let services = avahi.browse("_webdav._tcp");
            services.iter().any(|service| service.address == pair[1]).then_some(())
        });
        println!("{} is followed after {:?}", pair[1], began.elapsed());
        began.elapsed()
    });
    assert!(took.any(|took| took <= FIVE_SECONDS), "never within five seconds");
    stop(child);
}

/// Prints a line for each word of a service of [`KIND`]: `add`, `update` or `remove`.
const LISTENER: &str = r#"
import sys
from zeroconf import ServiceBrowser, Zeroconf, IPVersion
class Listener:
    def tell(self, word, zc, kind, name):
        info = zc.get_service_info(kind, name, 3000)
        if info:
            addresses = ",".join(info.parsed_addresses(IPVersion.V4Only))
            path = (info.properties.get(b"path") or b"").decode()
            print(word, name, info.server, addresses, info.port, path, sep="|", flush=True)
    def add_service(self, *a): self.tell("add", *a)
    def update_service(self, *a): self.tell("update", *a)
    def remove_service(self, zc, kind, name): print("remove", name, sep="|", flush=True)
zc = Zeroconf(interfaces=[sys.argv[1]])
ServiceBrowser(zc, "_http._tcp.local.", Listener())
print("ready", flush=True)
sys.stdin.read()
zc.close()
"#;

#[test]
fn zeroconf_hears_us_come_and_go() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let Some(python) = python() else {
        return skip("needs the Python environment of tests/run");
    };
    let lab = Lab::new();
    let mut listener = lab.viewer.command(python);
    let mut listener = Beside::start(listener.args(["-c", LISTENER, lab.viewer.address]));
    listener.line("the listener", LIMIT, |line| (line == "ready").then_some(()));
    let child = advertise(&lab.server);
    let heard =
        format!("|Credenza._http._tcp.local.|credenza.local.|{}|8080|/", lab.server.address);
    listener.line("us", LIMIT, |line| line.ends_with(&heard).then_some(()));
    stop(child);
    listener.line("the goodbye", LIMIT, |line| {
        (line == "remove|Credenza._http._tcp.local.").then_some(())
    });
}

/// The program as `Credenza` at `listen`, and its folder.
fn serve(lab: &Lab, listen: &str) -> (Beside, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("credenza.toml");
    fs::write(
        &configuration,
        "[lan]\nmdns = true\nname = \"Credenza\"\n[box]\nclaim_code = \"246802\"\n",
    )
    .unwrap();
    let mut serve = lab.server.command(env!("CARGO_BIN_EXE_credenza"));
    serve.arg("--config").arg(&configuration).arg("--data").arg(folder.path().join("data"));
    let mut program = Beside::start(serve.args(["--listen", listen, "serve"]));
    program.line("an address", LIMIT, |line| line.starts_with("http://").then_some(()));
    (program, folder)
}

#[test]
fn the_owner_is_told_that_another_machine_has_the_name() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let _avahi = Avahi::start(&lab.viewer, "credenza");
    let (mut program, folder) = serve(&lab, "0.0.0.0:8080");
    let key = fs::read_to_string(folder.path().join("data/local.key")).unwrap();
    let asked = |path: &str| {
        let mut curl = lab.server.command("curl");
        curl.args(["--silent", "--max-time", "20", "--header"]);
        curl.arg(format!("Authorization: Bearer {}", key.trim()));
        finish(curl.arg(format!("http://127.0.0.1:8080{path}")), LIMIT).unwrap().text()
    };
    let notice = until("the notice", LIMIT, || {
        let status: serde_json::Value = serde_json::from_str(&asked("/api/status")).ok()?;
        status["notices"].as_array()?.iter().find(|one| one["code"] == "name_taken").cloned()
    });
    let words = notice["message"].as_str().unwrap();
    assert!(words.contains("is called credenza.local"), "{words}");
    assert!(words.contains("found as credenza-2.local; give it a name of its own"), "{words}");
    // The page is for whoever has claimed the box.
    let claimed = folder.path().join("cookies");
    let mut claim = lab.server.command("curl");
    claim.args(["--silent", "--max-time", "20", "--cookie-jar"]).arg(&claimed);
    claim.args(["--data", "code=246802&password=long-enough"]);
    finish(claim.arg("http://127.0.0.1:8080/setup/claim"), LIMIT).unwrap();
    let mut page = lab.server.command("curl");
    page.args(["--silent", "--max-time", "20", "--cookie"]).arg(&claimed);
    let page = finish(page.arg("http://127.0.0.1:8080/setup"), LIMIT).unwrap().text();
    assert!(page.contains("href=\"http://credenza-2.local:8080/\""), "{page}");
    assert!(page.contains("Another machine in this network is called credenza.local"), "{page}");
    program.interrupt();
    assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
}

#[test]
fn the_program_is_found_as_configured_and_says_goodbye_when_interrupted() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let (mut program, _folder) = serve(&lab, "0.0.0.0:8080");
    let avahi = Avahi::start(&lab.viewer, "viewer");
    assert_is_ours(&seen(&avahi), &lab);
    assert_host_resolves(&avahi, "credenza.local", lab.server.address);
    for (kind, path) in [("_webdav._tcp", "/dav/"), ("_credenza._tcp", "/")] {
        let service = until(kind, LIMIT, || avahi.browse(kind).into_iter().next());
        assert!(service.txt.contains(&format!(r#""path={path}""#)), "{service:?}");
    }
    // The name that was advertised is a Host that is ours, on the port that was told.
    let mut ask = lab.viewer.command("curl");
    ask.args(["--silent", "--fail", "--header", "Host: credenza.local:8080"]);
    finish(ask.arg(format!("http://{}:8080/", lab.server.address)), LIMIT).unwrap();

    program.interrupt();
    assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
    assert_gone(&avahi);
}
