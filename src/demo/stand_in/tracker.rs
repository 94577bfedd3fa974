//! A tracker over HTTP: BEP 3 for the request and its refusals, BEP 23 for the compact list.

use std::net::SocketAddrV4;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::{reply, with};
use crate::demo::household::Household;
use crate::http::plain::{Ask, Reply};
use crate::torrent::InfoHash;

/// Seconds between two announces that it asks for.
const INTERVAL_S: u32 = 60;

/// The tracker: it knows one peer, the demonstration's seeder.
pub struct Tracker {
    household: Arc<Household>,
    seeder: SocketAddrV4,
}

impl Tracker {
    /// A tracker that sends everybody to `seeder`.
    #[must_use]
    pub fn new(household: Arc<Household>, seeder: SocketAddrV4) -> Self {
        Self { household, seeder }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/announce") => self.announce(&ask.raw_query),
            _ => reply(404, "text/plain", "404 not found"),
        }
    }

    fn announce(&self, query: &str) -> Reply {
        let Some(hash) = value(query, "info_hash") else { return failure("missing info_hash") };
        let Ok(hash) = <[u8; 20]>::try_from(hash) else { return failure("invalid info_hash") };
        if value(query, "peer_id").is_none_or(|id| id.len() != 20) {
            return failure("invalid peer_id");
        }
        let port = value(query, "port").and_then(|port| String::from_utf8(port).ok());
        if port.and_then(|port| port.parse::<u16>().ok()).is_none() {
            return failure("invalid port");
        }
        let known = self.household.by_hash(&InfoHash::from_bytes(hash));
        let Some(release) = known else { return failure("torrent not registered") };
        let mut peers = Vec::new();
        if release.recipe.seeded {
            peers.extend_from_slice(&self.seeder.ip().octets());
            peers.extend_from_slice(&self.seeder.port().to_be_bytes());
        }
        let head = format!(
            "d8:completei{}e10:incompletei0e8:intervali{INTERVAL_S}e5:peers{}:",
            peers.len() / 6,
            peers.len()
        );
        text([head.as_bytes(), &peers, b"e"].concat())
    }
}

fn text(body: Vec<u8>) -> Reply {
    with(reply(200, "text/plain", body), "pragma", "no-cache")
}

/// A refusal is an answer too: status 200, and a reason (BEP 3).
fn failure(reason: &str) -> Reply {
    text(format!("d14:failure reason{}:{reason}e", reason.len()).into_bytes())
}

/// The bytes of a key of the query; an info hash is no text.
fn value(query: &str, key: &str) -> Option<Vec<u8>> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == key)?;
    Some(percent_decode_str(value).collect())
}

/// Where a tracker at `base` is announced to.
#[must_use]
pub fn announce_url(base: &str) -> String {
    format!("{base}/announce")
}
