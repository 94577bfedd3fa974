//! Torznab, the search protocol of Jackett, Prowlarr and others: parameters in the query, RSS in the
//! answer, errors with status 200.
//!
//! An item counts where it tells an info hash, by itself or in a magnet. One that only links a
//! `.torrent` is left out: each would cost a request to a tracker, many of which count downloads.
//!
//! The key for the instance stands in the query of its address and stays there; nothing that is
//! shown or logged has more of an address than its host.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::OnceCell;
use url::Url;

use super::{Error, LIMIT, Listed, MOST_ROWS, Source, terms};
use crate::fetch::{self, Request};
use crate::media::{Episode, Query, StremioId, Wanted};
use crate::torrent::{IndexName, Torrent};
use crate::xml::{self, Step};

mod feed;

pub(super) use feed::read;

/// Most rows that are asked for; hosts have limits of their own.
const PAGE: &str = "150";
/// Most searches for one query.
const MOST_SEARCHES: usize = 2;

/// An instance, by the address that its page shows for copying, with the key in it.
pub(super) struct Torznab {
    name: IndexName,
    client: fetch::Client,
    base: Url,
    abilities: OnceCell<Abilities>,
}

/// What an instance can be asked, by its `t=caps`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Abilities {
    film_by_imdb: bool,
    series_by_imdb: bool,
    series_by_number: bool,
}

/// The parameters of one search.
type Search = Vec<(&'static str, String)>;

impl Source for Torznab {
    fn index(&self) -> IndexName {
        self.name
    }

    fn wants_title(&self) -> bool {
        true
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let abilities = self.abilities.get_or_try_init(|| self.ask_abilities()).await?;
            let searches = searches(query, *abilities);
            if searches.is_empty() {
                return Err(Error::UnsupportedId);
            }
            let asking = searches.iter().map(|search| {
                let pairs: Vec<_> =
                    search.iter().map(|(key, text)| (*key, text.as_str())).collect();
                ask(&self.client, &self.base, pairs, self.name)
            });
            any(join_all(asking).await)
        }
        .boxed()
    }
}

impl Torznab {
    pub(super) fn new(name: IndexName, client: fetch::Client, base: Url) -> Self {
        Self { name, client, base, abilities: OnceCell::new() }
    }

    /// Whether an address that the owner gave is one for Torznab: `…/api`, `…/torznab/…`, or any
    /// with a key in its query. Those of Stremio add-ons end in `/manifest.json`.
    pub(super) fn is_at(address: &Url) -> bool {
        let path = address.path().trim_end_matches('/');
        let keyed = address.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("apikey"));
        keyed || path.ends_with("/api") || path.split('/').any(|part| part == "torznab")
    }

    /// Asked once. An instance that does not tell is asked by names alone.
    async fn ask_abilities(&self) -> Result<Abilities, Error> {
        let request = Request::get(address(&self.base, &[("t", "caps")])).within(LIMIT);
        let answer = self.client.send(request).await?;
        match answer.success() {
            Ok(body) => abilities(&xml::text(body)),
            Err(fetch::Error::Status { status: 400..=499, .. }) => Ok(Abilities::default()),
            Err(error) => Err(error.into()),
        }
    }
}

/// One search at a Torznab address.
pub(super) async fn ask(
    client: &fetch::Client,
    base: &Url,
    pairs: Vec<(&str, &str)>,
    index: IndexName,
) -> Result<Vec<Torrent>, Error> {
    let answer = client.send(Request::get(address(base, &pairs)).within(LIMIT)).await?;
    read(answer.success()?, index)
}

/// The address with `pairs` in place of what it has of the same name; its key stays.
fn address(base: &Url, pairs: &[(&str, &str)]) -> Url {
    let kept: Vec<(String, String)> = base
        .query_pairs()
        .filter(|(key, _)| !["t", "q", "limit", "o"].contains(&key.as_ref()))
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut url = base.clone();
    url.set_fragment(None);
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(pairs);
    url
}

/// Of several answers the rows of all, as many as are read of one; an error only where none has any
/// row: the gravest.
pub(super) fn any(answers: Vec<Result<Vec<Torrent>, Error>>) -> Result<Listed, Error> {
    let mut found = Vec::new();
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(rows) => found.extend(rows),
            Err(error) => failed = Some(Error::graver(failed.take(), error)),
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(error),
        failed => {
            found.truncate(MOST_ROWS);
            Ok(Listed { torrents: found, refused: failed.filter(Error::is_refusal) })
        }
    }
}

/// By IMDb's id where the instance knows it, else by name; at most [`MOST_SEARCHES`].
fn searches(query: &Query, able: Abilities) -> Vec<Search> {
    let pair = |key, text: &str| (key, text.to_owned());
    let mut searches: Vec<Search> = Vec::new();
    if let Some(StremioId::Imdb { id, episode }) = query.imdb() {
        let id = id.to_string();
        match episode {
            None if able.film_by_imdb => {
                searches.push(vec![pair("t", "movie"), pair("imdbid", &id)]);
            }
            Some(Episode { season, number }) if able.series_by_imdb => {
                let season =
                    [pair("t", "tvsearch"), ("imdbid", id), ("season", season.to_string())];
                // Without the number come the packs, which a search with it leaves out.
                searches
                    .push(season.clone().into_iter().chain([("ep", number.to_string())]).collect());
                searches.push(season.into());
            }
            _ => {}
        }
    }
    let enough = if query.is_anime() { 1 } else { MOST_SEARCHES };
    searches.truncate(enough);
    let left =
        if searches.is_empty() || query.is_anime() { MOST_SEARCHES - searches.len() } else { 0 };
    let names = terms::names(query, left);
    if query.is_anime() && query.wanted() != Wanted::Film {
        searches.extend(by_number(query, &names, !searches.is_empty()).into_iter().take(left));
    } else {
        searches.extend(names.into_iter().map(|name| by_name(query, name, able)));
    }
    for search in &mut searches {
        search.push(pair("limit", PAGE));
    }
    searches
}

fn plain(words: String) -> Search {
    vec![("t", "search".to_owned()), ("q", words)]
}

/// An anime's first name with each of the episode's numbers, since some count from the season's
/// beginning and some from the show's; then its other names. Where it was searched for `by_id`, the
/// season's number was in that.
fn by_number(query: &Query, names: &[String], by_id: bool) -> Vec<Search> {
    let mut numbers = terms::padded(query);
    if by_id && numbers.len() > 1 {
        numbers.remove(0);
    }
    let (Some(name), Some(number)) = (names.first(), numbers.first()) else {
        return names.iter().map(|name| plain(name.clone())).collect();
    };
    let of_first = numbers.iter().map(|number| plain(format!("{name} {number}")));
    let of_others = names.iter().skip(1).map(|name| plain(format!("{name} {number}")));
    of_first.chain(of_others).collect()
}

fn by_name(query: &Query, name: String, able: Abilities) -> Search {
    match query.wanted() {
        Wanted::Film => {
            let year = query.title.as_ref().and_then(|title| title.year);
            plain(year.map_or(name.clone(), |year| format!("{name} {year}")))
        }
        Wanted::Episode(Episode { season, number }) if able.series_by_number => vec![
            ("t", "tvsearch".to_owned()),
            ("q", name),
            ("season", season.to_string()),
            ("ep", number.to_string()),
        ],
        Wanted::Episode(Episode { season, number }) => {
            plain(format!("{name} S{season:02}E{number:02}"))
        }
        Wanted::Absolute { number, .. } => plain(format!("{name} {number:02}")),
    }
}

fn abilities(text: &str) -> Result<Abilities, Error> {
    let mut able = Abilities::default();
    let mut failed = None;
    xml::walk(text, |step| {
        let Step::Opens(element, depth) = step else { return };
        if depth == 0 && element.name == "error" {
            failed = Some(feed::told(element));
        }
        let knows = |what: &str| {
            let listed = element.attribute("supportedparams").unwrap_or_default();
            element.attribute("available").is_none_or(|word| word == "yes")
                && listed.split(',').any(|known| known.trim() == what)
        };
        match element.name.as_str() {
            "movie-search" => able.film_by_imdb = knows("imdbid"),
            "tv-search" => {
                able.series_by_number = knows("season") && knows("ep");
                able.series_by_imdb = able.series_by_number && knows("imdbid");
            }
            _ => {}
        }
    })?;
    failed.map_or(Ok(able), Err)
}

#[cfg(test)]
mod tests;
