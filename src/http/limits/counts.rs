//! The books: what each device has taken, and what was noticed of it. They are bounded, however many
//! addresses come along, and know nothing of requests; whoever keeps the limits has them under a lock.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};

use tokio::time::Instant;

use super::{Caps, MINUTE, Notice};

/// Seconds of requests that a device may have saved up: a page with all its posters.
const SAVED: f64 = 5.0;
/// The least that is saved up, in requests.
const LEAST_SAVED: f64 = 20.0;
/// Most devices that are remembered.
const MOST_DEVICES: usize = 1024;
/// Most notices that are kept.
const MOST_NOTICES: usize = 32;

#[derive(Default)]
pub(super) struct Counts {
    pub(super) open: usize,
    pub(super) devices: HashMap<IpAddr, Device>,
    pub(super) notices: Vec<(Instant, Notice)>,
    pub(super) refused: u64,
}

/// What one device has taken.
pub(super) struct Device {
    pub(super) open: usize,
    /// Requests that it may still send, and when that was counted.
    pub(super) left: f64,
    pub(super) counted: Instant,
    /// As hashes: what a stranger calls a title may be as long as a request.
    pub(super) titles: Vec<(Instant, u64)>,
    pub(super) listed: Vec<(Instant, u64)>,
}

impl Counts {
    pub(super) fn device(&mut self, device: IpAddr, caps: Caps) -> &mut Device {
        if self.devices.len() >= MOST_DEVICES && !self.devices.contains_key(&device) {
            // Whoever was not heard of for a minute has saved up everything again.
            self.devices.retain(|_, row| row.open > 0 || row.counted.elapsed() < MINUTE);
            if self.devices.len() >= MOST_DEVICES {
                self.devices.retain(|_, row| row.open > 0);
            }
        }
        let fresh = || Device {
            open: 0,
            left: saved(caps),
            counted: Instant::now(),
            titles: Vec::new(),
            listed: Vec::new(),
        };
        self.devices.entry(device).or_insert_with(fresh)
    }

    pub(super) fn note(&mut self, notice: Notice) {
        let known: HashSet<&String> = self.notices.iter().map(|row| &row.1.message).collect();
        if !known.contains(&notice.message) {
            tracing::warn!(code = notice.code, "{}", notice.message);
        }
        self.notices.retain(|row| row.1 != notice);
        self.notices.push((Instant::now(), notice));
        let surplus = self.notices.len().saturating_sub(MOST_NOTICES);
        self.notices.drain(..surplus);
    }
}

pub(super) fn saved(caps: Caps) -> f64 {
    (f64::from(caps.requests_per_second) * SAVED).max(LEAST_SAVED)
}

/// One device of a house: an IPv6 device has many addresses in one network.
pub(super) fn household(device: IpAddr) -> IpAddr {
    match device.to_canonical() {
        IpAddr::V6(ip) if ip.segments()[0] & 0xe000 == 0x2000 => {
            Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into()
        }
        ip => ip,
    }
}
