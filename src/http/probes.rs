//! Sets that ask for the headers of each title that they list, as some of Samsung's do: to choose a
//! release for each would spend the owner's account, and the minute's few choices, on what nobody plays.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many titles that nobody has chosen a device has chosen in a [`MINUTE`] by asking for headers.
const MOST: usize = 4;
const MINUTE: Duration = Duration::from_secs(60);
/// Most devices that are remembered.
const DEVICES: usize = 64;

/// What each device asked for the headers of lately.
type Lately = HashMap<IpAddr, Vec<(String, Instant)>>;

/// Who asked for what. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Probes(Arc<Mutex<Lately>>);

impl Probes {
    /// Whether a device may have this title chosen now, by asking for its headers; then it counts. One
    /// that it asked for just before counts once.
    pub(super) fn admits(&self, device: IpAddr, media_id: &str) -> bool {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for asked in lately.values_mut() {
            asked.retain(|(_, at)| at.elapsed() < MINUTE);
        }
        lately.retain(|_, asked| !asked.is_empty());
        if lately.len() >= DEVICES && !lately.contains_key(&device) {
            return false;
        }
        let asked = lately.entry(device).or_default();
        if asked.iter().any(|(known, _)| known == media_id) {
            return true;
        }
        let admits = asked.len() < MOST;
        if admits {
            asked.push((media_id.to_owned(), Instant::now()));
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_titles_a_minute_are_chosen_for_their_headers() {
        let (probes, set, other) = (Probes::default(), [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for title in ["a", "b", "a", "c", "d", "d"] {
            assert!(probes.admits(set, title), "{title}");
        }
        assert!(!probes.admits(set, "e"));
        assert!(probes.admits(set, "b"), "it is chosen, or just being chosen");
        assert!(probes.admits(other, "e"));
        tokio::time::advance(MINUTE).await;
        assert!(probes.admits(set, "e"));
    }
}
