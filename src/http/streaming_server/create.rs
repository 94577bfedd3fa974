//! What apps say when they name a torrent.

use serde::Deserialize;
use serde_json::Value;

use crate::media::Episode;

/// What `POST /{hash}/create` says; every part may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Create {
    peer_search: Option<PeerSearch>,
    torrent: Named,
    /// An object, where the app wants us to say which file it is; `false` where it knows.
    guess_file_idx: Option<Value>,
}

/// Older apps put the search for peers into the torrent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named {
    peer_search: Option<PeerSearch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PeerSearch {
    sources: Vec<String>,
}

/// `POST /create`.
#[derive(Debug, Deserialize)]
pub(super) struct Blob {
    /// A `.torrent`, in hexadecimal digits.
    blob: String,
}

impl Create {
    /// Where peers are to be asked for, as apps name it.
    pub(super) fn sources(self) -> Vec<String> {
        let search = self.peer_search.or(self.torrent.peer_search);
        search.map(|search| search.sources).unwrap_or_default()
    }

    /// Which file is to be guessed, if one is.
    pub(super) fn guess(&self) -> Option<Guess> {
        let asked = self.guess_file_idx.as_ref()?.as_object()?;
        let number = |key: &str| asked.get(key)?.as_u64()?.try_into().ok();
        let episode = number("season").zip(number("episode"));
        let episode = episode.map(|(season, number)| Episode { season, number });
        Some(Guess { episode })
    }
}

/// The file of this episode; without one, the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) episode: Option<Episode>,
}

impl Blob {
    /// The file's bytes.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        data_encoding::HEXLOWER_PERMISSIVE.decode(self.blob.as_bytes()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apps_send_to_create_is_read() {
        // stremio-core's create_magnet, stremio-video's createTorrent and inferTorrentFileIdx.
        for (body, sources, guess) in [
            (r#"{"torrent":{"infoHash":"x"},"peerSearch":null}"#, 0, None),
            (
                r#"{"torrent":{"infoHash":"x"},"peerSearch":{"sources":["dht:x","tracker:udp://a:1"],"min":40,"max":200},"guessFileIdx":{"season":1,"episode":2}}"#,
                2,
                Some(Guess { episode: Some(Episode { season: 1, number: 2 }) }),
            ),
            (r#"{"torrent":{"infoHash":"x"},"guessFileIdx":{}}"#, 0, Some(Guess { episode: None })),
            (r#"{"torrent":{"infoHash":"x"},"guessFileIdx":false}"#, 0, None),
            (
                r#"{"torrent":{"infoHash":"x","peerSearch":{"sources":["dht:x"],"min":40,"max":150}}}"#,
                1,
                None,
            ),
            (r#"{"stream":{"infoHash":"x"},"peerSearch":null}"#, 0, None),
        ] {
            let said: Create = serde_json::from_str(body).unwrap();
            assert_eq!(said.guess(), guess, "{body}");
            assert_eq!(said.sources().len(), sources, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in "\\PC{0,200}") {
            let _ = serde_json::from_str::<Create>(&body).map(|said| said.guess());
        }
    }
}
