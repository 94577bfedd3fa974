//! Whose bytes are read, where sources that all have a file of the right length have different ones.
//!
//! Those that have the same bytes in the file's middle stand together. Where the torrent's description
//! is known, the best one of each such group gives a whole piece for its hash; where it is not, but
//! somebody has been given bytes of the film from elsewhere, it gives the last of those again. A group that
//! has other ones there is out, however many stand in it. Where nothing is known, the many are believed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::plan::Candidate;
use super::probe::{self, Fault, Proof};
use super::{Mirrors, Wanted};
use crate::torrent::InfoHash;

/// How many samples of which it is known whether they are right are remembered.
const REMEMBERED: usize = 256;

/// What was found out about samples, so that a film that is opened again pays for no second piece.
#[derive(Default)]
pub(super) struct Looked(Mutex<HashMap<(InfoHash, u64, Bytes), bool>>);

impl Looked {
    fn get(&self, key: &(InfoHash, u64, Bytes)) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn put(&self, key: (InfoHash, u64, Bytes), is_right: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, is_right);
    }
}

/// The samples of `works`, which is in the order of preference: what most sources have first; of two
/// that equally many have, that of the better source.
fn samples(works: &[(Candidate, Proof)]) -> Vec<Bytes> {
    let mut samples: Vec<(usize, Bytes)> = Vec::new();
    for (_, Proof { sample, .. }) in works {
        match samples.iter_mut().find(|(_, one)| one == sample) {
            Some((count, _)) => *count += 1,
            None => samples.push((1, sample.clone())),
        }
    }
    samples.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    samples.into_iter().map(|(_, sample)| sample).collect()
}

/// Those of `works` that are read, all with one sample; the others are blamed. An error: each of them
/// has other bytes than the torrent.
pub(super) async fn of_one_mind(
    mirrors: &Mirrors,
    wanted: &Wanted,
    len: u64,
    works: Vec<(Candidate, Proof)>,
) -> Result<(Bytes, Vec<Candidate>), String> {
    let (mut right, mut unknown, mut wrong) = (None, None, Vec::new());
    for sample in samples(&works) {
        let of_it = works.iter().filter(|(_, proof)| proof.sample == sample);
        match judge(mirrors, wanted, len, &sample, of_it.map(|(one, _)| one)).await {
            Some(true) => {
                right = Some(sample);
                break;
            }
            Some(false) => wrong.push(sample),
            None => unknown = unknown.or(Some(sample)),
        }
    }
    let chosen = right.or(unknown);
    let (mut same, mut last) = (Vec::new(), String::new());
    for (candidate, proof) in works {
        if chosen.as_ref() == Some(&proof.sample) {
            same.push(candidate);
            continue;
        }
        let is_wrong = wrong.contains(&proof.sample);
        let fault = if is_wrong { Fault::WrongHash } else { Fault::OtherContent };
        last = format!("{}: {fault}", candidate.name);
        mirrors.0.health.failure(&candidate.key, &last);
    }
    chosen.map(|sample| (sample, same)).ok_or(last)
}

/// Whether sources with this sample have the torrent's bytes; `None` where that is not known, or none
/// of them brought a piece in time. Slow is no fault here: whoever is too slow for the film is left
/// while it is read.
async fn judge(
    mirrors: &Mirrors,
    wanted: &Wanted,
    len: u64,
    sample: &Bytes,
    candidates: impl Iterator<Item = &Candidate>,
) -> Option<bool> {
    let (pieces, given) = (wanted.pieces.as_ref(), wanted.given.as_ref());
    if pieces.is_none() && given.is_none() {
        return None;
    }
    let key = (wanted.info_hash, len, sample.clone());
    if let Some(known) = mirrors.0.looked.get(&key) {
        return Some(known);
    }
    // A second one, where the first breaks off.
    for candidate in candidates.take(2) {
        let (client, url) = (&mirrors.0.client, &candidate.url);
        let looked = match (pieces, given) {
            (Some(pieces), _) => probe::look(client, url, len, pieces).await,
            (None, Some(given)) => probe::compare(client, url, len, given).await.map(Some),
            (None, None) => Ok(None),
        };
        let is_right = match looked {
            Ok(looked) => looked?,
            Err(fault) => {
                tracing::debug!(mirror = candidate.name, %fault, "a piece was not looked at");
                continue;
            }
        };
        mirrors.0.looked.put(key, is_right);
        return Some(is_right);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_most_have_comes_first() {
        let of = |name: &str, sample: &'static [u8]| {
            let url: url::Url = format!("http://{name}.example/film.mkv").parse().unwrap();
            let key = format!("owner {name}");
            let candidate = Candidate { name: name.to_owned(), key, url, priority: 0 };
            (candidate, Proof { sample: Bytes::from_static(sample), latency: Duration::ZERO })
        };
        assert_eq!(samples(&[of("a", b"1"), of("b", b"2"), of("c", b"2")]), ["2", "1"]);
        assert_eq!(samples(&[of("a", b"1"), of("b", b"2")]), ["1", "2"]);
        assert!(samples(&[]).is_empty());
    }
}
