//! Nyaa: its RSS, and where a mirror has none, the table of its page. At most three requests for a
//! search; a refusal (403, 429) ends it at once.
//!
//! Searched in its anime categories, and only for anime; else the answer is `UnsupportedId`, as at
//! every place that is not asked. It shows 75 rows, so the best seeded are asked for. Its search
//! knows `|` and brackets: an episode's numbers, with and without zeros, are one request.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use url::Url;

use super::{Error, LIMIT, Listed, MOST_ROWS, Source, name, stated, terms, torznab};
use crate::fetch::{self, Request};
use crate::media::Query;
use crate::torrent::{IndexName, Magnet, Torrent};
use crate::xml;

/// Anime, of all languages.
const ANIME: &str = "1_0";

pub(super) struct Nyaa {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Nyaa {
    fn index(&self) -> IndexName {
        IndexName::Nyaa
    }

    fn wants_title(&self) -> bool {
        true
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            if !query.is_anime() {
                return Err(Error::UnsupportedId);
            }
            let [first, second] = searches(query);
            let first = first.ok_or(Error::UnsupportedId)?;
            let bare = terms::names(query, 1).pop().filter(|bare| *bare != first);
            let found = match bare {
                // Batches tell no number.
                Some(bare) => {
                    let both = join(self.ask(&first, true), self.ask(&bare, true)).await;
                    torznab::any(vec![both.0, both.1])
                }
                None => self.ask(&first, true).await.map(Listed::from),
            };
            match (found, second) {
                (
                    Err(Error::Odd(_) | Error::Xml(_) | Error::Fetch(fetch::Error::Status { .. })),
                    _,
                ) => self.ask(&first, false).await.map(Listed::from),
                (Ok(found), Some(second)) if found.torrents.is_empty() => {
                    self.ask(&second, true).await.map(Listed::from)
                }
                (found, _) => found,
            }
        }
        .boxed()
    }
}

impl Nyaa {
    async fn ask(&self, words: &str, feed: bool) -> Result<Vec<Torrent>, Error> {
        let page = [("page", "rss")];
        let pairs = [("q", words), ("c", ANIME), ("f", "0"), ("s", "seeders"), ("o", "desc")];
        let pairs: Vec<_> = page.into_iter().filter(|_| feed).chain(pairs).collect();
        let url = fetch::at(&self.base, &[""], &pairs);
        let answer = self.client.send(Request::get(url).within(LIMIT)).await?;
        read(answer.success()?)
    }
}

/// What to search for, and what instead where there is nothing: the names, each with the numbers.
fn searches(query: &Query) -> [Option<String>; 2] {
    let numbers = terms::numbers(query);
    let with_numbers = |name: &String| match numbers.as_slice() {
        [] => name.clone(),
        [one] => format!("{name} {one}"),
        several => format!("{name} ({})", several.join("|")),
    };
    let names = terms::names(query, 2);
    [names.first().map(with_numbers), names.get(1).map(with_numbers)]
}

/// The torrents of a feed or of a page.
pub(super) fn read(body: &[u8]) -> Result<Vec<Torrent>, Error> {
    let text = xml::text(body);
    if text.contains("<rss") { torznab::read(body, IndexName::Nyaa) } else { table(&text) }
}

/// The rows of the page's table. A page without the table is some other page.
fn table(page: &str) -> Result<Vec<Torrent>, Error> {
    let Some((_, table)) = page.split_once("torrent-list") else {
        let what = if page.contains("No results found") {
            return Ok(Vec::new());
        } else if page.trim_start().starts_with('<') {
            "sent a web page without its list (a login page of the network?)"
        } else {
            "sent something else than a feed"
        };
        return Err(Error::Odd(what.to_owned()));
    };
    let rows = table.split("<tr").skip(1).take(MOST_ROWS);
    Ok(rows.filter_map(|row| torrent(row.split("</tr").next().unwrap_or(row))).collect())
}

/// One row: category, name, links, size, date, seeders, leechers, downloads.
fn torrent(row: &str) -> Option<Torrent> {
    let links = || row.split("<a ").skip(1);
    let magnet = links().find_map(|link| attribute(link, "href")?.parse::<Magnet>().ok())?;
    // The count of comments, where there are any, links the same page.
    let named = links().filter(|link| {
        attribute(link, "href").is_some_and(|to| to.starts_with("/view/") && !to.contains('#'))
    });
    let named = named.last()?;
    let cells: Vec<String> = row.split("<td").skip(1).map(cell).collect();
    let size_at =
        cells.iter().position(|cell| cell.ends_with(['B', 's']) && stated::size(cell).is_some());
    let after = cells.iter().skip(size_at.map_or(cells.len(), |at| at + 1));
    let digits = |cell: &&String| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
    let title = attribute(named, "title").filter(|title| !title.is_empty());
    Some(Torrent {
        info_hash: magnet.info_hash,
        name: name(&title.unwrap_or_else(|| cell(named))),
        size_bytes: size_at.and_then(|at| stated::size(&cells[at])),
        // Of the three numbers the first; the third, downloads, is greater and means nothing.
        seeders: after.filter(digits).find_map(|cell| cell.parse().ok()),
        file_index: None,
        file_name: None,
        trackers: stated::trackers(magnet.trackers.iter().map(String::as_str)),
        indexer: None,
        files: [].into(),
        index: IndexName::Nyaa,
    })
}

/// The value of an attribute of the tag whose inside `tag` begins with.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
    let (_, value) = tag.split_once(&format!("{wanted}=\""))?;
    Some(xml::unescape(value.split('"').next()?).into_owned())
}

/// The text of an element whose tag's inside `element` begins with, up to the end of a cell.
fn cell(element: &str) -> String {
    let inside = element.split_once('>').map_or("", |(_, inside)| inside);
    let inside = inside.split("</td").next().unwrap_or_default();
    let mut parts = inside.split('<');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once('>').map_or("", |(_, after)| after));
    }
    xml::unescape(text.trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{AnimePlace, Title};

    fn row(cells: &str) -> String {
        format!("<table class=\"torrent-list\"><tbody><tr class=\"default\">{cells}</tr></table>")
    }

    #[test]
    fn a_row_of_the_table_is_read_by_what_its_cells_are() {
        let hex = "a".repeat(40);
        let base32 = "VKVKVKVKVKVKVKVKVKVKVKVKVKVKVKVK";
        let view = "<td><a href=\"/view/7#comments\" title=\"2 comments\">2</a>\
                    <a href=\"/view/7\" title=\"A &amp; &#34;B&#34;\">A</a></td>";
        let magnet = |hash: &str| {
            format!(
                "<td><a href=\"/download/7.torrent\"></a>\
            <a href=\"magnet:?xt=urn:btih:{hash}&amp;tr=udp%3A%2F%2Fa.example%3A1\"></a></td>"
            )
        };
        let rest = "<td>734 Bytes</td><td data-timestamp=\"1\">2026-11-20 12:30</td>\
                    <td>120</td><td>8</td><td>4321</td>";
        for (cells, wanted) in [
            (view.to_owned() + &magnet(&hex) + rest, Some(("A & \"B\"", Some(734), Some(120)))),
            (view.to_owned() + &magnet(base32) + rest, Some(("A & \"B\"", Some(734), Some(120)))),
            (
                format!("<td><a href=\"/view/7\">2012</a></td>{}{rest}", magnet(&hex)),
                Some(("2012", Some(734), Some(120))),
            ),
            (view.to_owned() + &magnet(&hex), Some(("A & \"B\"", None, None))),
            (view.to_owned() + rest, None),
            (magnet(&hex) + rest, None),
            (view.to_owned() + &magnet("xyz") + rest, None),
        ] {
            let found = table(&row(&cells)).unwrap();
            let seen = found.first().map(|row| (row.name.as_str(), row.size_bytes, row.seeders));
            assert_eq!(seen, wanted, "{cells}");
            assert!(found.iter().all(|row| row.info_hash.to_string() == hex));
        }
        assert!(table("<html><h3>No results found</h3>").unwrap().is_empty());
        assert!(table("<html>Log in").is_err() && table("{}").is_err());
    }

    #[test]
    fn one_search_holds_all_numbers_of_an_episode() {
        let title = |absolute: Option<u32>| Title {
            name: "Clockwork-Kite!".to_owned(),
            aliases: vec!["Tokei no Tako".to_owned()],
            kitsu: Some(AnimePlace { id: 5, episode: Some(2) }),
            absolute,
            is_anime: true,
            ..Title::default()
        };
        for (id, title, wanted) in [
            (
                "tt9900002:2:2",
                title(Some(14)),
                ["Clockwork Kite (02|14|2)", "Tokei no Tako (02|14|2)"],
            ),
            (
                "kitsu:5:12",
                Title { kitsu: None, ..title(None) },
                ["Clockwork Kite 12", "Tokei no Tako 12"],
            ),
            ("kitsu:5", Title { kitsu: None, ..title(None) }, ["Clockwork Kite", "Tokei no Tako"]),
        ] {
            let query = Query { id: id.parse().unwrap(), title: Some(title) };
            assert_eq!(searches(&query), wanted.map(|words| Some(words.to_owned())), "{id}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(page in "(<t[rd]|</t[rd]>|<a href=\"(/view/1|magnet:\\?xt=urn:btih:)|\"|title=\"|>|torrent-list|&[a-z#0-9]{0,3};?|.){0,60}") {
            let _ = read(page.as_bytes());
            let _ = table(&row(&page));
        }
    }
}
