//! A password that was right a moment ago. Programs that speak HTTP Basic send it with each request,
//! and to hash it as it is kept takes 19 MiB and a good part of a second each time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

/// How long it is remembered after its last use.
const REMEMBERED: Duration = Duration::from_secs(900);

/// The mark of the last right password, under a key of this process alone.
pub(super) struct Remembered {
    key: [u8; 32],
    last: Mutex<Option<([u8; 32], Instant)>>,
}

impl Remembered {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, last: Mutex::default() }
    }

    /// Whether it is the one that was right a moment ago.
    pub(super) fn holds(&self, password: &str) -> bool {
        let Some(mark) = self.mark(password) else { return false };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(known, at): &mut ([u8; 32], Instant)| {
            let same = at.elapsed() < REMEMBERED && bool::from(known.ct_eq(&mark));
            if same {
                *at = Instant::now();
            }
            same
        };
        last.as_mut().is_some_and(same)
    }

    /// It was right.
    pub(super) fn keep(&self, password: &str) {
        let kept = self.mark(password).map(|mark| (mark, Instant::now()));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn mark(&self, password: &str) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(password.as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_last_right_password_is_known_for_a_while() {
        let remembered = Remembered::new([7; 32]);
        assert!(!remembered.holds("one"));
        remembered.keep("one");
        assert!(remembered.holds("one") && !remembered.holds("two") && !remembered.holds(""));
        tokio::time::advance(REMEMBERED / 2).await;
        assert!(remembered.holds("one"));
        tokio::time::advance(REMEMBERED / 2).await;
        assert!(remembered.holds("one"), "since its last use");
        tokio::time::advance(REMEMBERED).await;
        assert!(!remembered.holds("one"));
    }
}
