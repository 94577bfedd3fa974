//! Two hosts on one machine: network namespaces joined by a cable, made by the test that uses them
//! and gone with it. Needs root and Debian's iproute2.

use crate::support::process::{Beside, finish};
use crate::support::{has, until};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// One host. Its one interface to others is called `lan0`.
pub struct Namespace {
    name: String,
    /// Its IPv4 address; the other's is in the same /24.
    pub address: &'static str,
}

impl Namespace {
    fn add(role: &str, address: &'static str) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("credenza-{}-{number}-{role}", std::process::id());
        finish(Command::new("ip").args(["netns", "add", &name]), LIMIT)?;
        Ok(Self { name, address })
    }

    /// `program` as if it were started on this host. The process id is the program's own.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// The same program with the same arguments and environment, on this host.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inside = self.command(command.get_program());
        inside.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// `ip` on this host.
    pub fn ip(&self, arguments: &str) -> Result<(), String> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name]).args(arguments.split(' '));
        finish(&mut command, LIMIT).map(drop)
    }

    fn connect(&self) -> Result<(), String> {
        self.ip("link set lo up")?;
        self.ip(&format!("addr add {}/24 dev lan0", self.address))?;
        self.ip("link set lan0 up")?;
        self.ip("route add 224.0.0.0/4 dev lan0")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = finish(Command::new("ip").args(["netns", "delete", &self.name]), LIMIT);
    }
}

/// The host that serves, the host that looks, and the cable between.
pub struct Lab {
    pub server: Namespace,
    pub viewer: Namespace,
}

impl Lab {
    /// Why there can be no lab on this machine, if so.
    pub fn missing() -> Option<&'static str> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
        if !is_root {
            return Some("needs root to make network namespaces");
        }
        (!has("ip")).then_some("needs ip of iproute2")
    }

    pub fn new() -> Self {
        Self::make().unwrap_or_else(|error| panic!("no lab: {error}"))
    }

    fn make() -> Result<Self, String> {
        let server = Namespace::add("server", "10.99.0.1")?;
        let viewer = Namespace::add("viewer", "10.99.0.2")?;
        server.ip(&format!("link add lan0 type veth peer name lan0 netns {}", viewer.name))?;
        server.connect()?;
        viewer.connect()?;
        Ok(Self { server, viewer })
    }
}

/// An address of the viewer's in another network: the server reaches it by a router, which the viewer
/// plays.
pub const FAR: &str = "10.98.0.1";

/// The server's address on the second cable.
pub const ON_OTHER: &str = "10.97.9.1";

impl Lab {
    /// Gives the viewer [`FAR`], and the server a route to it.
    pub fn with_a_far_address(self) -> Self {
        let made = self.viewer.ip(&format!("addr add {FAR}/32 dev lo")).and_then(|()| {
            self.server.ip(&format!("route add 10.98.0.0/24 via {}", self.viewer.address))
        });
        made.unwrap_or_else(|error| panic!("no far address: {error}"));
        self
    }

    /// Another host at a cable of its own, `lan1` on the server's side, where that has the address
    /// [`ON_OTHER`].
    pub fn with_another_cable(&self) -> Namespace {
        let made = || {
            let other = Namespace::add("other", "10.97.9.2")?;
            let (server, name) = (&self.server, &other.name);
            server.ip(&format!("link add lan1 type veth peer name lan0 netns {name}"))?;
            server.ip(&format!("addr add {ON_OTHER}/24 dev lan1"))?;
            server.ip("link set lan1 up")?;
            other.connect()?;
            Ok::<Namespace, String>(other)
        };
        made().unwrap_or_else(|error| panic!("no second cable: {error}"))
    }

    /// Gives the server another address on the cable, and takes the first away.
    pub fn move_server_to(&self, address: &str) {
        self.move_server(self.server.address, address);
    }

    /// The same from the address that it has by now.
    pub fn move_server(&self, from: &str, address: &str) {
        let server = &self.server;
        // Else the kernel takes the second address of a network away with the first.
        let mut keep = server.command("sysctl");
        keep.args(["-q", "net.ipv4.conf.lan0.promote_secondaries=1"]);
        let moved = finish(&mut keep, LIMIT)
            .and_then(|_| server.ip(&format!("addr add {address}/24 dev lan0")))
            .and_then(|()| server.ip(&format!("addr del {from}/24 dev lan0")));
        moved.unwrap_or_else(|error| panic!("the address is not changed: {error}"));
    }
}

/// avahi-daemon on one host of the lab, with a message bus of its own.
pub struct Avahi<'lab> {
    host: &'lab Namespace,
    bus: String,
    _daemons: [Beside; 2],
    _folder: TempDir,
}

impl<'lab> Avahi<'lab> {
    pub fn missing() -> Option<&'static str> {
        let all = ["avahi-daemon", "avahi-browse", "avahi-resolve", "dbus-daemon", "unshare"];
        (!all.into_iter().all(has)).then_some("needs avahi-daemon, avahi-utils and dbus")
    }

    /// Starts it; the host calls itself `host_name`.
    pub fn start(host: &'lab Namespace, host_name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("bus");
        let bus_configuration = folder.path().join("bus.conf");
        fs::write(&bus_configuration, bus_of(&socket.to_string_lossy())).expect("written");
        let bus = Beside::start(
            host.command("dbus-daemon")
                .arg("--nofork")
                .arg(format!("--config-file={}", bus_configuration.display()))
                .stderr(Stdio::null()),
        );
        until("the message bus", LIMIT, || socket.exists().then_some(()));
        let address = format!("unix:path={}", socket.display());

        let configuration = folder.path().join("avahi.conf");
        fs::write(&configuration, daemon_called(host_name)).expect("written");
        let run = "/run/avahi-daemon";
        let start = format!(
            "mkdir -p {run} && mount -t tmpfs none {run} && exec avahi-daemon --file {} \
             --no-drop-root --no-chroot --no-rlimits",
            configuration.display()
        );
        // A mount namespace of its own: avahi keeps its socket and process id at a fixed place.
        let daemon = Beside::start(
            host.command("unshare")
                .args(["-m", "sh", "-c", &start])
                .env("DBUS_SYSTEM_BUS_ADDRESS", &address)
                .stderr(Stdio::null()),
        );
        let avahi = Self { host, bus: address, _daemons: [daemon, bus], _folder: folder };
        until("avahi-daemon", LIMIT, || {
            finish(avahi.command("avahi-browse").args(["-t", "_none._tcp"]), LIMIT).ok()
        });
        avahi
    }

    /// Where its message bus is, for programs that look for it themselves.
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// A program on that host that speaks to this avahi.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.host.command(program);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus);
        command
    }

    /// The services of `kind` that avahi sees now, resolved.
    pub fn browse(&self, kind: &str) -> Vec<Service> {
        let browse = finish(self.command("avahi-browse").args(["-rtp", kind]), LIMIT);
        let text = browse.expect("avahi-browse ends by itself").text();
        text.lines().filter_map(Service::read).collect()
    }
}

fn daemon_called(host_name: &str) -> String {
    format!(
        "[server]\nhost-name={host_name}\nallow-interfaces=lan0\n\
         [wide-area]\nenable-wide-area=no\n[publish]\npublish-workstation=no\n"
    )
}

fn bus_of(socket: &str) -> String {
    format!(
        r#"<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"#
    )
}

/// A line of `avahi-browse -rp`: a resolved service, as one protocol on one interface has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub interface: String,
    pub protocol: String,
    pub name: String,
    pub host: String,
    pub address: String,
    pub port: u16,
    pub txt: String,
}

impl Service {
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.splitn(10, ';').collect();
        let ["=", interface, protocol, name, _kind, _domain, host, address, port, txt] = fields[..]
        else {
            return None;
        };
        Some(Self {
            interface: interface.into(),
            protocol: protocol.into(),
            name: unescaped(name),
            host: host.into(),
            address: address.into(),
            port: port.parse().ok()?,
            txt: txt.into(),
        })
    }
}

/// avahi writes what is not a letter or digit as `\DDD`, a decimal byte.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let code = rest.get(1..4).and_then(|digits| digits.parse::<u8>().ok());
        match code {
            Some(byte) if c == '\\' => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            _ => {
                bytes.extend_from_slice(&rest.as_bytes()[..c.len_utf8()]);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
