//! From an id to a [`Title`]: what it is called, and the same in the other ids that indexes know.

use std::time::Duration;

use tokio::time::timeout;

use super::anime_map::{Entry, Order, TmdbId};
use super::details::{Details, Kind};
use super::source::{Want, catalogue_id};
use super::{EpisodeRow, Error, Titles};
use crate::media::{AnimeBase, AnimePlace, Episode, ImdbId, StremioId, Title};

/// How long a title waits for the list of episodes through which an anime's number is counted.
const COUNT_PATIENCE: Duration = Duration::from_millis(1_500);

impl Titles {
    /// What `id` is called and which ids mean the same; `None` where nobody knows it. A title without
    /// a name is one that nobody answered for, of which a map knows other ids.
    pub async fn look_up(&self, id: &StremioId) -> Result<Option<Title>, Error> {
        match *id {
            StremioId::Imdb { id, episode } => self.look_up_imdb(id, episode).await,
            StremioId::Anime { base, id, episode } => self.look_up_anime(base, id, episode).await,
            StremioId::TmdbMovie(id) => self.look_up_tmdb(TmdbId { film: true, id }, None).await,
            StremioId::TmdbTv { id, episode } => {
                self.look_up_tmdb(TmdbId { film: false, id }, Some(episode)).await
            }
        }
    }

    /// The episodes of a series in order, those of season 0 (specials) last.
    pub async fn episodes(&self, id: ImdbId) -> Result<Vec<EpisodeRow>, Error> {
        let told = self.of_imdb(id, Some(Kind::Series), Want::Names(None)).await?;
        let rows = told.map(|told| told.value.episodes).unwrap_or_default();
        let row = |row: super::EpisodeDetails| EpisodeRow {
            episode: row.episode,
            name: row.name,
            air_date: row.air_date,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn look_up_imdb(
        &self,
        id: ImdbId,
        episode: Option<Episode>,
    ) -> Result<Option<Title>, Error> {
        let kind = if episode.is_some() { Kind::Series } else { Kind::Movie };
        let told = self.of_imdb(id, Some(kind), Want::Names(episode)).await;
        let details = match told {
            Ok(told) => told.map(|told| told.value),
            // Without a name, but with what the map says.
            Err(error) if self.map.of_imdb(id).is_empty() => return Err(error),
            Err(error) => {
                tracing::info!(%error, "a title is known by its ids alone");
                None
            }
        };
        let entries = self.entries(id, details.as_ref());
        if details.is_none() && entries.is_empty() {
            return Ok(None);
        }
        let mut title = details.as_ref().map(named).unwrap_or_default();
        title.imdb = Some(id);
        title.is_anime |= !entries.is_empty();
        let Some(episode) = episode else {
            if let Some(film) = entries.iter().find(|entry| entry.film).or(entries.first()) {
                self.put_places(&mut title, film, None);
            }
            return Ok(Some(title));
        };
        let row = details.as_ref().and_then(|details| details.episode(episode));
        title.air_date = row.and_then(|row| row.air_date.clone());
        let order = details.as_ref().map(Details::order).unwrap_or_default();
        if title.is_anime {
            title.absolute = order.number_of(episode).filter(|number| *number != episode.number);
        }
        let by_imdb = self.map.holding_at_imdb(&self.map.of_imdb(id), episode, &order);
        let holding = by_imdb.or_else(|| {
            // The seasons of Cinemeta are mostly those of TMDB.
            let tmdb = TmdbId { film: false, id: details.as_ref()?.tmdb? };
            self.map.holding_at_tmdb(&self.map.of_tmdb(tmdb), episode, &order)
        });
        if let Some((entry, number)) = holding {
            self.put_places(&mut title, &entry, Some(number));
        }
        Ok(Some(title))
    }

    /// The anime that a title at IMDb is, by its own id or by TMDB's, which Cinemeta tells.
    fn entries(&self, id: ImdbId, details: Option<&Details>) -> Vec<Entry> {
        let known = self.map.of_imdb(id);
        if !known.is_empty() {
            return known;
        }
        let of_tmdb = |details: &Details| {
            let film = details.kind == Kind::Movie;
            Some(self.map.of_tmdb(TmdbId { film, id: details.tmdb? }))
        };
        details.and_then(of_tmdb).unwrap_or_default()
    }

    async fn look_up_anime(
        &self,
        base: AnimeBase,
        id: u32,
        episode: Option<u32>,
    ) -> Result<Option<Title>, Error> {
        let asked = StremioId::Anime { base, id, episode: None };
        let entry = self.map.anime(base, id);
        let link = self.link::<ImdbId>(&format!("imdb/{asked}"));
        // An old link counts only where nobody tells anew what it is.
        let old = link.as_ref().map(|link| link.to);
        let fresh = link.filter(|link| link.is_fresh).map(|link| link.to);
        let mapped = entry.and_then(|entry| entry.imdb).or(fresh);
        let want = Want::Names(episode.map(|number| Episode { season: 1, number }));
        let (told, counted) =
            tokio::join!(self.of_anime(base, id, want), self.counted(mapped, episode));
        let details = match told {
            Ok(told) => told.map(|told| told.value),
            Err(error) if entry.is_none() && old.is_none() => return Err(error),
            Err(error) => {
                tracing::info!(%error, "a title is known by its ids alone");
                None
            }
        };
        if details.is_none() && entry.is_none() && old.is_none() {
            return Ok(None);
        }
        let row = episode.and_then(|number| {
            details.as_ref()?.episodes.iter().find(|row| row.episode.number == number)
        });
        let imdb = row.and_then(|row| row.imdb).map(|(imdb, _)| imdb);
        let imdb = imdb.or_else(|| details.as_ref()?.imdb).or(mapped).or(old);
        // The map did not know which list to ask for.
        let counted = match counted {
            None if mapped.is_none() => self.counted(imdb, episode).await,
            counted => counted,
        };
        let order = counted.as_ref().map(Details::order).unwrap_or_default();
        let named_by = details.as_ref().or(counted.as_ref());
        let mut title = named_by.map(named).unwrap_or_default();
        title.is_anime = true;
        title.imdb = imdb;
        let place = |number| match (row, entry) {
            // An episode that is listed without a place is one that IMDb does not count.
            (Some(row), _) => row.imdb.and_then(|(_, place)| place),
            (None, Some(entry)) if imdb.is_some() => {
                let entry = Entry { imdb, ..entry };
                self.map.at_imdb(&entry, number, &order)
            }
            _ => None,
        };
        title.imdb_episode = episode.and_then(place);
        title.air_date = row.and_then(|row| row.air_date.clone());
        title.absolute = through(&order, title.imdb_episode, episode);
        let own = Entry { kitsu: details.as_ref().and_then(|told| told.kitsu), ..Entry::default() };
        let own = match base {
            AnimeBase::Kitsu => Entry { kitsu: Some(id), ..own },
            AnimeBase::AniDb => Entry { anidb: Some(id), ..own },
            AnimeBase::MyAnimeList => Entry { mal: Some(id), ..own },
        };
        // What Kitsu is, another list may say of AniDB.
        let known = own.kitsu.and_then(|kitsu| self.map.anime(AnimeBase::Kitsu, kitsu));
        let entry = own.or(entry.or(known).unwrap_or_default());
        self.put_places(&mut title, &entry, episode);
        Ok(Some(title))
    }

    /// The series in which an anime's episode is counted through seasons. A film needs none.
    async fn counted(&self, imdb: Option<ImdbId>, episode: Option<u32>) -> Option<Details> {
        let kind = if episode.is_some() { Kind::Series } else { Kind::Movie };
        let asked = self.of_imdb(imdb?, Some(kind), Want::Names(None));
        Some(timeout(COUNT_PATIENCE, asked).await.ok()?.ok()??.value)
    }

    async fn look_up_tmdb(
        &self,
        id: TmdbId,
        episode: Option<Episode>,
    ) -> Result<Option<Title>, Error> {
        let rows = self.map.of_tmdb(id);
        let film = rows.first().filter(|_| id.film).map(|row| (*row, None));
        let holding = || {
            let (row, number) = self.map.holding_at_tmdb(&rows, episode?, &Order::default())?;
            Some((row, Some(number)))
        };
        let mut as_anime = None;
        if let Some((entry, number)) = film.or_else(holding)
            && let Some((base, own)) = catalogue_id(&entry)
        {
            as_anime = self.look_up_anime(base, own, number).await.unwrap_or_default();
            if as_anime.as_ref().is_some_and(|title| title.imdb.is_some()) {
                return Ok(as_anime);
            }
        }
        let title = match self.imdb_of_tmdb(id).await? {
            Some(imdb) => self
                .look_up_imdb(imdb, episode)
                .await?
                .map(|title| Title { imdb_episode: episode, ..title }),
            None => None,
        };
        if title.is_some() {
            return Ok(title);
        }
        // A title that IMDb does not have, or that Cinemeta does not tell of.
        let told = self.told_by_tmdb(id).await?;
        Ok(as_anime.or_else(|| {
            told.map(|details| {
                let row = episode.and_then(|episode| details.episode(episode));
                Title {
                    imdb_episode: episode.filter(|_| details.imdb.is_some()),
                    air_date: row.and_then(|row| row.air_date.clone()),
                    imdb: details.imdb,
                    ..named(&details)
                }
            })
        }))
    }

    /// Puts an anime's ids into a title, with the episode's number there.
    fn put_places(&self, title: &mut Title, entry: &Entry, episode: Option<u32>) {
        let linked = |base: AnimeBase| self.known_kitsu_of(base, entry.id_at(base)?);
        let kitsu = entry.kitsu.or_else(|| linked(AnimeBase::AniDb));
        let kitsu = kitsu.or_else(|| linked(AnimeBase::MyAnimeList));
        title.kitsu = kitsu.map(|id| AnimePlace { id, episode });
        title.anidb = entry.anidb.map(|id| AnimePlace { id, episode });
    }
}

/// The title without what depends on the episode.
fn named(details: &Details) -> Title {
    Title {
        name: details.name.clone(),
        year: details.year,
        imdb: details.imdb,
        aliases: details.aliases.clone(),
        is_anime: details.japanese_animation,
        runtime_min: details.runtime_min,
        ..Title::default()
    }
}

/// The number through all seasons, where it is another than the entry's own.
fn through(order: &Order, place: Option<Episode>, own: Option<u32>) -> Option<u32> {
    order.number_of(place?).filter(|number| Some(*number) != own)
}
