//! Torrents of random bytes, and other people's software that seeds them: libtorrent (Python),
//! aria2, Transmission.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use credenza::torrent::metainfo::{Metainfo, build};
use credenza::torrent::{InfoHash, Magnet};

use sha1::Digest as _;

use super::tracker::Tracker;
use super::{has, own_port, until};

/// A torrent and its content.
pub struct Torrent {
    pub name: String,
    pub files: Vec<(String, Vec<u8>)>,
    pub bytes: Vec<u8>,
    pub info_hash: InfoHash,
}

impl Torrent {
    pub fn new(name: &str, files: Vec<(String, Vec<u8>)>, piece_length: u32) -> Self {
        let bytes = build(name, &files, piece_length, &[]);
        let info_hash = Metainfo::read(&bytes).unwrap().info_hash;
        Self { name: name.to_owned(), files, bytes, info_hash }
    }

    /// A `.torrent` of any bytes after `d4:info`, without content.
    pub fn raw(bytes: Vec<u8>) -> Self {
        let info = &bytes[b"d4:info".len()..bytes.len() - 1];
        let info_hash = InfoHash::from_bytes(sha1::Sha1::digest(info).into());
        Self { name: String::new(), files: Vec::new(), bytes, info_hash }
    }

    /// One file of this many random bytes.
    pub fn single(name: &str, length: usize, piece_length: u32) -> Self {
        Self::new(name, vec![(name.to_owned(), random(length))], piece_length)
    }

    /// Writes the content where a client expects it, under the torrent's own names, and the
    /// `.torrent` beside it.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let single = self.files.len() == 1 && self.files[0].0 == self.name;
        let root = if single { folder.to_owned() } else { folder.join(&self.name) };
        for (path, bytes) in &self.files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let torrent = folder.join(format!("{}.torrent", self.info_hash));
        std::fs::write(&torrent, &self.bytes).unwrap();
        torrent
    }

    pub fn magnet(&self, tracker: &Tracker) -> Magnet {
        Magnet { trackers: vec![tracker.url()], ..Magnet::new(self.info_hash) }
    }
}

/// Random bytes: no two pieces alike, and nothing that compresses.
pub fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// A program that seeds one torrent; ended with the test.
pub struct Peer {
    child: Child,
    pub addr: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Peer {
    /// It keeps its connections and says nothing more, or goes on.
    pub fn falls_silent(&self, silent: bool) {
        let signal = if silent { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn own_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, own_port()).into()
}

fn home() -> PathBuf {
    std::env::var_os("HOME").map_or_else(|| "/root".into(), PathBuf::from)
}

/// The Python that has libtorrent: `tests/run` makes the environment.
pub fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("CREDENZA_TEST_PYTHON") {
        return python.into();
    }
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), Into::into);
    cache.join("credenza/venv/bin/python")
}

/// Seeds with libtorrent; `rate` in bytes a second, 0 without a limit. `None` where it is absent.
pub fn libtorrent(torrent: &Torrent, rate: u32) -> Option<Peer> {
    let python = python();
    if !python.is_file() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = torrent.write(folder.path());
    let addr = own_address();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/seed.py");
    let mut command = Command::new(python);
    command.arg(script).arg(file).arg(folder.path()).arg(addr.to_string()).arg(rate.to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "seeding", "libtorrent did not start");
    Some(Peer { child, addr, _folder: folder })
}

/// Seeds with aria2.
pub fn aria2(torrent: &Torrent, rate: u32) -> Option<Peer> {
    if !has("aria2c") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = torrent.write(folder.path());
    let addr = own_address();
    let mut command = Command::new("aria2c");
    command.args(["--no-conf", "--seed-ratio=0.0", "--check-integrity=true", "--enable-dht=false"]);
    command.args(["--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false"]);
    command.arg(format!("--listen-port={}", addr.port())).arg("--interface=127.0.0.1");
    command.arg(format!("--max-overall-upload-limit={rate}"));
    command.arg(format!("--dir={}", folder.path().display())).arg(file);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    greets(addr, torrent.info_hash);
    Some(Peer { child, addr, _folder: folder })
}

/// Seeds with Transmission.
pub fn transmission(torrent: &Torrent, rate: u32) -> Option<Peer> {
    if !has("transmission-daemon") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = torrent.write(folder.path());
    let (watched, settings) = (folder.path().join("watched"), folder.path().join("settings"));
    std::fs::create_dir_all(&watched).unwrap();
    std::fs::create_dir_all(&settings).unwrap();
    let addr = own_address();
    let wishes = serde_json::json!({
        "rpc-enabled": false, "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false,
        "utp-enabled": false, "port-forwarding-enabled": false, "encryption": 0,
        "bind-address-ipv4": "127.0.0.1", "peer-port": addr.port(),
        "download-dir": folder.path(), "watch-dir": watched, "watch-dir-enabled": true,
        "speed-limit-up": rate / 1000, "speed-limit-up-enabled": rate > 0, "ratio-limit-enabled": false,
    });
    std::fs::write(settings.join("settings.json"), wishes.to_string()).unwrap();
    std::fs::copy(&file, watched.join("one.torrent")).unwrap();
    let mut command = Command::new("transmission-daemon");
    command.arg("--foreground").arg("--config-dir").arg(&settings);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    greets(addr, torrent.info_hash);
    Some(Peer { child, addr, _folder: folder })
}

/// Waits until the seeder knows the torrent: it answers a handshake (BEP 3) for it.
fn greets(addr: SocketAddr, info_hash: InfoHash) {
    until("the seeder to answer", Duration::from_secs(30), || {
        let mut stream = TcpStream::connect(addr).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        stream.write_all(b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0").ok()?;
        stream.write_all(info_hash.as_bytes()).ok()?;
        stream.write_all(b"-XX0000-asks-whether").ok()?;
        let mut answer = [0; 48];
        stream.read_exact(&mut answer).ok()?;
        (answer[28..] == *info_hash.as_bytes()).then_some(())
    });
}
