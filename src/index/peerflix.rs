//! Peerflix, a Stremio add-on for what is released in Spanish and English. Beside the lines for
//! people its streams have the numbers: `seed` and `sizebytes`. What it does not know it answers
//! with 404.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use url::Url;

use super::addon::{self, Lines, Stream};
use super::{Error, Listed, Source};
use crate::fetch;
use crate::media::Query;
use crate::torrent::{IndexName, Told, Torrent, stated_number, stated_size};

pub(super) struct Peerflix {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Peerflix {
    fn index(&self) -> IndexName {
        IndexName::Peerflix
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let id = query.imdb().or_else(|| query.kitsu()).ok_or(Error::UnsupportedId)?;
            let answer = self.client.send(addon::question(&self.base, &id)).await?;
            if answer.status == 404 && !answer.is_html() {
                return Ok(Listed::default());
            }
            Ok(torrents(answer.success()?)?.into())
        }
        .boxed()
    }
}

/// The torrents of an answer.
pub(super) fn torrents(body: &[u8]) -> Result<Vec<Torrent>, Error> {
    Ok(addon::listing(body, torrent)?.torrents)
}

fn torrent(value: &Told) -> Option<Torrent> {
    let stream = Stream::read(value)?;
    let lines = Lines::read(stream.text);
    let seeders = stated_number(&value["seed"]).and_then(|seeders| seeders.try_into().ok());
    let lines = Lines {
        seeders: seeders.or(lines.seeders),
        size_bytes: stated_size(&value["sizebytes"]).or(lines.size_bytes),
        ..lines
    };
    Some(stream.torrent(&lines, IndexName::Peerflix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn its_own_numbers_win_over_its_lines() {
        let hash = "a".repeat(40);
        for (stream, name, file, seeders, size) in [
            (
                json!({"description": "Luces (2021) [Cap.102]\nLuces.102.mkv\n\u{1F464} 3 \u{1F4BE} 1 GB \u{1F310} Wolf", "seed": 4, "sizebytes": 9}),
                "Luces (2021) [Cap.102]",
                Some("Luces.102.mkv"),
                Some(4),
                Some(9),
            ),
            (
                json!({"title": "Luces T1 \u{2508}\u{27A4} Luces.102.mkv\n\u{1F464} 3 \u{1F4BE} 1 kB", "seed": null, "sizebytes": 0}),
                "Luces T1",
                Some("Luces.102.mkv"),
                Some(3),
                Some(1024),
            ),
            (json!({"title": "Luces.102.mkv", "seed": "7"}), "Luces.102.mkv", None, Some(7), None),
            (json!({"seed": -1, "sizebytes": "x"}), "", None, None, None),
        ] {
            let mut stream = stream;
            stream["infoHash"] = json!(hash);
            let torrent = torrent(&(&stream).into()).unwrap();
            assert_eq!(torrent.name, name, "{stream}");
            assert_eq!(torrent.file_name.as_deref(), file, "{stream}");
            assert_eq!((torrent.seeders, torrent.size_bytes), (seeders, size), "{stream}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_stream(text in ".{0,80}", seed in proptest::num::i64::ANY) {
            let stream = json!({"infoHash": "a".repeat(40), "description": text, "seed": seed,
                "sizebytes": seed});
            let _ = torrent(&(&stream).into());
        }
    }
}
