//! Why a store does not give, in one sentence each.

use std::time::Duration;

use crate::fetch;
use crate::stremthru;
use crate::torrent::Store;

/// Why a store does not give. None of them holds a link or a token.
#[derive(Debug, Clone, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Error {
    #[error("{store} refuses this torrent for legal reasons (451); another one is needed")]
    Refused { store: Store },
    #[error("{store} does not accept the token; set it again on the set-up page")]
    BadToken { store: Store },
    #[error("the account at {store} has no subscription; renew it there")]
    NoSubscription { store: Store },
    #[error("{store} does not have this torrent at once ({status}); another one is needed")]
    NotReady { store: Store, status: String },
    #[error("{store} could not get this torrent ({status}); another one is needed")]
    Failed { store: Store, status: String },
    #[error("{store} gives no link for this file; choose another file or torrent")]
    NoLink { store: Store },
    #[error("{store} asks for fewer requests; try again in some minutes")]
    Limited { store: Store, retry_after: Option<Duration> },
    #[error("{store}'s limit of active downloads or traffic is reached; wait, or free some there")]
    StoreLimit { store: Store },
    #[error("{store} knows no such torrent any more; add it again")]
    Gone { store: Store },
    #[error(
        "{store} now has other bytes than before under this file ({now} of {before} bytes); start it again"
    )]
    Changed { store: Store, before: u64, now: u64 },
    #[error(
        "{store}'s link cannot be read from any point, which playing needs; another torrent is needed"
    )]
    NoRanges { store: Store },
    #[error("{store}'s link answered {status}; another torrent is needed")]
    DeadLink { store: Store, status: u16 },
    #[error("{store} cannot be asked: {why}")]
    Unreachable { store: Store, why: fetch::Error },
    #[error("{store}'s link cannot be read: {why}")]
    Unreadable { store: Store, why: String },
    #[error("{store} answered something odd: {what}")]
    Odd { store: Store, what: String },
}

impl Error {
    pub(super) fn from_wire(store: Store, error: stremthru::Error) -> Self {
        use stremthru::Error as Wire;
        match error {
            Wire::BadToken => Self::BadToken { store },
            Wire::NoSubscription => Self::NoSubscription { store },
            Wire::Refused => Self::Refused { store },
            Wire::Limited { retry_after } => Self::Limited { store, retry_after },
            Wire::StoreLimit => Self::StoreLimit { store },
            Wire::NotFound => Self::Gone { store },
            Wire::Fetch(fetch::Error::Limited { retry_after, .. }) => {
                Self::Limited { store, retry_after }
            }
            Wire::Fetch(why) => Self::Unreachable { store, why },
            other @ Wire::Answer { .. } => Self::Odd { store, what: other.to_string() },
        }
    }

    /// Whether the owner must mend it: the token is wrong, or the account has ended.
    #[must_use]
    pub fn is_of_the_token(&self) -> bool {
        matches!(self, Self::BadToken { .. } | Self::NoSubscription { .. })
    }

    /// Whether the same would be said of every other torrent just now.
    #[must_use]
    pub fn is_of_the_account(&self) -> bool {
        let now = matches!(
            self,
            Self::StoreLimit { .. } | Self::Limited { .. } | Self::Unreachable { .. }
        );
        now || self.is_of_the_token()
    }

    /// Whether trying again, even with a fresh link, is of no use.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::BadToken { .. }
                | Self::NoSubscription { .. }
                | Self::StoreLimit { .. }
                | Self::NotReady { .. }
                | Self::Failed { .. }
                | Self::NoLink { .. }
                | Self::Changed { .. }
        )
    }
}
