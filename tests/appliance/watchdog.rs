//! systemd's watchdog, as systemd sees it: a datagram socket that hears when the server is ready,
//! that it lives, and nothing from one that hangs (F-30).

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use crate::support::server::{Server, credenza};

/// systemd's end.
struct Supervisor {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Supervisor {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        Self { socket, folder }
    }

    /// The next message with this word, within `limit`.
    fn hears(&self, word: &str, limit: Duration) -> Option<String> {
        let deadline = Instant::now() + limit;
        let mut buffer = [0; 4096];
        while let left @ 1.. = deadline.saturating_duration_since(Instant::now()).as_millis() {
            let left = Duration::from_millis(u64::try_from(left).unwrap());
            self.socket.set_read_timeout(Some(left)).unwrap();
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.lines().any(|line| line.starts_with(word)) {
                return Some(message);
            }
        }
        None
    }
}

#[test]
fn the_watchdog_is_fed_by_a_server_that_lives_and_by_no_other() {
    let supervisor = Supervisor::new();
    let data = supervisor.folder.path().join("data");
    let mut command = credenza(&data);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", supervisor.folder.path().join("notify"));
    command.env("WATCHDOG_USEC", "2000000");
    let server = Server::start(command, data, None);
    let long = Duration::from_secs(30);
    let ready = supervisor.hears("READY=1", long).expect("it is ready");
    assert!(ready.contains("STATUS="), "{ready}");
    assert_eq!(server.get("/health").status, 200, "ready means that it answers");
    for _ in 0..3 {
        supervisor.hears("WATCHDOG=1", long).expect("it lives");
    }
    // Hanging: everything in it stands still, as in a deadlock. What it sent before is read first.
    server.signal("STOP");
    while supervisor.hears("WATCHDOG=1", Duration::from_millis(200)).is_some() {}
    let fed = supervisor.hears("WATCHDOG=1", Duration::from_secs(2));
    assert_eq!(fed, None, "systemd would start it anew");
    server.signal("CONT");
    supervisor.hears("WATCHDOG=1", long).expect("it lives again");
    assert_eq!(server.stop_by("TERM"), 0);
}
