//! A version on trial keeps itself only where it can do what a box is for: serve a film.

use std::time::Duration;

use credenza::app::App;
use credenza::appliance::{Interfaces, Options, Timing};
use credenza::config::Config;
use serde_json::{Value, json};

use crate::support::disk::PulledDisk;
use crate::support::http;
use crate::support::server::Server;
use crate::support::the_box::TheBox;
use crate::support::{skip, until};

const LONG: Duration = Duration::from_secs(60);

/// A box that has started 0.4.0 from its other slot, once.
fn on_trial() -> Result<TheBox, &'static str> {
    let the_box = TheBox::new()?;
    the_box.holds("0.4.0", 40);
    the_box.card.try_other(false).unwrap();
    the_box.runs('b', "0.4.0", 40);
    Ok(the_box)
}

fn standing(server: &Server) -> Value {
    server.owner("GET", "/api/box").send().json()
}

#[test]
fn a_version_that_serves_a_film_is_kept() {
    let the_box = match on_trial() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    assert_eq!(standing(&server)["facts"]["trial"], true);
    let cookie = server.claim("long-enough");
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("on trial"), "{page}");
    let kept = until("the commit", LONG, || {
        let facts = standing(&server)["facts"].clone();
        (facts["default"] == "b").then_some(facts)
    });
    assert_eq!(kept["trial"], false, "{kept}");
    assert!(!the_box.was_rebooted());
    assert!(server.log().contains("this version is well, and is kept"), "{}", server.log());
    // Nothing of the proof is left, and nobody was seen watching.
    assert!(!the_box.data().join("library/credenza-trial").exists());
    let update = standing(&server)["update"].clone();
    assert_eq!((&update["state"], &update["waiting"]), (&json!("idle"), &json!(false)));
    assert_eq!(server.stop(), 0);
}

/// The server in this process, so that two minutes are seconds.
fn in_process(the_box: &TheBox, configuration: &str) -> (tokio::runtime::Runtime, App) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let data = the_box.data();
    std::fs::create_dir_all(&data).unwrap();
    let mut config = Config::from_text("test", configuration).unwrap();
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.lan.mdns = false;
    let options = Options {
        root: Some(the_box.root().to_owned()),
        interfaces: Interfaces { sys: the_box.path("sys/class/net"), ..Interfaces::default() },
        timing: Timing {
            trial_pause: Duration::from_millis(50),
            trial_limit: Duration::from_secs(3),
            ..Timing::default()
        },
        ..Options::default()
    };
    let app = runtime.block_on(App::start_as(config, &data, options)).unwrap();
    (runtime, app)
}

#[test]
fn a_version_whose_library_cannot_serve_a_film_goes_and_says_why() {
    let the_box = match on_trial() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    // Everything answers; only where films lie is no folder.
    the_box.write("no-folder", "a file");
    let library = format!("[library]\npath = \"{}\"\n", the_box.path("no-folder").display());
    let (runtime, app) = in_process(&the_box, &library);
    let address = app.addresses()[0];
    assert_eq!(http::get(&format!("http://{address}/health")).send().status, 200);
    until("the new start", LONG, || the_box.was_rebooted().then_some(()));
    assert_eq!(the_box.card.facts()["trial"], true, "it was never committed");
    assert!(
        String::from_utf8_lossy(&the_box.card.autoboot()).contains("boot_partition=2\n[tryboot]")
    );
    runtime.block_on(app.stop());
    // What still runs holds the data folder, which the next program is to open.
    runtime.shutdown_timeout(LONG);

    // The firmware starts what starts by default, and the steward takes note.
    the_box.runs('a', "0.3.0", 30);
    assert!(the_box.card.steward("prepare").status().unwrap().success());
    let server = the_box.serve("");
    let told = until("the word about it", LONG, || {
        let standing = standing(&server);
        (standing["update"]["state"] == "failed").then_some(standing)
    });
    let message = told["update"]["message"].as_str().unwrap();
    assert!(message.contains("Version 0.4.0 was tried and did not stay"), "{message}");
    assert!(message.contains("no film can be kept in"), "{message}");
    assert_eq!(told["facts"]["refused"], json!([40]));
    let cookie = server.claim("long-enough");
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("did not stay"), "{page}");

    // Not offered again from an address; the owner's own word is taken.
    let upstream = crate::support::upstream::Upstream::start();
    upstream.on("/u", crate::support::upstream::Reply::ok(the_box.bundle("0.4.0", 40).bytes()));
    drop(server);
    let url = format!(
        "[update]\nurl = \"{}\"\n[network]\nallow_private = [\"{}\"]\n",
        upstream.url("/u"),
        upstream.addr()
    );
    let server = the_box.serve(&url);
    // It looks by itself as well, at its start.
    let checked = until("a look for updates", LONG, || {
        let checked = server.owner("POST", "/api/box/update/check").send();
        (checked.status != 409).then_some(checked)
    });
    assert_eq!(checked.json()["state"], "failed", "{}", checked.text());
    let again = server.owner("POST", "/api/box/update/restart").send();
    assert_eq!(again.status, 202, "{}", again.text());
}

/// The disk's fault is the disk's: it is the same for the version before, and the owner could never
/// update until the disk is out.
#[test]
fn a_film_disk_with_a_bad_block_is_no_reason_to_give_an_update_up() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let the_box = match on_trial() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let mut disk = PulledDisk::formatted(64, &["-b", "4096"]);
    disk.loses_its_first_folder();
    disk.plug();
    let told = std::fs::read_dir(disk.mount()).and_then(|mut entries| entries.next().transpose());
    assert_eq!(told.unwrap_err().raw_os_error(), Some(5), "EIO");
    let library = format!("[library]\npath = \"{}\"\n", disk.mount().display());
    let (runtime, app) = in_process(&the_box, &library);
    until("the outcome", LONG, || {
        let ended = the_box.was_rebooted() || the_box.card.facts()["trial"] == false;
        ended.then_some(())
    });
    assert!(!the_box.was_rebooted(), "it was given up");
    assert_eq!(the_box.card.facts()["default"], "b");
    runtime.block_on(app.stop());
}

/// A card that cannot be committed to is no reason to stay: the next start is the old one's anyway.
#[test]
fn a_version_that_cannot_be_committed_starts_the_box_anew() {
    let the_box = match on_trial() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let selector = the_box.card.selector().to_owned();
    let mut bytes = std::fs::read(&selector).unwrap();
    bytes[..4096].fill(0);
    std::fs::write(&selector, bytes).unwrap();
    // Which slot starts is not known then, and so not whether this is a trial.
    assert_eq!(the_box.card.facts()["trial"], false);
    let (runtime, app) = in_process(&the_box, "");
    let address = app.addresses()[0];
    assert_eq!(http::get(&format!("http://{address}/health")).send().status, 200);
    runtime.block_on(app.stop());
    assert!(!the_box.was_rebooted());
}
