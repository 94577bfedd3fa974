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

use super::xml::{self, Element, End, Step};
use super::{Error, LIMIT, MOST_ROWS, Source, name, stated, terms};
use crate::fetch::{self, Request};
use crate::media::{Episode, Query, StremioId, Wanted};
use crate::torrent::{IndexName, InfoHash, Magnet, Torrent};

/// Most elements of one item.
const MOST_CHILDREN: usize = 128;
/// Most rows that are asked for; hosts have limits of their own.
const PAGE: &str = "150";
/// Longest word of an error's text that may be no key.
const LONGEST_WORD: usize = 20;
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

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Torrent>, Error>> {
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

/// Of several answers the rows of all, as many as are read of one; an error only where none has any row.
pub(super) fn any(answers: Vec<Result<Vec<Torrent>, Error>>) -> Result<Vec<Torrent>, Error> {
    let mut found = Vec::new();
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(rows) => found.extend(rows),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(error),
        _ => {
            found.truncate(MOST_ROWS);
            Ok(found)
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
    let names = terms::names(query, left).into_iter();
    searches.extend(names.map(|name| by_name(query, name, able)));
    for search in &mut searches {
        search.push(pair("limit", PAGE));
    }
    searches
}

fn by_name(query: &Query, name: String, able: Abilities) -> Search {
    let plain = |words: String| vec![("t", "search".to_owned()), ("q", words)];
    match (query.wanted(), query.is_anime()) {
        (Wanted::Film, _) => {
            let year = query.title.as_ref().and_then(|title| title.year);
            plain(year.map_or(name.clone(), |year| format!("{name} {year}")))
        }
        (_, true) => {
            let number = terms::numbers(query).into_iter().next();
            plain(number.map_or(name.clone(), |number| format!("{name} {number}")))
        }
        (Wanted::Episode(Episode { season, number }), false) if able.series_by_number => vec![
            ("t", "tvsearch".to_owned()),
            ("q", name),
            ("season", season.to_string()),
            ("ep", number.to_string()),
        ],
        (Wanted::Episode(Episode { season, number }), false) => {
            plain(format!("{name} S{season:02}E{number:02}"))
        }
        (Wanted::Absolute { number, .. }, false) => plain(format!("{name} {number:02}")),
    }
}

fn abilities(text: &str) -> Result<Abilities, Error> {
    let mut able = Abilities::default();
    let mut failed = None;
    xml::walk(text, |step| {
        let Step::Opens(element, depth) = step else { return };
        if depth == 0 && element.name == "error" {
            failed = Some(told(element));
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

/// The torrents of an answer.
pub(super) fn read(body: &[u8], index: IndexName) -> Result<Vec<Torrent>, Error> {
    let text = xml::text(body);
    if !text.trim_start().starts_with('<') {
        return Err(Error::Odd("sent something else than a feed".to_owned()));
    }
    let mut found = Vec::new();
    let mut children: Vec<Element> = Vec::new();
    let mut root = None;
    let (mut items, mut inside) = (0, false);
    let end = xml::walk(&text, |step| match step {
        Step::Opens(element, 0) if root.is_none() => root = Some(judge(element)),
        Step::Opens(element, _) if element.name == "item" => {
            children.clear();
            inside = true;
        }
        Step::Closes(element) if element.name == "item" => {
            inside = false;
            items += 1;
            if items <= MOST_ROWS {
                found.extend(torrent(&children, index));
            }
        }
        Step::Closes(element) if inside && children.len() < MOST_CHILDREN => {
            children.push(element.clone());
        }
        _ => {}
    });
    // What it says of itself tells more than where its XML breaks.
    root.unwrap_or(Ok(()))?;
    if end? == End::Broken && found.is_empty() {
        return Err(Error::Odd("sent a feed that is cut short or damaged".to_owned()));
    }
    if found.len() < items {
        tracing::debug!(%index, items, torrents = found.len(), "items without an info hash");
    }
    Ok(found)
}

/// What the first element says of the document.
fn judge(root: &Element) -> Result<(), Error> {
    match root.name.as_str() {
        "rss" | "rdf" | "channel" => Ok(()),
        "error" => Err(told(root)),
        "html" => Err(Error::Odd(xml::PAGE.to_owned())),
        _ => Err(Error::Odd("answered without a list of torrents".to_owned())),
    }
}

/// The codes are Newznab's: 1xx the account, 2xx the request, 5xx its limits.
fn told(error: &Element) -> Error {
    let code = error.attribute("code").unwrap_or_default().trim().parse().unwrap_or(0_u16);
    // Keys have been seen in such texts ("invalid API key …").
    let text = error.attribute("description").unwrap_or_default();
    let text: String = name(text).chars().take(120).collect();
    let parts = text.split_inclusive(|c: char| !c.is_alphanumeric());
    let text: String = parts
        .map(|part| match part.trim_end_matches(|c: char| !c.is_alphanumeric()) {
            word if word.len() > LONGEST_WORD => part.replace(word, "***"),
            _ => part.to_owned(),
        })
        .collect();
    match code {
        500 | 501 => Error::Limited { retry_after: None },
        100..=199 => Error::Odd(format!(
            "does not accept the key in its address (error {code}: {text}); copy the address anew"
        )),
        _ => Error::Odd(format!("answered with error {code}: {text}")),
    }
}

/// One item: RSS with Torznab's attributes, or with elements of the site's own.
fn torrent(children: &[Element], index: IndexName) -> Option<Torrent> {
    let element = |name: &str| {
        let found = children.iter().find(|element| element.name == name);
        found.map(|element| element.text.trim()).filter(|text| !text.is_empty())
    };
    let attribute = |wanted: &str| {
        let attributes = children.iter().filter(|element| element.name == "attr");
        let named = |one: &&Element| {
            one.attribute("name").is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        attributes.filter(named).find_map(|one| one.attribute("value")).map(str::trim)
    };
    let title = element("title").unwrap_or_default();
    if title == "Invalid Magnet" {
        return None;
    }
    let enclosures = || children.iter().filter(|element| element.name == "enclosure");
    let links = [attribute("magneturl"), element("link"), element("guid"), element("comments")];
    let links = links.into_iter().flatten();
    let mut links = links.chain(enclosures().filter_map(|one| one.attribute("url")));
    let magnet = links.find_map(|link| link.parse::<Magnet>().ok());
    let hash = attribute("infohash").or_else(|| element("infohash"));
    let hash = hash.and_then(|text| text.parse::<InfoHash>().ok());
    let info_hash = hash.or_else(|| magnet.as_ref().map(|magnet| magnet.info_hash))?;
    let sizes = [attribute("size"), element("size")].into_iter().flatten();
    let mut sizes = sizes.chain(enclosures().filter_map(|one| one.attribute("length")));
    let seeders = attribute("seeders").or_else(|| element("seeders"));
    let from = attribute("indexername").or_else(|| element("jackettindexer"));
    let from = from.or_else(|| element("prowlarrindexer"));
    let told = magnet.iter().flat_map(|magnet| magnet.trackers.iter().map(String::as_str));
    let named = magnet.as_ref().filter(|magnet| magnet.info_hash == info_hash);
    let in_magnet = named.and_then(|magnet| magnet.name.as_deref());
    Some(Torrent {
        info_hash,
        name: name(if title.is_empty() { in_magnet.unwrap_or_default() } else { title }),
        // Anime Tosho's enclosures are 0 long; some trackers' sizes are.
        size_bytes: sizes.find_map(stated::size),
        seeders: seeders.and_then(|text| text.parse().ok()),
        file_index: None,
        file_name: None,
        trackers: stated::trackers(told),
        indexer: from.map(name).filter(|from| !from.is_empty()),
        files: Vec::new(),
        index,
    })
}

#[cfg(test)]
mod tests;
