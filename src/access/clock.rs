//! The wall clock, and whether to believe it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Midnight of 1 January 2026, UTC, in seconds since 1970: this code did not exist earlier, so a
/// clock that says so is wrong (a board without a battery starts in 1970).
const BUILT: u64 = 1_767_225_600;

/// Tells the time; a test brings its own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Seconds since 1970; `None` while the clock is known to be wrong.
    pub(super) fn now(&self) -> Option<u64> {
        let since = (self.0)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Some(since.as_secs()).filter(|now| *now >= BUILT)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
