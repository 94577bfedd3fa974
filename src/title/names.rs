//! What a title is called in other languages, for those who have a key for TMDB: releases are named in
//! the language of whoever made them, and Cinemeta tells one name.
//!
//! Asked beside the indexes of a search and kept apart from what people read, so that it costs no page
//! anything and no search its time.

use std::time::Duration;

use serde_json::Value;

use super::Titles;
use super::anime_map::TmdbId;
use super::details::{Details, Kind};
use crate::media::{ImdbId, StremioId};

/// How long they are believed: a title seldom gets another.
const FRESH: Duration = Duration::from_secs(7 * 24 * 3600);
/// Most names of one title; a film shown everywhere has some eighty, half of them alike.
const MOST: usize = 64;

impl Titles {
    /// The other names of a title as they were told before; `None` where they are to be asked for.
    #[must_use]
    pub fn known_names(&self, id: &StremioId, imdb: Option<ImdbId>) -> Option<Vec<String>> {
        self.told_names(id, imdb).filter(|(_, age)| *age < FRESH).map(|(names, _)| names)
    }

    /// The same however long ago they were told, for who asks nobody: a name does not go out of use.
    #[must_use]
    pub fn names_of_before(&self, id: &StremioId, imdb: Option<ImdbId>) -> Vec<String> {
        self.told_names(id, imdb).map(|(names, _)| names).unwrap_or_default()
    }

    /// By whichever of its ids they were asked for: at first its place at IMDb may not be known.
    fn told_names(&self, id: &StremioId, imdb: Option<ImdbId>) -> Option<(Vec<String>, Duration)> {
        self.tmdb_key()?;
        let cache = self.cache.as_ref()?;
        let told = keys(id, imdb).filter_map(|key| cache.answer(&key));
        told.min_by_key(|(_, age)| *age)
    }

    /// Asks TMDB for the other names of a title. None where there is no key, where TMDB does not know
    /// it, and where it does not answer: then those of before.
    pub async fn other_names(&self, id: &StremioId, imdb: Option<ImdbId>) -> Vec<String> {
        let key = keys(id, imdb).next();
        let (Some(_), Some(key)) = (self.tmdb_key(), key) else { return Vec::new() };
        match self.ask_names(id, imdb).await {
            Ok(names) => {
                if let Some(cache) = &self.cache {
                    cache.put_answer(&key, &names);
                }
                names
            }
            Err(error) => {
                tracing::info!(%error, "TMDB did not tell the other names of a title");
                self.names_of_before(id, imdb)
            }
        }
    }

    async fn ask_names(
        &self,
        id: &StremioId,
        imdb: Option<ImdbId>,
    ) -> Result<Vec<String>, super::Error> {
        let tmdb = match (own(id), imdb_of(id, imdb)) {
            (Some(tmdb), _) => Some(tmdb),
            (None, Some(imdb)) => match self.known_number(imdb) {
                Some(tmdb) => Some(tmdb),
                None => self.tmdb_of_imdb(imdb).await?,
            },
            (None, None) => None,
        };
        let Some(tmdb) = tmdb else { return Ok(Vec::new()) };
        let more = [("append_to_response", "alternative_titles,translations")];
        Ok(self.ask_tmdb_for(tmdb, &more).await?.map(|body| names(&body)).unwrap_or_default())
    }

    /// The number at TMDB that a catalogue told before.
    fn known_number(&self, imdb: ImdbId) -> Option<TmdbId> {
        let (told, _) = self.cache.as_ref()?.answer::<Details>(&format!("title/{imdb}"))?;
        Some(TmdbId { film: told.kind == Kind::Movie, id: told.tmdb? })
    }
}

/// The number that was asked for by itself.
const fn own(id: &StremioId) -> Option<TmdbId> {
    match *id {
        StremioId::TmdbMovie(id) => Some(TmdbId { film: true, id }),
        StremioId::TmdbTv { id, .. } => Some(TmdbId { film: false, id }),
        StremioId::Imdb { .. } | StremioId::Anime { .. } => None,
    }
}

fn imdb_of(id: &StremioId, known: Option<ImdbId>) -> Option<ImdbId> {
    match *id {
        StremioId::Imdb { id, .. } => Some(id),
        _ => known,
    }
}

/// Under which they are kept, the first of them when they are told: for a series once, whatever the
/// episode.
fn keys(id: &StremioId, imdb: Option<ImdbId>) -> impl Iterator<Item = String> {
    let at_imdb = imdb_of(id, imdb).map(|imdb| imdb.to_string());
    let titles = at_imdb.into_iter().chain(own(id).map(super::source::tmdb_key));
    titles.map(|title| format!("names/{title}"))
}

/// Every name that an answer tells, each once: the usual one, its own language's, the translations,
/// then the others.
fn names(body: &Value) -> Vec<String> {
    let own = ["title", "name", "original_title", "original_name"].map(|key| &body[key]);
    let translated = list_of(&body["translations"]["translations"]).iter();
    let translated = translated.flat_map(|one| [&one["data"]["title"], &one["data"]["name"]]);
    let titles = &body["alternative_titles"];
    let others = list_of(&titles["titles"]).iter().chain(list_of(&titles["results"]));
    let others = others.map(|one| &one["title"]);
    let mut names: Vec<String> = Vec::new();
    for name in own.into_iter().chain(translated).chain(others).filter_map(super::tmdb::text) {
        let known = names.iter().any(|known| known.to_lowercase() == name.to_lowercase());
        if !known && names.len() < MOST {
            names.push(name);
        }
    }
    names
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_language_counts_once_and_what_has_another_shape_not_at_all() {
        let body = json!({
            "title": "Harbour Lights", "original_title": "Luci del porto",
            "translations": {"translations": [
                {"iso_639_1": "de", "data": {"title": "Hafenlichter"}},
                {"iso_639_1": "en", "data": {"title": ""}},
                {"iso_639_1": "es", "data": {"name": "Luces del puerto"}},
                {"data": null}, 7, {"data": {"title": 5}},
            ]},
            "alternative_titles": {"titles": [{"title": "HAFENLICHTER"}, {"title": "Harbor Lights"}]},
        });
        let wanted = [
            "Harbour Lights",
            "Luci del porto",
            "Hafenlichter",
            "Luces del puerto",
            "Harbor Lights",
        ];
        assert_eq!(names(&body), wanted);
        assert_eq!(names(&json!({"translations": []})), Vec::<String>::new());
        let many: Vec<_> = (0..200).map(|n| json!({"title": format!("Name {n}")})).collect();
        assert_eq!(names(&json!({"alternative_titles": {"results": many}})).len(), MOST);
    }
}
