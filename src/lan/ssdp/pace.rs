//! How often one address may ask: a search costs more bytes than it has, and whoever writes another's
//! address into it would have us send those.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Searches of one address that are answered in a second.
const A_SECOND: u32 = 10;
/// Most addresses that are counted; a household has fewer.
const MOST: usize = 256;

/// Counts the searches of the last second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    seen: HashMap<IpAddr, (Instant, u32)>,
}

impl Pace {
    /// Whether this address may ask now; counts that it did.
    pub(super) fn allows(&mut self, who: IpAddr) -> bool {
        const SECOND: Duration = Duration::from_secs(1);
        if self.seen.len() >= MOST && !self.seen.contains_key(&who) {
            self.seen.retain(|_, (since, _)| since.elapsed() < SECOND);
            if self.seen.len() >= MOST {
                return false;
            }
        }
        let (since, count) = self.seen.entry(who).or_insert_with(|| (Instant::now(), 0));
        if since.elapsed() >= SECOND {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= A_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_searches_a_second_of_each_address_are_answered() {
        let mut pace = Pace::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let allowed = (0..30).filter(|_| pace.allows(one)).count();
        assert_eq!(allowed, 10);
        assert!(pace.allows(other));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(pace.allows(one));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_addresses_is_not_remembered() {
        let mut pace = Pace::default();
        for number in 0..10_000_u32 {
            pace.allows(IpAddr::from(number.to_be_bytes()));
        }
        assert!(pace.seen.len() <= MOST);
    }
}
