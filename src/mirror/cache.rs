//! `.torrent` caches: the description of a torrent by its info hash.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::error::Error;
use super::health::Health;
use super::known::Known;
use super::race;
use super::template::Template;
use crate::fetch::{Client, Request};
use crate::torrent::InfoHash;
use crate::torrent::metainfo::Metainfo;

/// How health knows a cache.
pub(super) fn key(cache: &Template) -> String {
    format!("cache:{}", cache.origin())
}

/// Asks the caches, the better ones first, each for `limit` at most. What one sends is taken only
/// where its info dictionary has this very hash; what else stands in it (trackers, web seeds) is a
/// stranger's word.
pub(super) async fn metainfo(
    client: &Client,
    health: &Health,
    caches: &[Template],
    info_hash: &InfoHash,
    limit: Duration,
    turn: Duration,
) -> Result<(Vec<u8>, Metainfo), Error> {
    if caches.is_empty() {
        return Err(Error::NoCache);
    }
    let mut order: Vec<&Template> = caches.iter().collect();
    order.sort_by_key(|cache| health.rank(&key(cache)).0);
    let known = Known::torrent(*info_hash);
    // Boxed: the compiler does not follow a closure's lifetimes through the race.
    let mut asked: Vec<BoxFuture<'_, _>> = Vec::new();
    for cache in order {
        asked.push(Box::pin(ask(client, health, cache, &known, limit)));
    }
    let mut reasons = Vec::new();
    let found = race::first(asked, turn, |why| reasons.push(why)).await;
    found.ok_or_else(|| Error::NoMetainfo {
        info_hash: info_hash.to_string(),
        why: reasons.into_iter().next().unwrap_or_default(),
    })
}

async fn ask(
    client: &Client,
    health: &Health,
    cache: &Template,
    known: &Known,
    limit: Duration,
) -> Result<(Vec<u8>, Metainfo), String> {
    let begun = tokio::time::Instant::now();
    let asked = async {
        let no_address = || Not::Well("its address cannot be made".to_owned());
        let url = cache.fill(known).ok_or_else(no_address)?;
        // A breath is all that is waited for a busy one: there are others, and other ways.
        let client = client.waiting(Duration::from_secs(1));
        let answer = client.send(Request::get(url).within(limit)).await;
        let answer = answer.map_err(|error| Not::Well(error.to_string()))?;
        // Some answer a page of theirs where they do not have it.
        if answer.status == 404 || (answer.is_success() && answer.is_html()) {
            return Err(Not::There);
        }
        let body = answer.success().map_err(|error| Not::Well(error.to_string()))?;
        let metainfo = Metainfo::read(body).map_err(|bad| Not::Well(bad.to_string()))?;
        if metainfo.info_hash != known.info_hash {
            return Err(Not::Well("it has another torrent there".to_owned()));
        }
        Ok((body.to_vec(), metainfo))
    };
    let (outcome, key) = (asked.await, key(cache));
    let told = |why: &str| format!("{}: {why}", cache.origin());
    match outcome {
        Ok(found) => {
            health.success(&key, begun.elapsed());
            Ok(found)
        }
        Err(Not::There) => {
            health.miss(&key);
            Err(told("it does not have it"))
        }
        Err(Not::Well(why)) => {
            let why = told(&why);
            health.failure(&key, &why);
            Err(why)
        }
    }
}

/// Why a cache gave nothing.
enum Not {
    /// It does not have it.
    There,
    /// It did not answer as it should.
    Well(String),
}
