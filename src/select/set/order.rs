//! The order for the set that asks: what it cannot play comes after all that it can.

use super::SetLimits;
use crate::select::candidate::Candidate;
use crate::select::merit::Merit;

/// `candidates`, which are in the household's order, in the order for a set with these limits: each
/// with what speaks against it there. Of two that are alike the order stays.
#[must_use]
pub fn for_set(candidates: &[Candidate], set: &SetLimits) -> Vec<Candidate> {
    let mut all = candidates.to_vec();
    for candidate in &mut all {
        for merit in against(candidate, set) {
            candidate.score = ((candidate.score + merit.points()) * 10.0).round() / 10.0;
            candidate.reasons.push(merit);
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.sort_by_key(Candidate::tier);
    all
}

fn against(candidate: &Candidate, set: &SetLimits) -> Vec<Merit> {
    let release = &candidate.release;
    let file = candidate.torrent.file_name.as_deref();
    let extension =
        file.and_then(|name| Some(name.rsplit_once('.')?.1)).or(release.extension.as_deref());
    [
        (Merit::CannotPlay, set.shows(release)),
        (Merit::CannotSound, set.sounds(release)),
        (Merit::CannotOpen, set.opens(extension)),
    ]
    .into_iter()
    .filter(|(merit, fits)| !fits && !candidate.reasons.contains(merit))
    .map(|(merit, _)| merit)
    .collect()
}
