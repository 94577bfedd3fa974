//! While the box has no network, it opens one of its own, so that a phone can tell it of the
//! household's.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Appliance, Error, Timing, lock};
use crate::steward::words::{Refusal, Verb};

/// The network interfaces of this machine.
#[derive(Clone)]
pub struct Interfaces {
    /// `/sys/class/net`.
    pub sys: PathBuf,
    /// The addresses, each with its interface's name.
    pub addresses: Arc<dyn Fn() -> Vec<(String, IpAddr)> + Send + Sync>,
}

impl Default for Interfaces {
    fn default() -> Self {
        let addresses = || {
            let all = if_addrs::get_if_addrs().unwrap_or_default();
            all.into_iter().map(|one| (one.name.clone(), one.ip())).collect()
        };
        Self { sys: PathBuf::from("/sys/class/net"), addresses: Arc::new(addresses) }
    }
}

impl std::fmt::Debug for Interfaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interfaces").field("sys", &self.sys).finish_non_exhaustive()
    }
}

impl Interfaces {
    /// Whether a cable or somebody's Wi-Fi leads to a network: a carrier, and an address that such a
    /// network gave. `own` is the address of the box's own network, which leads nowhere.
    #[must_use]
    pub fn lead_somewhere(&self, own: Option<IpAddr>) -> bool {
        (self.addresses)().iter().any(|(name, address)| {
            name != "lo"
                && Some(*address) != own
                && !is_of_this_link(*address)
                && has_carrier(&self.sys.join(name))
        })
    }
}

/// Whether the address was made up by the machine itself.
fn is_of_this_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// Reading it fails while the interface is down.
fn has_carrier(interface: &Path) -> bool {
    std::fs::read_to_string(interface.join("carrier")).is_ok_and(|text| text.trim() == "1")
}

/// A Wi-Fi network that the box was told of, and what became of it.
#[derive(Debug)]
pub(super) struct Joining {
    /// Whether there is one to look for.
    known: bool,
    /// The one that is being joined.
    ssid: Option<String>,
    /// Whether the box opened its own network again since.
    failed: bool,
    /// Why it could not even be tried.
    refused: Option<Refusal>,
    /// When somebody last used the box's own network.
    visited: Option<Instant>,
}

impl Joining {
    pub(super) fn new(known: bool) -> Self {
        Self { known, ssid: None, failed: false, refused: None, visited: None }
    }

    pub(super) fn begins(&mut self, ssid: &str) {
        let visited = self.visited;
        *self = Self { ssid: Some(ssid.to_owned()), visited, ..Self::new(true) };
    }

    /// Nothing was tried: whoever asked was told already that the box leaves.
    pub(super) fn refused(&mut self, error: &Error) {
        self.ssid = None;
        self.refused = Some(Refusal::new("wifi_not_joined", error.to_string()));
    }

    pub(super) fn visited(&mut self) {
        self.visited = Some(Instant::now());
    }

    pub(super) fn notice(&self) -> Option<Refusal> {
        if let Some(refused) = &self.refused {
            return Some(refused.clone());
        }
        let ssid = self.ssid.as_ref().filter(|_| self.failed)?;
        let sentence = format!(
            "the box could not join the Wi-Fi network {ssid}: check its password, whether the box \
             is in its reach, and whether it allows WPA2 beside WPA3; then try again under Wi-Fi"
        );
        Some(Refusal::new("wifi_not_joined", sentence))
    }
}

/// What was seen of the network so far.
#[derive(Debug, Clone, Copy)]
struct Seen {
    linked: bool,
    open: bool,
    /// Since when both are as they are.
    since: Instant,
}

impl Seen {
    /// What to do about the box's own network: open it, close it, or nothing.
    fn wanted(&self, timing: &Timing, unused: bool) -> Option<bool> {
        let lasts = self.since.elapsed();
        match (self.linked, self.open) {
            (false, false) => (lasts >= timing.link_lost).then_some(true),
            (true, true) => (lasts >= timing.link_holds).then_some(false),
            (false, true) => (unused && lasts >= timing.unused).then_some(false),
            (true, false) => None,
        }
    }
}

impl Appliance {
    /// Opens and closes the box's own network as it is needed.
    pub(super) async fn watch_network(self: Arc<Self>) {
        let _ = self.facts_anew().await;
        let mut seen: Option<Seen> = None;
        loop {
            // Nobody else may ask, and whoever joins a network closes the box's own.
            self.keep_up().await;
            let own = self.access_point().map(|ap| ap.address);
            let (linked, open) = (self.interfaces.lead_somewhere(own), own.is_some());
            let same = seen.filter(|seen| (seen.linked, seen.open) == (linked, open));
            let now = same.unwrap_or(Seen { linked, open, since: Instant::now() });
            seen = Some(now);
            if linked && !open {
                lock(&self.joining).ssid = None;
            }
            if let Some(up) = now.wanted(&self.timing, self.is_unused()) {
                self.set_access_point(up).await;
                // Whatever came of it: time begins anew.
                seen = None;
            }
            tokio::time::sleep(self.timing.look).await;
        }
    }

    /// Whether nobody has used the box's own network for long, while there may be another to find.
    fn is_unused(&self) -> bool {
        let joining = lock(&self.joining);
        let lately = |at: Instant| at.elapsed() < self.timing.unused;
        joining.known && !joining.visited.is_some_and(lately)
    }

    async fn set_access_point(&self, up: bool) {
        let asked = self.door.ask::<serde_json::Value>(&Verb::AccessPoint { up }).await;
        match asked {
            Ok(_) => tracing::info!(up, "the box's own Wi-Fi network was opened or closed"),
            // A board without Wi-Fi says so each minute: once is enough for the log's readers.
            Err(error) => tracing::debug!(%error, up, "the box's own Wi-Fi network stays as it is"),
        }
        if let Ok(facts) = self.facts_anew().await {
            let mut joining = lock(&self.joining);
            // Opened again after it was told of a network: that one was not joined.
            joining.failed = joining.ssid.is_some() && facts.access_point.is_some();
        }
    }
}
