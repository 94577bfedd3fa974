//! How often a secret may be guessed.
//!
//! An attempt counts as failed from the moment it is let through; a success takes it back. So
//! however many come at once, no more are evaluated than the rule allows. All times are those of the
//! monotonic clock, given by the caller: setting the wall clock frees nobody.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// Wrong claim codes before the pause: a million codes at 5 every 15 minutes take years.
const CLAIM_TRIES: u32 = 5;
const CLAIM_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Wrong passwords of one address before it waits at all: an owner mistypes.
const FREE: u32 = 5;
/// The first wait is a second, each next twice as long, to at most this.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// An address is forgiven after so long without an attempt.
const FORGIVEN: Duration = Duration::from_secs(60 * 60);
/// Addresses remembered.
const ADDRESSES: usize = 1024;

/// Wrong passwords in [`WINDOW`], from all addresses together. While someone guesses, no new login
/// is possible; sessions that exist go on, which is why nobody is excepted.
const TOGETHER: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// Guesses of the claim code.
#[derive(Default)]
pub(super) struct ClaimTries {
    wrong: u32,
    until: Option<Instant>,
}

impl ClaimTries {
    /// How long to wait before the next try; `None`: now.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(now);
        if left.is_zero() {
            *self = Self::default();
            return None;
        }
        Some(left)
    }

    /// Counts a wrong code.
    pub(super) fn was_wrong(&mut self, now: Instant) {
        self.wrong += 1;
        if self.wrong >= CLAIM_TRIES {
            self.until = Some(now + CLAIM_PAUSE);
        }
    }
}

/// Guesses of the password.
#[derive(Default)]
pub(super) struct Guesses {
    by_address: HashMap<IpAddr, Failed>,
    together: VecDeque<Instant>,
}

struct Failed {
    times: u32,
    last: Instant,
}

impl Failed {
    fn free_at(&self) -> Instant {
        let doublings = self.times.saturating_sub(FREE);
        if doublings == 0 {
            return self.last;
        }
        let seconds = 1u64.checked_shl(doublings - 1).unwrap_or(u64::MAX);
        self.last + Duration::from_secs(seconds).min(LONGEST_WAIT)
    }
}

impl Guesses {
    /// Lets an attempt from `from` through and counts it as failed, or says how long to wait.
    pub(super) fn begin(&mut self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        let from = network(from);
        self.forget(now);
        if self.together.len() >= TOGETHER {
            let oldest = self.together.front().copied().unwrap_or(now);
            return Err((oldest + WINDOW).saturating_duration_since(now));
        }
        let known = self.by_address.get(&from);
        let wait =
            known.map_or(Duration::ZERO, |failed| failed.free_at().saturating_duration_since(now));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.together.push_back(now);
        let failed = self.by_address.entry(from).or_insert(Failed { times: 0, last: now });
        failed.times = failed.times.saturating_add(1);
        failed.last = now;
        Ok(())
    }

    /// The attempt that was let through was right: the address starts anew.
    pub(super) fn was_right(&mut self, from: IpAddr) {
        self.by_address.remove(&network(from));
        self.together.pop_back();
    }

    fn forget(&mut self, now: Instant) {
        while self.together.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            self.together.pop_front();
        }
        self.by_address.retain(|_, failed| now.duration_since(failed.last) < FORGIVEN);
        if self.by_address.len() >= ADDRESSES {
            let oldest = self.by_address.iter().min_by_key(|(_, failed)| failed.last);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.by_address.remove(&oldest);
            }
        }
    }
}

/// Whom an address stands for: in IPv6 a household has a /64 to change addresses in.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_guesses_in_a_minute_are_at_most_ten_evaluated() {
        let spread: fn(u32) -> IpAddr = |n| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        let single: fn(u32) -> IpAddr = |_| IpAddr::from([10, 0, 0, 1]);
        let one_household: fn(u32) -> IpAddr =
            |n| IpAddr::from(((0x2001_0db8_u128 << 96) + u128::from(n)).to_be_bytes());
        for from in [spread, single, one_household] {
            let (mut guesses, mut now) = (Guesses::default(), Instant::now());
            let mut evaluated = 0;
            for number in 0..10_000 {
                evaluated += u32::from(guesses.begin(from(number), now).is_ok());
                now += Duration::from_micros(5_999);
            }
            assert!((5..=10).contains(&evaluated), "{evaluated}");
        }
    }

    #[test]
    fn the_wait_doubles_to_a_quarter_of_an_hour_and_a_success_ends_it() {
        let owner = IpAddr::from([192, 168, 1, 7]);
        let (mut guesses, mut now) = (Guesses::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..18 {
            while let Err(wait) = guesses.begin(owner, now) {
                waits.push(wait.as_secs());
                now += wait;
            }
        }
        waits.dedup();
        // Then the wait of all together lies between.
        assert!(waits.starts_with(&[1, 2, 4, 8]), "{waits:?}");
        assert_eq!(waits.last(), Some(&900), "{waits:?}");
        guesses.was_right(owner);
        assert_eq!(guesses.begin(owner, now), Ok(()));
    }

    #[test]
    fn no_more_addresses_are_remembered_than_fit() {
        let (mut guesses, mut now) = (Guesses::default(), Instant::now());
        for number in 0..3_000u32 {
            let _ = guesses.begin(IpAddr::from(number.to_be_bytes()), now);
            now += Duration::from_secs(1);
            // As if all had been let through.
            guesses.together.clear();
        }
        assert!(guesses.by_address.len() <= ADDRESSES);
    }

    #[test]
    fn five_wrong_codes_are_a_pause_of_a_quarter_of_an_hour() {
        let (mut tries, now) = (ClaimTries::default(), Instant::now());
        for _ in 0..5 {
            assert_eq!(tries.wait(now), None);
            tries.was_wrong(now);
        }
        assert_eq!(tries.wait(now), Some(CLAIM_PAUSE));
        assert_eq!(tries.wait(now + CLAIM_PAUSE), None);
        tries.was_wrong(now + CLAIM_PAUSE);
        assert_eq!(tries.wait(now + CLAIM_PAUSE), None, "five new tries");
    }
}
