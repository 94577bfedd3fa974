//! What a Torznab host answers: RSS with attributes, or an error with status 200.

use crate::index::{Error, MOST_ROWS, name, stated};
use crate::torrent::{IndexName, InfoHash, Magnet, Torrent};
use crate::xml::{self, Element, End, Step};

/// Most elements of one item.
const MOST_CHILDREN: usize = 128;
/// Longest word of an error's text that may be no key.
const LONGEST_WORD: usize = 20;

/// The torrents of an answer.
pub(in crate::index) fn read(body: &[u8], index: IndexName) -> Result<Vec<Torrent>, Error> {
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
        "html" => Err(xml::Refused::Page.into()),
        _ => Err(Error::Odd("answered without a list of torrents".to_owned())),
    }
}

/// The codes are Newznab's: 1xx the account, 2xx the request, 5xx its limits.
pub(super) fn told(error: &Element) -> Error {
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
        files: [].into(),
        index,
    })
}
