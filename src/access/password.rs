//! The owner's password: the rule, and the hash that is kept instead of it.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::{Error, random};

/// Memory of one hash, in KiB: OWASP's figure for argon2id, and what a board of 1 GiB can spare.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    /// Fewer than 8 characters.
    #[error("the password must have at least 8 characters")]
    TooShort,
    /// More than 256 characters.
    #[error("the password must have at most 256 characters")]
    TooLong,
}

/// Whether `password` may become the owner's. Its length alone is judged: rules about digits and
/// signs make people choose worse ones (NIST SP 800-63B, 3.1.1.2). Nothing is trimmed.
pub(super) fn judge(password: &str) -> Result<(), PasswordRule> {
    match password.chars().take(257).count() {
        0..8 => Err(PasswordRule::TooShort),
        8..=256 => Ok(()),
        _ => Err(PasswordRule::TooLong),
    }
}

/// Hashes passwords, one at a time whoever asks: two at once would take 38 MiB and both cores.
#[derive(Clone)]
pub(super) struct Hasher {
    turn: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)) }
    }

    /// The hash to keep, as a PHC string.
    pub(super) async fn hash(&self, password: &str) -> Result<String, Error> {
        let (password, salt) = (password.to_owned(), random::bytes::<16>()?);
        self.in_turn(move |argon2| {
            let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|_| Error::NoRandomness)
        })
        .await?
    }

    /// Whether `password` is the one whose hash is `kept`.
    pub(super) async fn verify(&self, password: &str, kept: &str) -> Result<bool, Error> {
        let (password, kept) = (password.to_owned(), kept.to_owned());
        self.in_turn(move |argon2| {
            argon2.verify_password(password.as_bytes(), kept.as_str()).is_ok()
        })
        .await
    }

    /// Runs `work` on a blocking thread. The turn goes with it: a caller who hangs up does not let a
    /// second hash begin.
    async fn in_turn<R: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> R + Send + 'static,
    ) -> Result<R, Error> {
        let turn = self.turn.clone().acquire_owned().await.map_err(|_| Error::Stopping)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(argon2id());
            drop(turn);
            done
        });
        done.await.map_err(|_| Error::Stopping)
    }
}

/// Whether `kept` is a hash that [`Hasher::verify`] could ever accept.
pub(super) fn is_hash(kept: &str) -> bool {
    kept.starts_with("$argon2id$") && argon2::password_hash::phc::PasswordHash::new(kept).is_ok()
}

fn argon2id() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_alone_is_judged_in_characters() {
        for (password, wanted) in [
            (String::new(), Err(PasswordRule::TooShort)),
            ("1234567".to_owned(), Err(PasswordRule::TooShort)),
            ("12345678".to_owned(), Ok(())),
            ("ääääääää".to_owned(), Ok(())),
            ("ääääääa".to_owned(), Err(PasswordRule::TooShort)),
            ("ä".repeat(256), Ok(())),
            ("a".repeat(257), Err(PasswordRule::TooLong)),
            ("a".repeat(1 << 20), Err(PasswordRule::TooLong)),
        ] {
            assert_eq!(judge(&password), wanted, "{} characters", password.chars().count());
        }
    }

    #[tokio::test]
    async fn the_hash_has_the_figures_and_opens_to_its_password_alone() {
        let hasher = Hasher::new();
        let kept = hasher.hash("correct horse").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_hash(&kept));
        assert!(hasher.verify("correct horse", &kept).await.unwrap());
        assert!(!hasher.verify("correct horsf", &kept).await.unwrap());
        assert!(!hasher.verify("correct horse", "not a hash").await.unwrap());
        assert_ne!(kept, hasher.hash("correct horse").await.unwrap());
    }
}
