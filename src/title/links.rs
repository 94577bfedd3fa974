//! Which id is which, as it was told: kept with its age, as all that is told of titles, and asked for
//! again when it is old. What was told wrongly once is so put right; what nobody tells now stands.

use std::time::Duration;

use tokio::time::timeout;

use super::anime_map::TmdbId;
use super::details::Kind;
use super::source::{FRESH, Want, tmdb_key};
use super::{Error, Titles, meta};
use crate::media::{AnimeBase, ImdbId, StremioId};

/// How long it may take to hear of an old link, before it is taken as it is.
const ANEW: Duration = Duration::from_millis(1_500);

/// What an id is at another place.
pub(super) struct Link<T> {
    pub(super) to: T,
    /// Whether it need not be asked for again.
    pub(super) is_fresh: bool,
}

impl Titles {
    /// What was told of an id at one place.
    pub(super) fn link<T: std::str::FromStr>(&self, from: &str) -> Option<Link<T>> {
        let (to, age) = self.cache.as_ref()?.link(from)?;
        Some(Link { to: to.parse().ok()?, is_fresh: age < FRESH })
    }

    /// Keeps it, as told now: what is known and fresh is not written again.
    pub(super) fn put_link(&self, from: &str, to: &str) {
        if let Some(cache) = &self.cache
            && cache.link(from).is_none_or(|(known, age)| known != to || age >= FRESH)
        {
            cache.put_link(from, to);
        }
    }

    /// The id at IMDb of a title at TMDB: as it was told lately, by the map, by TMDB itself; what was
    /// told long ago where none of them says otherwise.
    pub(super) async fn imdb_of_tmdb(&self, id: TmdbId) -> Result<Option<ImdbId>, Error> {
        let link = self.link::<ImdbId>(&tmdb_key(id));
        if let Some(link) = link.as_ref().filter(|link| link.is_fresh) {
            return Ok(Some(link.to));
        }
        if let Some(known) = self.map.of_tmdb(id).iter().find_map(|row| row.imdb) {
            return Ok(Some(known));
        }
        let Some(Link { to: old, .. }) = link else { return self.imdb_by_tmdb(id).await };
        if self.tmdb_key().is_none() {
            return Ok(self.is_borne_out(id, old).await.then_some(old));
        }
        // A place that forgot a title knows less than the cache.
        let told = timeout(ANEW, self.imdb_by_tmdb(id)).await;
        Ok(told.ok().and_then(Result::ok).flatten().or(Some(old)))
    }

    /// Whether nobody says that this title at IMDb is another one at TMDB: Cinemeta tells its number.
    async fn is_borne_out(&self, id: TmdbId, imdb: ImdbId) -> bool {
        let kind = if id.film { Kind::Movie } else { Kind::Series };
        let told = timeout(ANEW, self.of_imdb(imdb, Some(kind), Want::Names(None))).await;
        let told = told.ok().and_then(Result::ok).flatten();
        told.and_then(|told| told.value.tmdb).is_none_or(|number| number == id.id)
    }

    /// What Kitsu calls an anime of another list, where the map does not say.
    pub(super) async fn kitsu_of(&self, base: AnimeBase, id: u32) -> Option<u32> {
        let asked = StremioId::Anime { base, id, episode: None };
        let link = self.link::<StremioId>(&asked.to_string())?;
        if link.is_fresh {
            return kitsu_number(link.to);
        }
        let told = timeout(ANEW, self.meta(&self.kitsu, "anime", &asked.to_string())).await;
        let told = told.ok().and_then(Result::ok).flatten();
        let told = told.and_then(|meta| meta::anime(&meta, base, id));
        let told = told.filter(|told| told.id != asked);
        if let Some(told) = &told {
            self.put_link(&asked.to_string(), &told.id.to_string());
        }
        kitsu_number(told.map_or(link.to, |told| told.id))
    }

    /// The same without asking anybody.
    pub(super) fn known_kitsu_of(&self, base: AnimeBase, id: u32) -> Option<u32> {
        let asked = StremioId::Anime { base, id, episode: None };
        kitsu_number(self.link::<StremioId>(&asked.to_string())?.to)
    }
}

fn kitsu_number(id: StremioId) -> Option<u32> {
    match id {
        StremioId::Anime { base: AnimeBase::Kitsu, id, .. } => Some(id),
        _ => None,
    }
}
