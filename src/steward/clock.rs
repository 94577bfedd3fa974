//! The clock before anybody has told the time: no board has one that runs without power, so a start
//! begins at the day on which systemd was built.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, Timespec, clock_settime};

use super::layout::Layout;
use super::words::Refusal;

/// For so long after the start, in seconds, nobody is told that the clock is unset: the network comes
/// up first, and a time server that does not answer is waited for before the next one is asked.
const PATIENCE_S: u64 = 60;

/// Goes on at the last known time, which is when systemd-timesyncd last touched its file
/// (systemd-timesyncd.service(8), `/var/lib/systemd/timesync/clock`). It does the same, but is no part
/// of what the server waits for. Never back.
pub(super) fn take_up(layout: &Layout) -> Result<(), Refusal> {
    let file = layout.folders.system().join("timesync/clock");
    // A card that was never in a network has none.
    let Ok(known) = std::fs::metadata(file).and_then(|file| file.modified()) else {
        return Ok(());
    };
    if known <= SystemTime::now() {
        return Ok(());
    }
    let since = known.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timespec {
        tv_sec: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: since.subsec_nanos().into(),
    };
    clock_settime(ClockId::Realtime, now).map_err(|error| {
        Refusal::new("no_clock", format!("the last known time cannot be set ({error})"))
    })
}

/// Whoever is at home without the internet, or behind a router that lets no time server through,
/// would read of refused certificates without a word of why. systemd-timesyncd leaves its mark when
/// a server told it the time (systemd-timesyncd.service(8), `/run/systemd/timesync/synchronized`).
pub(super) fn untold(layout: &Layout) -> Option<Refusal> {
    let told = layout.folders.root.join("run/systemd/timesync/synchronized");
    if layout.folders.uptime_s() < PATIENCE_S || told.exists() {
        return None;
    }
    let clock = httpdate::fmt_http_date(SystemTime::now());
    let message = format!(
        "no time server has answered since the start, so the clock goes on from the last time it knew \
         ({clock} now), and where that is wrong, secure connections fail; connect the box to the \
         internet, and let the router pass time servers (NTP, UDP port 123)"
    );
    Some(Refusal::new("clock_unset", message))
}
