//! Where torrents are found: a file an index, each asked in its own protocol and failing alone.
//!
//! An index answers a [`Query`] with rows ([`Torrent`]); what it does not know is an empty list. It
//! judges nothing and keeps nothing: whether to ask at all is the story's decision.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::fetch;
use crate::media::Query;
use crate::stremthru::{self as wire, StremThru};
use crate::torrent::{IndexName, Torrent, stated_name};

mod added;
mod addon;
mod animetosho;
mod breaker;
mod clock;
mod comet;
mod decode;
mod health;
mod json;
mod mediafusion;
mod nyaa;
mod peerflix;
mod relay;
mod scrape;
mod stated;
mod stremthru;
mod terms;
mod torrentio;
mod torrentsdb;
mod torznab;
mod zilean;

pub use breaker::{Admission, Shut};
pub use clock::moment;
pub use decode::decode;
pub use health::{Health, Memory, Standing};
pub use relay::{NotRelayed, Relay, Relayed};
pub use scrape::ask;

/// Longest wait for one index. Public ones answer within three seconds, or not at all; an instance
/// that asks others in its turn may take longer. No search waits for so long: what comes late is kept
/// for the next.
const LIMIT: Duration = Duration::from_secs(25);

/// Longest `Retry-After` that is waited for within a call: a longer one does not fit into a search.
const IN_LINE: Duration = Duration::from_secs(4);

/// Most rows that are read of one answer, and the longest name of one, in bytes. The longest honest
/// list that was ever seen has 1,811.
const MOST_ROWS: usize = 4_000;
const LONGEST_NAME: usize = 1_024;

/// A place that lists torrents.
pub trait Source: Send + Sync {
    /// Its name in logs, and in [`Torrent::index`].
    fn index(&self) -> IndexName;

    /// Asks it once. What it does not know is an empty list, not an error.
    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>>;

    /// Whether it cannot be asked well before the title is known, because it searches by name.
    fn wants_title(&self) -> bool {
        false
    }

    /// Where it is; what was learnt of one address does not hold for another.
    fn base(&self) -> Option<&Url> {
        None
    }
}

/// What an index lists.
#[derive(Debug, Default)]
pub struct Listed {
    /// Its rows.
    pub torrents: Vec<Torrent>,
    /// Where it was asked in several ways at once and refused one of them: why. That holds for the
    /// host, whatever it answered beside.
    pub refused: Option<Error>,
}

impl From<Vec<Torrent>> for Listed {
    fn from(torrents: Vec<Torrent>) -> Self {
        Self { torrents, refused: None }
    }
}

/// How it went with one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has some.
    Ok,
    /// It has none.
    Empty,
    /// It, or the way to it, is broken.
    Failed,
    /// It will not speak with us (403, 418, a page against bots).
    Blocked,
    /// It has been asked too often (429).
    Limited,
    /// No answer in time.
    TimedOut,
    /// It knows no ids of this kind.
    UnsupportedId,
    /// The owner has switched it off.
    Off,
}

/// What one index said.
#[derive(Debug, Clone)]
pub struct Report {
    /// The index.
    pub index: IndexName,
    /// How it went.
    pub state: State,
    /// What it has.
    pub torrents: Vec<Torrent>,
    /// Where it answered one request and refused another: as what the refusal counts.
    pub refused: Option<State>,
    /// How long it took.
    pub elapsed: Duration,
    /// Where there is something to say: a sentence.
    pub message: Option<String>,
    /// The HTTP status of a refusal.
    pub status: Option<u16>,
    /// How long it asks us to stay away.
    pub retry_after: Option<Duration>,
    /// Where it is not asked for some time from now: how long.
    pub left: Option<Duration>,
    /// How many requests were sent for it.
    pub requests: u32,
}

/// Why an index gave no list.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It knows no ids of this kind, and the title does not translate it.
    #[error("it knows no ids of this kind")]
    UnsupportedId,
    /// It answered that it will not.
    #[error("refuses this connection ({0})")]
    Blocked(u16),
    /// It wants fewer requests.
    #[error("asks for fewer requests (429)")]
    Limited {
        /// How long it asks us to stay away; a day at most.
        retry_after: Option<Duration>,
    },
    /// It answered something else than it should.
    #[error("{0}")]
    Odd(String),
    /// It sent XML that is not read.
    #[error(transparent)]
    Xml(#[from] crate::xml::Refused),
    /// There is no answer.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
}

impl Error {
    /// Whether the host will not, or not so often: more than a failure.
    fn is_refusal(&self) -> bool {
        match self {
            Self::Blocked(_) | Self::Limited { .. } => true,
            Self::Fetch(error) => error.is_blocked() || error.is_limited(),
            Self::UnsupportedId | Self::Odd(_) | Self::Xml(_) => false,
        }
    }

    /// The graver of two: the first refusal, else the first failure.
    fn graver(first: Option<Self>, next: Self) -> Self {
        match first {
            Some(first) if first.is_refusal() || !next.is_refusal() => first,
            _ => next,
        }
    }
}

/// The index of this name, at `base`.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a client is cheap to clone, and built for one")]
pub fn build(name: IndexName, client: fetch::Client, base: Url) -> Box<dyn Source> {
    Box::new(Placed { base: base.clone(), source: source(name, client.waiting(IN_LINE), base) })
}

/// A source that knows where it is.
struct Placed {
    source: Box<dyn Source>,
    base: Url,
}

impl Source for Placed {
    fn index(&self) -> IndexName {
        self.source.index()
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        self.source.scrape(query)
    }

    fn wants_title(&self) -> bool {
        self.source.wants_title()
    }

    fn base(&self) -> Option<&Url> {
        Some(&self.base)
    }
}

fn source(name: IndexName, client: fetch::Client, base: Url) -> Box<dyn Source> {
    match name {
        IndexName::StremThru => {
            let wire = StremThru::new(client.clone(), base.clone(), None);
            Box::new(stremthru::Database { wire, client, base })
        }
        IndexName::Torrentio => Box::new(torrentio::Torrentio { client, base }),
        IndexName::Comet => Box::new(comet::Comet { client, base }),
        IndexName::Zilean => Box::new(zilean::Zilean { client, base }),
        IndexName::AnimeTosho => Box::new(animetosho::AnimeTosho { client, base }),
        IndexName::TorrentsDb => Box::new(torrentsdb::TorrentsDb { client, base }),
        IndexName::Peerflix => Box::new(peerflix::Peerflix { client, base }),
        IndexName::MediaFusion => Box::new(mediafusion::MediaFusion::new(client, base)),
        IndexName::Nyaa => Box::new(nyaa::Nyaa { client, base }),
        IndexName::Added(_) => added::build(name, client, base),
    }
}

/// The entries of a list, as many as are read.
fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten().take(MOST_ROWS)
}

/// A stranger's name: one line, at most [`LONGEST_NAME`] bytes.
fn name(text: &str) -> String {
    stated_name(text, LONGEST_NAME)
}
