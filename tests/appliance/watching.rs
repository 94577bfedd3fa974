//! Nothing is written, and nothing started anew, while somebody watches: not at the beginning, and not
//! in the middle.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use credenza::app::App;
use credenza::appliance::{Interfaces, Options, Timing};
use credenza::config::Config;
use credenza::demo::{self, Demo};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use crate::support::http::{self, Answer};
use crate::support::the_box::TheBox;
use crate::support::{skip, until};

const LONG: Duration = Duration::from_secs(60);

/// The household of the demonstration, so that there is a film to watch.
struct Household {
    demo: Demo,
    runtime: tokio::runtime::Runtime,
}

impl Household {
    fn new(the_box: &TheBox) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let home = the_box.path("household");
        std::fs::create_dir(&home).unwrap();
        let demo = runtime.block_on(demo::start(TaskTracker::new(), &home)).unwrap();
        Self { demo, runtime }
    }
}

#[test]
fn nothing_is_written_and_nothing_started_while_somebody_watches() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let household = Household::new(&the_box);
    the_box.holds("0.4.0", 40);
    let server = the_box.serve(&household.demo.configuration());
    let play = server.play("tt9900101");
    let url = play["url"].as_str().unwrap();
    let path = &url[url.find("/v/").unwrap()..];
    let part = server.ask("GET", path).with("Range", "bytes=0-999").send();
    assert_eq!(part.status, 206);
    let refused = server.owner("PUT", "/api/box/update");
    let bundle = the_box.bundle("0.5.0", 50).bytes();
    let refused = refused.bytes("application/octet-stream", &bundle).send();
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (409, &json!("someone_is_watching"))
    );
    let standing = || server.owner("GET", "/api/box").send().json();
    assert_eq!(standing()["facts"]["other"]["counter"], 40, "what was there is there");
    let begun = server.owner("POST", "/api/box/update/restart").send();
    assert_eq!(begun.status, 202, "{}", begun.text());
    let waits = until("it waits", LONG, || {
        Some(standing()["update"].clone()).filter(|u| u["waiting"] == true)
    });
    assert_eq!((&waits["state"], &waits["version"]), (&json!("restarting"), &json!("0.4.0")));
    assert!(!the_box.was_rebooted());
    assert_eq!(the_box.card.one_shot(), "");
    assert_eq!(server.stop(), 0);
    household.runtime.block_on(household.demo.stop());
}

/// A household and a box in this process, so that the minute after a film's last byte is a second.
struct Evening {
    household: Household,
    app: Option<App>,
    base: String,
    key: String,
}

impl Evening {
    fn new(the_box: &TheBox, more: &str, trial_limit: Duration) -> Self {
        let household = Household::new(the_box);
        let data = the_box.data();
        std::fs::create_dir_all(&data).unwrap();
        let configuration = household.demo.configuration() + more;
        let mut config = Config::from_text("test", &configuration).unwrap();
        (config.listen, config.lan.mdns) = ("127.0.0.1:0".parse().unwrap(), false);
        let options = Options {
            root: Some(the_box.root().to_owned()),
            interfaces: Interfaces { sys: the_box.path("sys/class/net"), ..Interfaces::default() },
            timing: Timing {
                watched: Duration::from_secs(1),
                trial_pause: Duration::from_millis(50),
                trial_limit,
                ..Timing::default()
            },
            ..Options::default()
        };
        let app = household.runtime.block_on(App::start_as(config, &data, options)).unwrap();
        let base = format!("http://{}", app.addresses()[0]);
        let key = std::fs::read_to_string(data.join("local.key")).unwrap().trim().to_owned();
        Self { household, app: Some(app), base, key }
    }

    fn owner(&self, method: &str, path: &str) -> Answer {
        let key = format!("Bearer {}", self.key);
        http::ask(method, &format!("{}{path}", self.base)).with("Authorization", &key).send()
    }

    fn standing(&self) -> Value {
        self.owner("GET", "/api/box").json()
    }

    fn waits(&self) -> bool {
        self.standing()["update"]["waiting"] == true
    }

    /// Somebody begins to watch; a reader that takes its time, as a set that plays does.
    fn watches(&self) -> Watching {
        let play = until("a film", LONG, || {
            let play = self.owner("POST", "/api/play/tt9900101");
            (play.status == 200).then(|| play.json())
        });
        let film = http::get(play["url"].as_str().unwrap()).with("Range", "bytes=0-999");
        assert_eq!(film.clone().send().status, 206);
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let reading = std::thread::spawn(move || {
            while !ends.load(Ordering::Acquire) {
                assert_eq!(film.clone().send().status, 206);
                std::thread::park_timeout(Duration::from_millis(200));
            }
        });
        Watching { over, reading: Some(reading) }
    }
}

impl Drop for Evening {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            self.household.runtime.block_on(app.stop());
            self.household.runtime.block_on(self.household.demo.stop());
        }
    }
}

struct Watching {
    over: Arc<AtomicBool>,
    reading: Option<JoinHandle<()>>,
}

impl Watching {
    fn ends(mut self) {
        self.over.store(true, Ordering::Release);
        self.reading.take().unwrap().join().unwrap();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        let _ = self.reading.take().map(JoinHandle::join);
    }
}

#[test]
fn once_nobody_watches_the_update_goes_on_by_itself() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.holds("0.4.0", 40);
    let evening = Evening::new(&the_box, "", LONG);
    let watching = evening.watches();
    until("the film", LONG, || {
        evening.owner("POST", "/api/box/update/restart");
        evening.waits().then_some(())
    });
    assert!(!the_box.was_rebooted());
    watching.ends();
    until("the new start", LONG, || the_box.was_rebooted().then_some(()));
}

/// Half of an update is written when a film begins.
#[test]
fn a_film_that_begins_in_the_middle_of_an_update_is_not_disturbed() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let evening = Evening::new(&the_box, "", LONG);
    let bundle = the_box.bundle("0.4.0", 40).bytes();
    let address = evening.base.trim_start_matches("http://");
    let mut sender = TcpStream::connect(address).unwrap();
    let head = format!(
        "PUT /api/box/update HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        evening.key,
        bundle.len()
    );
    sender.write_all(head.as_bytes()).unwrap();
    let (half, rest) = bundle.split_at(bundle.len() / 2);
    sender.write_all(half).unwrap();
    let done = || evening.standing()["update"]["progress"]["bytes"].as_u64();
    until("half of it", LONG, || done().filter(|bytes| *bytes > 0));

    let watching = evening.watches();
    let (rest, mut writer) = (rest.to_owned(), sender.try_clone().unwrap());
    let sending = std::thread::spawn(move || writer.write_all(&rest).unwrap());
    let waits = until("it to wait", LONG / 2, || {
        assert_eq!(evening.standing()["facts"]["other"], json!(null), "written to its end");
        Some(evening.standing()["update"].clone()).filter(|update| update["waiting"] == true)
    });
    assert_eq!(waits["state"], "receiving", "{waits}");
    assert!(waits["message"].as_str().unwrap().contains("nobody is watching"), "{waits}");
    let before = done();
    std::thread::park_timeout(Duration::from_secs(2));
    assert_eq!(done(), before, "it was written on");
    watching.ends();
    let mut answer = String::new();
    sender.read_to_string(&mut answer).unwrap();
    sending.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(evening.standing()["facts"]["other"], json!({"version": "0.4.0", "counter": 40}));
}

/// A version on trial that cannot keep a film plays one all the same.
#[test]
fn a_trial_is_not_given_up_in_the_middle_of_a_film() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.holds("0.4.0", 40);
    the_box.card.try_other(false).unwrap();
    the_box.runs('b', "0.4.0", 40);
    the_box.write("no-folder", "a file");
    let library = the_box.path("no-folder").display().to_string();
    let library = format!("\n[library]\npath = \"{library}\"\n");
    let limit = Duration::from_secs(45);
    let evening = Evening::new(&the_box, &library, limit);
    let watching = evening.watches();
    assert!(!the_box.was_rebooted(), "nobody has watched yet");
    // From here on the trial's time runs out.
    std::thread::park_timeout(limit);
    assert!(!the_box.was_rebooted(), "in the middle of the film");
    watching.ends();
    until("the new start", LONG, || the_box.was_rebooted().then_some(()));
}

/// The steward reads a stick by itself; it does so a MiB at a time, as the server gives leave.
#[test]
fn an_update_on_a_stick_is_read_no_faster_than_the_server_lets_it() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.plug("sda", "Stick", 1024);
    let name = "credenza-rpi4-0.4.0.bundle";
    the_box.write(&format!("stick/{name}"), the_box.bundle("0.4.0", 40).bytes());
    let mounts = std::fs::read_to_string(the_box.path("proc/self/mountinfo")).unwrap();
    let stick = the_box.path("stick").display().to_string();
    the_box.write(
        "proc/self/mountinfo",
        mounts + &format!("2 1 8:0 / {stick} ro - vfat /dev/sda ro\n"),
    );
    let disk = the_box.card.ask(&json!({"verb": "disks"}), b"").unwrap()[0].clone();
    assert_eq!(disk["bundles"], json!([name]), "{disk}");

    let verb = json!({"verb": "install_from_disk", "disk": disk["id"], "name": name});
    let mut steward = the_box.card.steward("answer");
    let mut steward = steward.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut leave, said) = (steward.stdin.take().unwrap(), steward.stdout.take().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(said).lines() {
            let _ = tell.send(serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        }
    });
    leave.write_all(format!("{verb}\n++").as_bytes()).unwrap();
    let first = told.recv_timeout(LONG).unwrap();
    assert_eq!(first["progress"]["bytes"], 1 << 20, "{first}");
    let more = told.recv_timeout(Duration::from_secs(2));
    assert!(more.is_err(), "without leave: {more:?}");
    leave.write_all(b"++").unwrap();
    let last = told.iter().last().unwrap();
    assert_eq!(last["done"], json!({"version": "0.4.0", "counter": 40}), "{last}");
    assert!(steward.wait().unwrap().success());

    // The server gives it.
    let server = the_box.serve("");
    let wish = json!({"disk": disk["id"], "name": name});
    let begun = server.owner("POST", "/api/box/update/install").json(&wish).send();
    assert_eq!(begun.status, 202, "{}", begun.text());
    until("it to be ready", LONG, || {
        let update = server.owner("GET", "/api/box").send().json()["update"].clone();
        assert_ne!(update["state"], "failed", "{update}");
        (update["state"] == "ready" && update["progress"].is_null()).then_some(())
    });
}
