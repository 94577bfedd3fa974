//! Nyaa: its feed, in the words of its template `rss.xml`, and a page that says it is for people.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{has_words, reply};
use crate::demo::household::{Household, Kind, Release};
use crate::http::plain::{Ask, Reply};
use crate::torrent::IndexName;

/// Most rows of a feed; it has no second page.
const MOST_ROWS: usize = 75;

/// The site.
pub struct Nyaa {
    household: Arc<Household>,
}

impl Nyaa {
    /// A site over the household.
    #[must_use]
    pub fn new(household: Arc<Household>) -> Self {
        Self { household }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        let page = |status, title: &str| {
            reply(
                status,
                "text/html; charset=utf-8",
                format!("<!DOCTYPE html><title>{title}</title>"),
            )
        };
        if ask.path != "/" || ask.method != "GET" {
            return page(404, "404 Not Found :: Nyaa");
        }
        // Its own list of what it sorts and filters by; another word is a bad request.
        let sort = ask.query("s").unwrap_or("id");
        let filter = ask.query("f").unwrap_or("0");
        if !["id", "size", "comments", "seeders", "leechers", "downloads"].contains(&sort)
            || !["0", "1", "2", "3"].contains(&filter)
        {
            return page(400, "400 Bad Request");
        }
        if ask.query("page") != Some("rss") {
            return page(200, "Browse :: Nyaa");
        }
        reply(200, "application/xml; charset=utf-8", self.feed(ask, sort))
    }

    fn feed(&self, ask: &Ask, sort: &str) -> String {
        let words = ask.query("q").unwrap_or("");
        // Anime is its first category; these rows are English-translated.
        let category = ["0_0", "1_0", "1_2"].contains(&ask.query("c").unwrap_or("0_0"));
        let listed = self.household.releases.iter().filter(|release| {
            category
                && release.work().kind == Kind::Anime
                && release.recipe.listed.contains(&IndexName::Nyaa)
                && has_words(release, words)
        });
        let mut rows: Vec<&Release> = listed.collect();
        if sort == "seeders" {
            rows.sort_by_key(|release| std::cmp::Reverse(release.recipe.seeders));
        }
        let items: String = rows.into_iter().take(MOST_ROWS).enumerate().map(item).collect();
        format!(
            "<rss xmlns:atom=\"http://www.w3.org/2005/Atom\" \
             xmlns:nyaa=\"https://nyaa.si/xmlns/nyaa\" version=\"2.0\">\n\t<channel>\n\
             \t\t<title>Nyaa - {0} - Torrent File RSS</title>\n\
             \t\t<description>RSS Feed for {0}</description>\n\
             \t\t<link>https://nyaa.si/</link>\n{items}\t</channel>\n</rss>",
            escaped(words)
        )
    }
}

fn item((place, release): (usize, &Release)) -> String {
    let recipe = &release.recipe;
    let id = 2_000_001 + place;
    let mut item = String::from("\t\t<item>\n");
    for (name, text) in [
        ("title", escaped(recipe.name)),
        ("link", format!("https://nyaa.si/download/{id}.torrent")),
        ("guid", format!("https://nyaa.si/view/{id}")),
        ("pubDate", "Fri, 20 Nov 2026 12:30:00 -0000".to_owned()),
        ("nyaa:seeders", recipe.seeders.to_string()),
        ("nyaa:leechers", "0".to_owned()),
        ("nyaa:downloads", (recipe.seeders * 20).to_string()),
        ("nyaa:infoHash", release.info_hash.to_string()),
        ("nyaa:categoryId", "1_2".to_owned()),
        ("nyaa:category", "Anime - English-translated".to_owned()),
        ("nyaa:size", size(release.size())),
        ("nyaa:comments", "0".to_owned()),
        ("nyaa:trusted", "No".to_owned()),
        ("nyaa:remake", "No".to_owned()),
    ] {
        let start = if name == "guid" { "guid isPermaLink=\"true\"" } else { name };
        // Writing to a string does not fail.
        let _ = writeln!(item, "\t\t\t<{start}>{text}</{name}>");
    }
    item.push_str("\t\t</item>\n");
    item
}

/// As jinja2 escapes.
fn escaped(text: &str) -> String {
    let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;")];
    pairs.iter().fold(text.to_owned(), |text, (plain, escaped)| text.replace(plain, escaped))
}

/// As jinja2's `filesizeformat(True)`: one decimal, or whole bytes.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn size(bytes: u64) -> String {
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1024.0 && unit < 4 {
        amount /= 1024.0;
        unit += 1;
    }
    let name = ["Bytes", "KiB", "MiB", "GiB", "TiB"][unit];
    if unit == 0 { format!("{bytes} {name}") } else { format!("{amount:.1} {name}") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_and_names_are_written_as_its_template_writes_them() {
        for (bytes, text) in
            [(734, "734 Bytes"), (1_503_238_553, "1.4 GiB"), (25_769_803_776, "24.0 GiB")]
        {
            assert_eq!(super::size(bytes), text);
        }
        assert_eq!(super::escaped("\"a\" <b> & c"), "&#34;a&#34; &lt;b&gt; &amp; c");
    }
}
