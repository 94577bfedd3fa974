//! How many requests a piece of work has sent: some hosts state how many they take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

tokio::task_local! {
    static COUNTED: Arc<AtomicU32>;
}

/// A count of requests, repeats of a call included.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<AtomicU32>);

impl Sent {
    /// Does `work` and counts what it sends. What it hands to other tasks is not counted.
    pub async fn count<F: Future>(&self, work: F) -> F::Output {
        COUNTED.scope(Arc::clone(&self.0), work).await
    }

    /// How many there were so far.
    #[must_use]
    pub fn so_far(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request goes out.
pub(super) fn note() {
    // Work that nobody counts is most of it.
    let _ = COUNTED.try_with(|sent| sent.fetch_add(1, Ordering::Relaxed));
}
