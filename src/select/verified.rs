//! What the crowd of `StremThru` has checked of a file: whether it is what is wanted.
//!
//! What was asked decides first. For an id of `IMDb` or TMDB that is the file's `sid`, the exact place at
//! `IMDb`; `AniDB`'s number beside it was worked out by a map, which may count a recap that another does
//! not, so the file's `asid` counts only where no `sid` speaks of the same series. For an anime asked by
//! its own catalogue it is the other way round.

use super::target::Target;
use crate::media::{AnimeBase, StremioId, Wanted};
use crate::torrent::TorrentFile;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verified {
    Wanted,
    Another,
    Unknown,
}

/// What the crowd says of the file.
pub(super) fn verified(file: &TorrentFile, target: &Target) -> Verified {
    let anime = matches!(target.stremio_id, Some(StremioId::Anime { .. }));
    let said = if anime {
        by_anidb(file, target).or_else(|| by_imdb(file, target))
    } else {
        by_imdb(file, target).or_else(|| by_anidb(file, target))
    };
    match said {
        Some(true) => Verified::Wanted,
        Some(false) => Verified::Another,
        None => Verified::Unknown,
    }
}

/// By the `sid`. Where nobody asked for an id, the season and number alone are compared.
fn by_imdb(file: &TorrentFile, target: &Target) -> Option<bool> {
    let StremioId::Imdb { id, episode } = file.sid.as_deref()?.parse().ok()? else { return None };
    let series = match target.stremio_id {
        Some(StremioId::Imdb { id, .. }) => Some(id),
        _ => target.imdb,
    };
    // A crowd's mistake about the series says nothing about the file.
    let same = match series {
        Some(series) => series == id,
        None => target.stremio_id.is_none(),
    };
    let wanted = match target.wanted {
        Wanted::Film => return (same && series.is_some() && episode.is_none()).then_some(true),
        Wanted::Episode(episode) => Some(episode),
        Wanted::Absolute { also, .. } => also,
    };
    if same { Some(wanted? == episode?) } else { None }
}

/// By the `asid`: `69:500`, of a film `69` or its only episode.
fn by_anidb(file: &TorrentFile, target: &Target) -> Option<bool> {
    let (anidb, number) = match target.stremio_id {
        Some(StremioId::Anime { base: AnimeBase::AniDb, id, episode }) => (id, episode),
        _ => target.anidb?,
    };
    let asid = file.asid.as_deref()?;
    let (theirs, episode) = asid.split_once(':').map_or((asid, None), |(id, n)| (id, Some(n)));
    if theirs.parse::<u32>().ok() != Some(anidb) {
        return None;
    }
    match number {
        Some(number) => Some(episode?.parse::<u32>().ok() == Some(number)),
        None if target.wanted == Wanted::Film => Some(episode.is_none_or(|n| n == "1")),
        None => None,
    }
}
