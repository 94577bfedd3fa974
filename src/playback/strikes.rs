//! The ways of a film that are struck out for a while.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::playable::Via;
use crate::debrid;
use crate::swarm;

/// For how long a way that failed is not tried again; doubled each time, to [`LONGEST_STRIKE`].
const STRIKE: Duration = Duration::from_secs(5);
const LONGEST_STRIKE: Duration = Duration::from_secs(600);

/// The ways of a film that have failed lately.
#[derive(Debug, Default)]
pub(super) struct Strikes(HashMap<Via, Strike>);

#[derive(Debug)]
struct Strike {
    since: Instant,
    until: Instant,
    count: u32,
    why: String,
    /// Trying again is of no use to who reads now. Who asks anew a moment later may find that
    /// somebody has mended it: has made room on the disk, or paid.
    for_good: bool,
}

impl Strikes {
    /// Those of `ways` that have not failed just now; where all have, those that may yet be mended.
    pub(super) fn sort_out(&self, ways: &[Via]) -> Vec<Via> {
        let now = Instant::now();
        let is_open = |way: &&Via| self.0.get(way).is_none_or(|strike| strike.until <= now);
        let may_mend = |way: &&Via| {
            self.0.get(way).is_none_or(|strike| !strike.for_good || now > strike.since + STRIKE)
        };
        let open: Vec<Via> = ways.iter().filter(is_open).copied().collect();
        if open.is_empty() { ways.iter().filter(may_mend).copied().collect() } else { open }
    }

    pub(super) fn allow(&self, way: Via) -> bool {
        self.0.get(&way).is_none_or(|strike| strike.until <= Instant::now())
    }

    pub(super) fn strike(&mut self, way: Via, why: &(dyn std::error::Error + 'static)) {
        let of_store = why.downcast_ref::<debrid::Error>().is_some_and(debrid::Error::is_final);
        let of_room = why.downcast_ref::<swarm::Error>().is_some_and(swarm::Error::wants_room);
        // Peers that lie do so for a day; what the story itself says of them is no mere bad luck.
        let of_peers = matches!(why.downcast_ref(), Some(super::Error::NeverVerifies { .. }));
        let for_good = of_store || of_room || of_peers;
        let count = self.0.get(&way).map_or(0, |strike| strike.count);
        let doubled = STRIKE.saturating_mul(1 << count.min(10)).min(LONGEST_STRIKE);
        let wait = if for_good { LONGEST_STRIKE } else { doubled };
        let (since, why) = (Instant::now(), why.to_string());
        let until = since + wait;
        self.0.insert(way, Strike { since, until, count: count + 1, why, for_good });
    }

    /// What the first of `ways` that has failed had to say.
    pub(super) fn why(&self, ways: &[Via]) -> Option<String> {
        ways.iter().find_map(|way| self.0.get(way)).map(|strike| strike.why.clone())
    }

    pub(super) fn forget(&mut self, way: Via) {
        self.0.remove(&way);
    }
}
