//! Our services and the host name they point to, for as long as we run.

use crate::host_name::host_label;
use crate::lan::interfaces::{Listening, is_of_containers};
use crate::lan::name;
use mdns_sd::{
    DaemonEvent, DnsNameChange, IfKind, IfPredicate, Receiver, ServiceDaemon, ServiceInfo,
    UnregisterStatus,
};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

/// How often the engine looks whether our addresses have changed, in seconds. A phone follows within
/// five; the look itself is one call to the kernel.
const LOOK_S: u32 = 3;

/// The engine repeats a goodbye after 120 ms, for those who missed the first. It must live so long.
const GOODBYE: Duration = Duration::from_millis(200);

/// A stop waits no longer than this for the engine's thread to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why we cannot be found by name. The addresses work all the same.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name has nothing that can be shown.
    #[error("the name {0:?} has no visible character; set lan.name to another")]
    Name(String),
    /// The engine could not start or did not take the service.
    #[error("cannot advertise on the local network: {0}; open the address by its number instead")]
    Engine(String),
}

impl From<mdns_sd::Error> for Error {
    fn from(error: mdns_sd::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

/// A service of ours (RFC 6763 section 4).
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// What a browser of services asks for, such as `_http._tcp`.
    pub kind: &'a str,
    /// What is told beside it (section 6); a page lies at the key `path`.
    pub txt: &'a [(&'a str, &'a str)],
}

/// The names that others see now. They differ from the one asked for where another machine of
/// the household had it first (RFC 6762 section 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// As service browsers show it, such as `Credenza (2)`.
    pub instance: String,
    /// As one types it, such as `credenza-2.local`.
    pub host: String,
}

/// We, as others find us. Ends with [`stop`](Self::stop); dropped instead, it still says goodbye,
/// but once and unwaited.
pub struct Advertisement {
    daemon: ServiceDaemon,
    /// The engine knows the services by the names they were registered with, whatever others see.
    registered: Vec<String>,
    names: watch::Receiver<Names>,
}

impl Advertisement {
    /// Announces `NAME.local` and `offers`, called `name`, on every interface that leads to the
    /// household, now and as interfaces and addresses come and go: those addresses that lead to a
    /// server which listens at `listens`. Renames are followed by a task on `tasks`, which ends when
    /// this does.
    pub fn start(
        name: &str,
        listens: SocketAddr,
        offers: &[Offer<'_>],
        tasks: &TaskTracker,
    ) -> Result<Self, Error> {
        let instance = name::instance(name).ok_or_else(|| Error::Name(name.to_owned()))?;
        let host = format!("{}.local", host_label(name));
        let service = |offer: &Offer<'_>| {
            let (kind, host) = (format!("{}.local.", offer.kind), format!("{host}."));
            let mut info =
                ServiceInfo::new(&kind, &instance, &host, (), listens.port(), offer.txt)?;
            info.set_interfaces(vec![IfKind::Predicate(IfPredicate::new(move |interface| {
                leads_to(listens.ip(), interface.ip())
            }))]);
            Ok(info.enable_addr_auto())
        };
        let services = offers.iter().map(service).collect::<Result<Vec<_>, Error>>()?;
        let registered = services.iter().map(|service| service.get_fullname().to_owned()).collect();

        let daemon = ServiceDaemon::new()?;
        daemon.set_ip_check_interval(LOOK_S)?;
        let (tell, names) = watch::channel(Names { instance, host });
        let advertisement = Self { daemon, registered, names };
        let daemon = &advertisement.daemon;
        // Always drained: the engine drops events once a hundred wait, a rename among them.
        tasks.spawn(follow(daemon.monitor()?, tell));
        // By default the engine announces 127.0.0.1 too, to this machine alone.
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        daemon.disable_interface(IfKind::Predicate(IfPredicate::new(|interface| {
            is_of_containers(&interface.name) || interface.is_p2p()
        })))?;
        for service in services {
            daemon.register(service)?;
        }
        Ok(advertisement)
    }

    /// The host name that others reach us by now, such as `credenza.local`.
    #[must_use]
    pub fn current_name(&self) -> String {
        self.names.borrow().host.clone()
    }

    /// Both names, and word of every change.
    #[must_use]
    pub fn names(&self) -> watch::Receiver<Names> {
        self.names.clone()
    }

    /// Says goodbye, twice, so that others forget us at once and not in 75 minutes (RFC 6762
    /// section 10.1), then ends the engine. Takes some 200 ms, at most a few seconds.
    pub async fn stop(self) {
        let said = async {
            for service in &self.registered {
                let status = self.daemon.unregister(service).ok()?.recv_async().await.ok()?;
                matches!(status, UnregisterStatus::OK).then_some(())?;
            }
            Some(())
        };
        if let Ok(Some(())) = timeout(PATIENCE, said).await {
            sleep(GOODBYE).await;
        } else {
            debug!("the mDNS engine did not say goodbye");
        }
        if let Ok(ended) = self.daemon.shutdown() {
            let _ = timeout(PATIENCE, ended.recv_async()).await;
        }
    }
}

impl fmt::Debug for Advertisement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Advertisement")
            .field("names", &*self.names.borrow())
            .finish_non_exhaustive()
    }
}

impl Drop for Advertisement {
    fn drop(&mut self) {
        // After `stop` the engine is gone, and this does nothing.
        let _ = self.daemon.shutdown();
    }
}

/// Whether others reach a server that listens at `listens` by our address `ours`. A link-local IPv6
/// address leads nowhere without the number of an interface (RFC 4007, 6), which a URL cannot carry:
/// Kodi opens the first address that it is told, and finds nobody. Who asks for one that is not told
/// hears at once that there is none (RFC 6762, 6.1).
fn leads_to(listens: IpAddr, ours: IpAddr) -> bool {
    let is_link_local = matches!(ours, IpAddr::V6(ours) if ours.is_unicast_link_local());
    !is_link_local && Listening(listens).covers(ours)
}

/// Keeps `names` true until the engine ends.
async fn follow(events: Receiver<DaemonEvent>, names: watch::Sender<Names>) {
    while let Ok(event) = events.recv_async().await {
        match event {
            DaemonEvent::NameChange(change) => renamed(&change, &names),
            DaemonEvent::Error(error) => warn!(%error, "mDNS failed on an interface"),
            DaemonEvent::Announce(service, addresses) => debug!(service, addresses, "announced"),
            _ => {}
        }
    }
}

/// Takes one rename over, and says so once: the engine tells it for every record and interface.
fn renamed(change: &DnsNameChange, names: &watch::Sender<Names>) {
    let changed = names.send_if_modified(|names| {
        let (current, new) = match instance_of(&change.new_name) {
            Some(instance) => (&mut names.instance, unescaped(instance)),
            None => (&mut names.host, change.new_name.trim_end_matches('.').to_owned()),
        };
        let differs = *current != new;
        *current = new;
        differs
    });
    if changed {
        let Names { instance, host } = &*names.borrow();
        warn!(instance, host, "another machine has our name; we are found by this one");
    }
}

/// The instance in a service's whole name, `INSTANCE._KIND._tcp.local.`; a host's name has none. The
/// engine renames every service in the same way, so whichever is told last is right.
fn instance_of(name: &str) -> Option<&str> {
    let (before, protocol) = name.strip_suffix(".local.")?.rsplit_once("._")?;
    let (instance, _kind) = before.rsplit_once("._")?;
    matches!(protocol, "tcp" | "udp").then_some(instance)
}

/// The text of a label in which dots and backslashes are escaped (RFC 6763 section 4.3).
fn unescaped(label: &str) -> String {
    let mut text = String::new();
    let mut chars = label.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_backslashes_of_a_label_are_read_back() {
        for (label, text) in
            [("Mum's TV", "Mum's TV"), (r"a\.b", "a.b"), (r"a\\b", r"a\b"), (r"a\", "a")]
        {
            assert_eq!(unescaped(label), text);
        }
    }

    #[test]
    fn the_name_of_a_service_begins_with_its_instance() {
        for (name, instance) in [
            ("Credenza (2)._http._tcp.local.", Some("Credenza (2)")),
            (r"a\._b._webdav._tcp.local.", Some(r"a\._b")),
            ("credenza-2.local.", None),
            ("_http._tcp.local.", None),
        ] {
            assert_eq!(instance_of(name), instance, "{name}");
        }
    }

    #[test]
    fn only_addresses_that_answer_are_told() {
        for (listens, ours, told) in [
            ("0.0.0.0", "192.168.1.5", true),
            ("0.0.0.0", "fd00::5", false),
            ("::", "192.168.1.5", true),
            ("::", "2001:db8::5", true),
            ("::", "fe80::5", false),
            ("192.168.1.5", "192.168.1.5", true),
            ("192.168.1.5", "10.0.0.5", false),
            ("::ffff:192.168.1.5", "192.168.1.5", true),
            ("fd00::5", "fd00::5", true),
            ("fd00::5", "192.168.1.5", false),
        ] {
            let found = leads_to(listens.parse().unwrap(), ours.parse().unwrap());
            assert_eq!(found, told, "{ours}, where {listens} is listened on");
        }
    }

    // The engine itself is tried in namespaces (tests/mdns.rs): here it would announce on the
    // network of whoever runs the tests.
    #[tokio::test]
    async fn a_name_that_cannot_be_shown_is_refused_before_anything_is_announced() {
        let tasks = TaskTracker::new();
        let refused =
            Advertisement::start(" \u{7}", ([0, 0, 0, 0], 80).into(), &[], &tasks).unwrap_err();
        assert_eq!(
            refused.to_string(),
            r#"the name " \u{7}" has no visible character; set lan.name to another"#
        );
        assert!(tasks.is_empty());
    }
}
