//! Details from where they are told, and from the cache: the one place that decides which.

use std::time::Duration;

use crate::media::{AnimeBase, Episode, ImdbId, StremioId};

use super::anime_map::TmdbId;
use super::details::{Details, Kind, Told};
use super::{Error, Titles, meta};

/// How long an answer is taken without asking again: series get an episode a day at most.
pub(super) const FRESH: Duration = Duration::from_secs(12 * 3600);
/// The same where it lacks the episode that is asked for: it may be out since.
const FRESH_WITHOUT: Duration = Duration::from_secs(3600);

/// How much is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Enough to search: as fast as can be.
    Names(Option<Episode>),
    /// All that is told, for people to read.
    Everything,
}

impl Titles {
    /// All that is told of a title; an episode in the id does not matter. `None`: nobody knows it.
    pub async fn details(&self, id: &StremioId) -> Result<Option<Told<Details>>, Error> {
        match *id {
            StremioId::Imdb { id, episode } => {
                let kind = episode.map(|_| Kind::Series);
                self.of_imdb(id, kind, Want::Everything).await
            }
            StremioId::Anime { base, id, .. } => self.of_anime(base, id, Want::Everything).await,
            StremioId::TmdbMovie(id) => self.of_tmdb(TmdbId { film: true, id }).await,
            StremioId::TmdbTv { id, .. } => self.of_tmdb(TmdbId { film: false, id }).await,
        }
    }

    /// What is told of a title at IMDb. Which kind it is may not be known.
    pub(super) async fn of_imdb(
        &self,
        id: ImdbId,
        kind: Option<Kind>,
        want: Want,
    ) -> Result<Option<Told<Details>>, Error> {
        let key = format!("title/{id}");
        let kept = self.kept(&key).filter(|kept| kind.is_none_or(|kind| kind == kept.value.kind));
        if let Some(kept) = kept.as_ref().filter(|kept| self.enough(kept, want)) {
            return Ok(Some(Told { value: kept.value.clone(), age: None }));
        }
        let told = self.told_by_cinemeta(id, kind).await;
        self.settled(&key, told, kept, want, TmdbQuery::Imdb(id)).await
    }

    async fn told_by_cinemeta(
        &self,
        id: ImdbId,
        kind: Option<Kind>,
    ) -> Result<Option<Details>, Error> {
        let ask = async |kind: Kind| {
            let meta = self.meta(&self.cinemeta, kind.as_str(), &id.to_string()).await?;
            Ok(meta.and_then(|meta| meta::title(&meta, id, kind)))
        };
        if let Some(kind) = kind {
            return ask(kind).await;
        }
        // An id does not say what it is of.
        match tokio::join!(ask(Kind::Movie), ask(Kind::Series)) {
            (Ok(Some(told)), _) | (_, Ok(Some(told))) => Ok(Some(told)),
            (Err(error), _) | (_, Err(error)) => Err(error),
            (Ok(None), Ok(None)) => Ok(None),
        }
    }

    /// What is told of an anime, by the number of any of the catalogues.
    pub(super) async fn of_anime(
        &self,
        base: AnimeBase,
        id: u32,
        want: Want,
    ) -> Result<Option<Told<Details>>, Error> {
        let entry = self.map.anime(base, id);
        let asked = StremioId::Anime { base, id, episode: None };
        let kitsu = match base {
            AnimeBase::Kitsu => Some(id),
            _ => match entry.and_then(|entry| entry.kitsu) {
                None => self.kitsu_of(base, id).await,
                known => known,
            },
        };
        let (base, id) = kitsu.map_or((base, id), |kitsu| (AnimeBase::Kitsu, kitsu));
        let known = StremioId::Anime { base, id, episode: None };
        let key = format!("title/{known}");
        let kept = self.kept(&key);
        if let Some(kept) = kept.as_ref().filter(|kept| self.enough(kept, want)) {
            return Ok(Some(Told { value: kept.value.clone(), age: None }));
        }
        let told = self.meta(&self.kitsu, "anime", &known.to_string()).await;
        let told = told.map(|meta| meta.and_then(|meta| meta::anime(&meta, base, id)));
        if let Ok(Some(told)) = &told {
            if told.id != asked {
                self.put_link(&asked.to_string(), &told.id.to_string());
            }
            if let Some(imdb) = told.imdb {
                self.put_link(&format!("imdb/{asked}"), &imdb.to_string());
                self.put_link(&format!("imdb/{}", told.id), &imdb.to_string());
            }
        }
        self.settled(&key, told, kept, want, TmdbQuery::None).await
    }

    async fn of_tmdb(&self, id: TmdbId) -> Result<Option<Told<Details>>, Error> {
        let kind = if id.film { Kind::Movie } else { Kind::Series };
        if let Some(imdb) = self.imdb_of_tmdb(id).await?
            && let Some(told) = self.of_imdb(imdb, Some(kind), Want::Everything).await?
        {
            return Ok(Some(told));
        }
        if let Some(entry) = self.map.of_tmdb(id).first()
            && let Some((base, id)) = catalogue_id(entry)
            && let Some(told) = self.of_anime(base, id, Want::Everything).await?
        {
            return Ok(Some(told));
        }
        let told = self.told_by_tmdb(id).await?;
        Ok(told.map(|value| Told { value, age: None }))
    }

    fn kept(&self, key: &str) -> Option<Told<Details>> {
        let (value, age) = self.cache.as_ref()?.answer::<Details>(key)?;
        Some(Told { value, age: Some(age) })
    }

    /// Whether what is kept need not be asked for again.
    fn enough(&self, kept: &Told<Details>, want: Want) -> bool {
        let age = kept.age.unwrap_or_default();
        match want {
            Want::Names(Some(episode)) if kept.value.episode(episode).is_none() => {
                age < FRESH_WITHOUT
            }
            Want::Names(_) => age < FRESH,
            Want::Everything => age < FRESH && (kept.value.completed || self.tmdb_key().is_none()),
        }
    }

    /// What was told now, completed and kept; else what is kept, with its age.
    async fn settled(
        &self,
        key: &str,
        told: Result<Option<Details>, Error>,
        kept: Option<Told<Details>>,
        want: Want,
        query: TmdbQuery,
    ) -> Result<Option<Told<Details>>, Error> {
        let mut told = told;
        // TMDB stands in where nobody else answers, and completes what people read.
        let nobody = !matches!(told, Ok(Some(_)));
        if (nobody && kept.is_none()) || (want == Want::Everything && !nobody) {
            let more = self.more_by_tmdb(query, told.as_ref().ok().and_then(Option::as_ref)).await;
            told = match (told, more) {
                (Ok(Some(mut details)), Ok(Some(more))) => {
                    details.complete(more);
                    details.completed = true;
                    Ok(Some(details))
                }
                (_, Ok(Some(mut more))) => {
                    more.completed = true;
                    Ok(Some(more))
                }
                (told, Err(error)) => {
                    tracing::info!(%error, "TMDB did not complete a title");
                    told
                }
                (Ok(Some(mut details)), Ok(None)) => {
                    details.completed = true;
                    Ok(Some(details))
                }
                (told, Ok(None)) => told,
            };
        }
        match told {
            Ok(Some(mut details)) => {
                // What a search asks is not completed; it takes nothing away from what was.
                // Not the second time either, nor the tenth: a series that is searched every evening
                // is seldom read about.
                if !details.completed
                    && let Some(kept) = kept.filter(|kept| kept.value.holds_more())
                {
                    details.complete(kept.value);
                    details.carries = true;
                }
                self.keep(key, &details);
                Ok(Some(Told { value: details, age: None }))
            }
            // A place that forgot a title knows less than the cache.
            Ok(None) => Ok(kept),
            Err(error) => kept.map_or(Err(error), |kept| Ok(Some(kept))),
        }
    }

    fn keep(&self, key: &str, details: &Details) {
        let Some(cache) = &self.cache else { return };
        if !cache.put_answer(key, details) {
            cache.put_answer(key, &details.clone().shortened());
        }
        if let (StremioId::Imdb { id, .. }, Some(tmdb)) = (details.id, details.tmdb) {
            let film = details.kind == Kind::Movie;
            self.put_link(&tmdb_key(TmdbId { film, id: tmdb }), &id.to_string());
        }
        self.remember_picture(&details.id, details.poster.as_deref());
    }
}

/// By what TMDB is asked for a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TmdbQuery {
    None,
    Imdb(ImdbId),
}

/// Under which a number of TMDB is linked to IMDb's.
pub(super) fn tmdb_key(id: TmdbId) -> String {
    format!("tmdb:{}:{}", if id.film { "movie" } else { "tv" }, id.id)
}

/// The catalogue of anime that is best asked for an entry.
pub(super) fn catalogue_id(entry: &super::anime_map::Entry) -> Option<(AnimeBase, u32)> {
    let bases = [AnimeBase::Kitsu, AnimeBase::AniDb, AnimeBase::MyAnimeList];
    bases.into_iter().find_map(|base| Some((base, entry.id_at(base)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{AddressPolicy, Client, Roots};
    use serde_json::json;

    #[tokio::test]
    async fn what_tmdb_told_stays_through_every_search_until_it_is_asked_again() {
        let nobody: url::Url = "http://127.0.0.1:9/".parse().unwrap();
        let client = Client::new(AddressPolicy::default(), Roots::Bundled).unwrap();
        let titles = Titles::new(client, nobody.clone(), nobody);
        let id: ImdbId = "tt9900001".parse().unwrap();
        let told = json!({"id": id.to_string(), "kind": "movie", "name": "Harbour Lights"});
        let told: Details = serde_json::from_value(told).unwrap();
        let plot = Some("A ship comes in.".to_owned());
        let mut kept = Details { plot: plot.clone(), completed: true, ..told.clone() };
        for search in 1..=3 {
            let old = Told { value: kept, age: Some(2 * FRESH) };
            let (now, want) = (Ok(Some(told.clone())), Want::Names(None));
            let settled = titles.settled("title/x", now, Some(old), want, TmdbQuery::Imdb(id));
            kept = settled.await.unwrap().unwrap().value;
            assert_eq!(kept.plot, plot, "search {search}");
            assert!(!kept.completed, "who reads about it has TMDB asked again");
        }
    }
}
