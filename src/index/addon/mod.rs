//! What the stream add-ons of Stremio have in common: the question, the list of streams, and the
//! fields of one (addon-sdk, docs/api/responses/stream.md).

mod lines;

use std::collections::HashSet;

use futures_util::future::join_all;
use url::Url;

use super::{Error, LIMIT, Listed, MOST_ROWS, json, name};
use crate::fetch::{self, Client, Request};
use crate::media::{Query, StremioId};
use crate::representation::media_type_of;
use crate::torrent::{IndexName, InfoHash, Told, Torrent, TorrentFile, stated_number, stated_size};

pub(super) use lines::{Lines, count, decimal_size, is_picture, size};

/// Most trackers that are kept of one stream.
const MOST_TRACKERS: usize = 64;
/// Longest tracker's address that is kept, in bytes.
const LONGEST_URL: usize = 512;

/// The request for the streams of `id`.
pub(super) fn question(base: &Url, id: &StremioId) -> Request {
    Request::get(fetch::at(base, &["stream", id.kind(), &format!("{id}.json")], &[])).within(LIMIT)
}

/// The ids that most add-ons understand, each asked for where it is known: anime by Kitsu's number,
/// and everything by IMDb's. For an anime the two lists differ.
pub(super) fn both(query: &Query) -> Result<Vec<StremioId>, Error> {
    let known: Vec<StremioId> = [query.kitsu(), query.imdb()].into_iter().flatten().collect();
    if known.is_empty() { Err(Error::UnsupportedId) } else { Ok(known) }
}

/// Asks for each of `ids` at once and puts the lists together, as [`merged`] does.
pub(super) async fn ask_for_each(
    client: &Client,
    base: &Url,
    ids: &[StremioId],
    read: impl Fn(&[u8]) -> Result<Vec<Torrent>, Error>,
) -> Result<Listed, Error> {
    let asked = ids.iter().map(|id| client.send(question(base, id)));
    let answers = join_all(asked).await.into_iter();
    merged(answers.map(|answer| read(answer?.success()?)))
}

/// The lists as one, each stream once. One that fails is missing; where all do, the gravest reason
/// counts, and a refusal also where nothing else has any row.
pub(super) fn merged(
    lists: impl Iterator<Item = Result<Vec<Torrent>, Error>>,
) -> Result<Listed, Error> {
    let (mut all, mut trouble): (Option<Vec<Torrent>>, Option<Error>) = (None, None);
    for list in lists {
        match (list, &mut all) {
            (Ok(list), None) => all = Some(list),
            (Ok(list), Some(all)) => {
                let key = |torrent: &Torrent| (torrent.info_hash, torrent.file_index);
                let known: HashSet<_> = all.iter().map(key).collect();
                all.extend(list.into_iter().filter(|torrent| !known.contains(&key(torrent))));
                all.truncate(MOST_ROWS);
            }
            (Err(error), _) => trouble = Some(Error::graver(trouble.take(), error)),
        }
    }
    let refused = trouble.as_ref().is_some_and(Error::is_refusal);
    match (all, trouble) {
        (Some(torrents), trouble) if !refused || !torrents.is_empty() => {
            Ok(Listed { torrents, refused: trouble.filter(|_| refused) })
        }
        (_, Some(error)) => Err(error),
        (all, None) => Ok(all.unwrap_or_default().into()),
    }
}

/// What an answer lists.
pub(super) struct Listing {
    pub(super) torrents: Vec<Torrent>,
    /// Where there is nothing but words for the viewer: the first of them.
    pub(super) notice: Option<Notice>,
}

/// What an add-on has to say, which it sends as a stream without an info hash.
#[derive(Debug, PartialEq)]
pub(super) struct Notice {
    pub(super) name: String,
    pub(super) text: String,
}

/// The streams of an answer, each by `read`.
pub(super) fn listing(
    body: &[u8],
    mut read: impl FnMut(&Told<'_>) -> Option<Torrent>,
) -> Result<Listing, Error> {
    let (mut notice, mut lists) = (None, false);
    let torrents = json::rows(body, &["streams"], |stream| {
        lists |= stream["infoHash"].is_string() || stream["metadata"].is_object();
        if !lists && notice.is_none() {
            notice = Notice::of(stream);
        }
        read(stream)
    })?;
    Ok(Listing { torrents, notice: notice.filter(|_| !lists) })
}

impl Notice {
    fn of(stream: &Told) -> Option<Self> {
        let plain = |text: &str| {
            let plain = text.chars().filter(|c| !is_picture(*c)).take(200).collect::<String>();
            name(&plain.replace(['\r', '\n'], " "))
        };
        let text = plain(text(stream));
        let name = stream["name"].as_str().map(name).unwrap_or_default();
        (!text.is_empty()).then_some(Self { name, text })
    }
}

/// The torrents among the streams of an answer, in Torrentio's layout.
pub(super) fn torrents(body: &[u8], index: IndexName) -> Result<Vec<Torrent>, Error> {
    let read = |stream: &Told<'_>| {
        let stream = Stream::read(stream)?;
        Some(stream.torrent(&Lines::read(stream.text), index))
    };
    Ok(listing(body, read)?.torrents)
}

/// A stream of a torrent: what each has, whoever lists it.
pub(super) struct Stream<'a> {
    pub(super) info_hash: InfoHash,
    pub(super) file_index: Option<u32>,
    /// `title`, or `description`, which is its newer name in the protocol.
    pub(super) text: &'a str,
    /// `behaviorHints.filename`
    pub(super) hint: Option<&'a str>,
    /// `behaviorHints.videoSize`, in bytes.
    pub(super) video_size: Option<u64>,
    pub(super) trackers: Vec<String>,
}

impl<'a> Stream<'a> {
    /// A stream without an info hash is a notice to the viewer, or a link of somebody's account, and
    /// no torrent.
    pub(super) fn read(stream: &'a Told<'_>) -> Option<Self> {
        let hints = &stream["behaviorHints"];
        let hint = hints["filename"].as_str().map(str::trim);
        Some(Self {
            info_hash: stream["infoHash"].as_str()?.trim().parse().ok()?,
            file_index: file_index(&stream["fileIdx"]),
            text: text(stream),
            hint: hint.filter(|hint| !hint.is_empty()),
            video_size: stated_size(&hints["videoSize"]),
            trackers: trackers(&stream["sources"]),
        })
    }

    /// The torrent that it and its lines tell of.
    pub(super) fn torrent(&self, lines: &Lines<'_>, index: IndexName) -> Torrent {
        let size_bytes = self.video_size.or(lines.size_bytes);
        let file = self.file(lines, size_bytes);
        let named = || file.as_ref().map(|file| file.base_name().to_owned());
        Torrent {
            info_hash: self.info_hash,
            name: name(lines.name),
            // Of the file it picked, as is the add-ons' custom; of a pack another index knows more,
            // and the greater size wins.
            size_bytes,
            seeders: lines.seeders,
            file_index: self.file_index,
            file_name: self.hint.map(name).or_else(named),
            trackers: self.trackers.clone(),
            indexer: lines.site.map(name),
            files: file.into_iter().collect(),
            index,
        }
    }

    /// The hint where it names a video: some add-ons put the torrent's own name there.
    pub(super) fn video(&self) -> Option<&'a str> {
        self.hint.filter(|hint| media_type_of(hint).starts_with("video/"))
    }

    /// The file that the stream is, where the row's place and hint tell it: for an add-on that may call
    /// a pack by that file's name, so that its size is not taken for the pack's.
    pub(super) fn picked(&self) -> Option<TorrentFile> {
        Some(TorrentFile {
            index: Some(self.file_index?),
            name: name(self.video()?),
            size_bytes: self.video_size,
            ..TorrentFile::default()
        })
    }

    /// The file of a pack that the stream is, with the size that the line tells.
    fn file(&self, lines: &Lines<'_>, size_bytes: Option<u64>) -> Option<TorrentFile> {
        let path = name(lines.file?.trim_start_matches('/'));
        let file =
            TorrentFile { index: self.file_index, name: path, size_bytes, ..Default::default() };
        // The line may be shortened for the eye; the hint is the name as it is.
        match self.hint.map(name) {
            Some(hint) if file.base_name() != hint => Some(TorrentFile { name: hint, ..file }),
            _ => Some(file),
        }
    }
}

/// The text of a stream for people; "" where it has none.
fn text<'a>(stream: &'a Told<'_>) -> &'a str {
    let texts = [&stream["title"], &stream["description"]];
    texts.into_iter().filter_map(Told::as_str).find(|text| !text.is_empty()).unwrap_or_default()
}

/// A place in a torrent.
pub(super) fn file_index(value: &Told) -> Option<u32> {
    stated_number(value).and_then(|index| index.try_into().ok())
}

/// Announce URLs: `tracker:<url>`, and bare ones. The others (`dht:<hash>`) say nothing that a magnet
/// does not.
pub(super) fn trackers(sources: &Told) -> Vec<String> {
    let mut trackers: Vec<String> = Vec::new();
    let urls = sources.entries().iter().filter_map(Told::as_str);
    for url in urls.map(|source| source.strip_prefix("tracker:").unwrap_or(source).trim()) {
        let known = ["udp://", "http://", "https://", "wss://"];
        let sound = known.iter().any(|scheme| url.starts_with(scheme)) && url.len() <= LONGEST_URL;
        if sound && trackers.len() < MOST_TRACKERS && !trackers.iter().any(|seen| seen == url) {
            trackers.push(url.to_owned());
        }
    }
    trackers
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_broken_stream_loses_only_itself() {
        let hash = "A".repeat(40);
        let body = json!({"streams": [
            null, 5, "x", [], {},
            {"name": "Notice", "title": "Please wait", "url": "https://example.org/"},
            {"infoHash": null}, {"infoHash": "abc"}, {"infoHash": 7},
            {"infoHash": hash, "title": null, "fileIdx": null, "sources": null, "behaviorHints": null},
            {"infoHash": hash, "title": ["x"], "fileIdx": "3", "sources": [
                "tracker:udp://a.example:1", "tracker:udp://a.example:1", "dht:x", 5, null,
                "tracker:file:///etc/passwd", "udp://bare.example:1"]},
        ]});
        let found = torrents(body.to_string().as_bytes(), IndexName::Torrentio).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].info_hash.to_string(), "a".repeat(40));
        assert_eq!((found[0].file_index, found[1].file_index), (None, Some(3)));
        assert_eq!(found[1].trackers, ["udp://a.example:1", "udp://bare.example:1"]);
        for body in [json!({"err": "handler error"}), json!(null), json!({"streams": {}})] {
            let read = torrents(body.to_string().as_bytes(), IndexName::Torrentio);
            assert!(read.is_err(), "{body}");
        }
    }

    #[test]
    fn a_notice_is_told_where_there_is_nothing_but_notices() {
        let hash = "a".repeat(40);
        for (streams, told) in [
            (json!([]), None),
            (
                json!([{"description": "⚠️ Nothing works.\nReally."}]),
                Some("Nothing works. Really."),
            ),
            (json!([{"name": "x"}]), None),
            (json!([{"description": "Filtered"}, {"infoHash": hash}]), None),
            (json!([null]), None),
        ] {
            let body = json!({"streams": streams}).to_string();
            let notice = listing(body.as_bytes(), |_| None).unwrap().notice;
            assert_eq!(notice.map(|notice| notice.text).as_deref(), told, "{streams}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_stream(
            text in ".{0,80}", hint in ".{0,20}", source in ".{0,30}", place in proptest::num::i64::ANY
        ) {
            let stream = json!({"infoHash": "a".repeat(40), "title": text, "fileIdx": place,
                "behaviorHints": {"filename": hint, "videoSize": place}, "sources": [source]});
            let body = json!({"streams": [stream]}).to_string();
            let found = torrents(body.as_bytes(), IndexName::Torrentio).unwrap();
            proptest::prop_assert_eq!(found.len(), 1);
            proptest::prop_assert!(found[0].size_bytes != Some(0));
        }
    }
}
