//! A box without its hardware: a card made of files, the real steward behind its socket as systemd
//! puts it there (one for each connection), and the real server beside it.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::bundle::{Bundle, Key, slot_image};
use super::card::{Card, missing_tools};
use super::server::{Server, credenza};

/// Stands for systemd: what it is told is recorded, and the box's own Wi-Fi network is a file.
const SYSTEMCTL: &str = r#"
case "$*" in
    "start credenza-ap.service") cp "$root/ap.json" "$root/run/credenza/ap.json" ;;
    "is-active --quiet credenza-ap.service") [ -e "$root/run/credenza/ap.json" ] ;;
esac
"#;

/// A box that runs version 0.3.0, counter 30.
pub struct TheBox {
    pub card: Card,
    pub key: Key,
    ending: Arc<AtomicBool>,
    steward: Option<JoinHandle<()>>,
}

impl TheBox {
    /// The reason to skip, where it cannot be made here.
    pub fn new() -> Result<Self, &'static str> {
        if let Some(missing) = missing_tools() {
            return Err(missing);
        }
        let key = Key::new();
        let card = Card::new(&[&key]);
        let root = card.folder.path();
        let ending = Arc::new(AtomicBool::new(false));
        let steward = Some(serve_steward(root, Arc::clone(&ending)));
        let the_box = Self { card, key, ending, steward };
        for folder in ["sys/block", "sys/class/net", "srv/ssd", "proc/self"] {
            fs::create_dir_all(the_box.path(folder)).unwrap();
        }
        // The card is no disk for films.
        the_box.write("dev/disk", vec![0; 1 << 20]);
        the_box.runs('a', "0.3.0", 30);
        let data = the_box.path("data");
        let mounted = format!("1 1 179:4 / {} rw - ext4 /dev/p4 rw\n", data.display());
        the_box.write("proc/self/mountinfo", mounted);
        the_box.write("ap.json", r#"{"ssid":"Credenza-0AFF","address":"127.0.0.2"}"#);
        the_box.tool("systemctl", SYSTEMCTL);
        for quiet in ["mount", "umount", "blkid"] {
            the_box.tool(quiet, "exit 2");
        }
        Ok(the_box)
    }

    /// The box has been started from this slot; what was before is history.
    pub fn runs(&self, slot: char, version: &str, counter: u64) {
        let _ = fs::remove_file(self.path("calls"));
        self.card.runs(slot, version, counter);
        let start = self.path("run/credenza/start.toml");
        let text = fs::read_to_string(&start).unwrap();
        let disk = format!("disk = \"{}\"", self.path("dev/disk").display());
        fs::write(&start, text.replacen("disk = \"/dev/none\"", &disk, 1)).unwrap();
    }

    pub fn root(&self) -> &Path {
        self.card.folder.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A program of the box: records how it was called, then runs `script`.
    pub fn tool(&self, name: &str, script: &str) {
        let root = self.root().display();
        let path = format!("usr/bin/{name}");
        let head = format!("#!/bin/sh\nroot='{root}'\necho \"{name} $*\" >>\"$root/calls\"\n");
        self.write(&path, head + script);
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the recorded programs were told.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    /// Whether the box was started anew.
    pub fn was_rebooted(&self) -> bool {
        self.calls().contains("systemctl --no-block reboot")
    }

    /// The box's own Wi-Fi network is open, and its address is 127.0.0.2.
    pub fn opens_access_point(&self) {
        fs::copy(self.path("ap.json"), self.path("run/credenza/ap.json")).unwrap();
    }

    pub fn is_access_point_open(&self) -> bool {
        self.path("run/credenza/ap.json").exists()
    }

    /// A disk is plugged in: what the kernel says of it, and a file in its place.
    pub fn plug(&self, name: &str, model: &str, mib: u64) {
        let at = |what: &str| format!("sys/block/{name}/{what}");
        self.write(&at("size"), format!("{}\n", mib << 11));
        self.write(&at("ro"), "0\n");
        self.write(&at("dev"), "8:0\n");
        self.write(&at("device/vendor"), "\n");
        self.write(&at("device/model"), format!("{model}\n"));
        self.write(&at("device/serial"), format!("serial-of-{name}\n"));
        self.write(&format!("dev/{name}"), vec![0; 4 << 20]);
    }

    /// A good bundle for this box.
    pub fn bundle(&self, version: &str, counter: u64) -> Bundle {
        Bundle::new(&self.key, version, counter, slot_image(counter, 3 << 20))
    }

    /// The other slot holds this version.
    pub fn holds(&self, version: &str, counter: u64) {
        self.card.holds('b', &self.bundle(version, counter));
    }

    /// `credenza serve` on this box.
    pub fn serve(&self, configuration: &str) -> Server {
        self.serve_at("127.0.0.1:0", configuration)
    }

    /// The same on another address.
    pub fn serve_at(&self, listen: &str, configuration: &str) -> Server {
        self.serve_as(listen, configuration, &[])
    }

    /// The same with an environment.
    pub fn serve_as(&self, listen: &str, configuration: &str, env: &[(&str, &str)]) -> Server {
        let data = self.data();
        fs::create_dir_all(&data).unwrap();
        let file = self.path("run/credenza/credenza.toml");
        fs::write(&file, configuration).unwrap();
        let mut command = credenza(&data);
        command.args(["serve", "--log", "debug", "--box"]).arg(self.root());
        command.args(["--listen", listen, "--config"]).arg(file).envs(env.iter().copied());
        Server::start(command, data, None)
    }

    /// The service's folder on the data partition.
    pub fn data(&self) -> PathBuf {
        self.path("data/credenza")
    }
}

impl Drop for TheBox {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        let _ = UnixStream::connect(socket(self.root()));
        let _ = self.steward.take().map(JoinHandle::join);
    }
}

fn socket(root: &Path) -> PathBuf {
    root.join("run/credenza/steward.sock")
}

/// `Accept=yes`: a steward for each connection, which is its standard input and output.
fn serve_steward(root: &Path, ending: Arc<AtomicBool>) -> JoinHandle<()> {
    let listener = UnixListener::bind(socket(root)).unwrap();
    let root = root.to_owned();
    std::thread::spawn(move || {
        let mut stewards = Vec::new();
        for connection in listener.incoming() {
            if ending.load(Ordering::Acquire) {
                break;
            }
            let connection = connection.unwrap();
            let said = connection.try_clone().unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_credenza"));
            command.args(["steward", "--root"]).arg(&root).arg("answer");
            command.stdin(OwnedFd::from(connection)).stdout(OwnedFd::from(said));
            stewards.push(command.spawn().unwrap());
        }
        for mut steward in stewards {
            let _ = steward.kill();
            let _ = steward.wait();
        }
    })
}
