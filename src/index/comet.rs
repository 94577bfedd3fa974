//! Comet, the Stremio add-on: by the ids of IMDb and Kitsu, without a configuration.
//!
//! ```text
//! 📄 Harbour.Lights.S01E02.1080p.WEB-DL.mkv       the torrent or the file; no mark until 2025-06
//! 📹 avc • HDR | 🔊 Dolby Digital Plus • 5.1       what it reads in the name; 💿 until 2025-06
//! ⭐ WEB-DL | 🏷️ DEMO
//! 👤 50 💾 1.4 GB 🔎 Comet|Nyaa                    any of the three may be missing
//! 🇬🇧/🇯🇵
//! ```
//!
//! An instance may be set to write the same without pictures: `Seeders: 50 Size: 1.4 GB Source: …`.
//! What it has to say to the viewer comes as a stream too, without an info hash.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use url::Url;

use super::addon::{self, Lines, Stream};
use super::{Error, Listed, Source, name};
use crate::fetch;
use crate::media::Query;
use crate::torrent::{IndexName, Told, Torrent};

/// Words of the layout without pictures.
const SEEDERS: &str = "Seeders: ";
const SIZE: &str = "Size: ";
const SITE: &str = "Source: ";

pub(super) struct Comet {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Comet {
    fn index(&self) -> IndexName {
        IndexName::Comet
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let id = query.kitsu().or_else(|| query.imdb()).ok_or(Error::UnsupportedId)?;
            let answer = self.client.send(addon::question(&self.base, &id)).await?;
            Ok(torrents(answer.success()?)?.into())
        }
        .boxed()
    }
}

/// The torrents of an answer.
pub(super) fn torrents(body: &[u8]) -> Result<Vec<Torrent>, Error> {
    let addon::Listing { torrents, notice } = addon::listing(body, torrent)?;
    match notice.filter(is_refusal) {
        Some(notice) => Err(Error::Odd(format!("lists no torrents and says {:?}", notice.text))),
        None => Ok(torrents),
    }
}

/// What an instance says that lists no torrents for anything: not that it has none for this.
fn is_refusal(notice: &addon::Notice) -> bool {
    ["[INFO]", "[\u{274C}]"].iter().any(|mark| notice.name.starts_with(mark))
}

fn torrent(value: &Told) -> Option<Torrent> {
    let stream = Stream::read(value)?;
    let lines = plain(stream.text).unwrap_or_else(|| Lines::read(stream.text));
    // What lies between the name and the marks is no file here.
    let lines = Lines { file: None, site: lines.site.map(own_site), ..lines };
    let torrent = stream.torrent(&lines, IndexName::Comet);
    // The hint is the row's name, whether that is a file's or a pack's.
    let file_name = stream.video().map(name);
    let files = stream.picked().into_iter().collect();
    let named = if torrent.name.is_empty() { stream.hint.map(name) } else { None };
    Some(Torrent { file_name, files, name: named.unwrap_or(torrent.name), ..torrent })
}

/// Where it really is from: `Torrentio|TorrentGalaxy`.
fn own_site(site: &str) -> &str {
    site.rsplit('|').next().unwrap_or(site).trim()
}

/// The layout without pictures.
fn plain(text: &str) -> Option<Lines<'_>> {
    let words = [SEEDERS, SIZE, SITE];
    let mut lines = text.lines().map(str::trim);
    let name = lines.next()?;
    let line = lines.rfind(|line| words.iter().any(|word| line.starts_with(word)))?;
    let after = |word: &str| {
        let rest = line.split_once(word)?.1;
        let end = words.iter().filter_map(|word| rest.find(word)).min().unwrap_or(rest.len());
        Some(rest[..end].trim()).filter(|value| !value.is_empty())
    };
    Some(Lines {
        name,
        file: None,
        seeders: after(SEEDERS).and_then(addon::count),
        size_bytes: after(SIZE).and_then(addon::size),
        site: after(SITE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GIB: u64 = 1 << 30;

    fn read(text: &str) -> Torrent {
        let stream = json!({"infoHash": "a".repeat(40), "description": text});
        torrent(&(&stream).into()).unwrap()
    }

    #[test]
    fn every_layout_says_the_same() {
        for text in [
            "📄 A.Film.2020.mkv\n📹 avc • HDR | 🔊 DTS • 5.1\n⭐ WEB-DL | 🏷️ DEMO\n👤 50 💾 1.5 GB 🔎 Comet|Nyaa\n🇬🇧/🇯🇵",
            "📄 A.Film.2020.mkv\n👤 50 💾 1.5 GB 🔎 Nyaa",
            "A.Film.2020.mkv\n💿 WEB-DL|avc|DTS\n👤 50 💾 1.5 GB 🔎 Nyaa\n🇬🇧/🇯🇵",
            "A.Film.2020.mkv\navc • HDR | DTS\nWEB-DL | DEMO\nSeeders: 50 Size: 1.5 GB Source: Comet|Nyaa\nLanguages: en/ja",
        ] {
            let torrent = read(text);
            assert_eq!(torrent.name, "A.Film.2020.mkv", "{text}");
            assert_eq!((torrent.seeders, torrent.size_bytes), (Some(50), Some(GIB * 3 / 2)));
            assert_eq!(torrent.indexer.as_deref(), Some("Nyaa"), "{text}");
            assert_eq!(*torrent.files, [], "{text}");
        }
    }

    #[test]
    fn each_part_may_be_missing() {
        for (text, seeders, size, site) in [
            ("📄 A S01\n🔎 DMM", None, None, Some("DMM")),
            ("📄 A S01\n💾 12.0 B", None, Some(12), None),
            ("📄 A S01\n👤 0", Some(0), None, None),
            ("📄 A S01", None, None, None),
            ("A S01\nSize: 2.0 KB", None, Some(2048), None),
            ("A S01\nSource: DMM", None, None, Some("DMM")),
            ("A S01\nSeeders: many Source: ", None, None, None),
        ] {
            let torrent = read(text);
            assert_eq!(torrent.name, "A S01", "{text}");
            assert_eq!((torrent.seeders, torrent.size_bytes), (seeders, size), "{text}");
            assert_eq!(torrent.indexer.as_deref(), site, "{text}");
        }
    }

    #[test]
    fn the_hint_names_a_file_only_where_it_is_one() {
        for (hint, file) in [("A.S01E02.mkv", Some("A.S01E02.mkv")), ("A S01 1080p", None)] {
            let stream = json!({"infoHash": "a".repeat(40), "description": "🔎 DMM",
                "behaviorHints": {"filename": hint, "videoSize": 7}});
            let torrent = torrent(&(&stream).into()).unwrap();
            assert_eq!(torrent.file_name.as_deref(), file);
            assert_eq!(torrent.size_bytes, Some(7));
        }
    }

    #[test]
    fn an_instance_without_torrents_says_so_and_a_title_without_torrents_is_empty() {
        for (name, text, told) in [
            ("[INFO] Comet", "Direct torrent playback is disabled on this server.", true),
            ("[❌] Comet", "⚠️ OBSOLETE CONFIGURATION ⚠️", true),
            ("[🚫] Comet", "Content not digitally released yet.", false),
            ("[⚠️] Comet", "Unable to get metadata.", false),
        ] {
            let stream = json!({"name": name, "description": text, "url": "https://c.example"});
            let body = json!({"streams": [stream]}).to_string();
            assert_eq!(torrents(body.as_bytes()).is_err(), told, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_lines(
            text in "([a-z 0-9.|:\u{1F4C4}\u{1F464}\u{1F4BE}\u{1F50E}\n]|Seeders: |Size: |.){0,60}"
        ) {
            let _ = read(&text);
        }
    }
}
