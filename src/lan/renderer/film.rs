//! What a renderer is told of a film (DIDL-Lite, ContentDirectory:1 section 2.8).

use crate::media::Clock;
use crate::xml::escape;

/// A film that is to be shown.
#[derive(Debug, Clone)]
pub struct Film {
    /// Where its bytes are, on an address that the renderer reaches.
    pub url: String,
    /// Its name for people.
    pub title: String,
    /// Its media type in our spelling.
    pub media_type: String,
    /// The fourth field of its protocol info: what DLNA wants to know of the transfer.
    pub features: &'static str,
    /// Its length.
    pub size_bytes: Option<u64>,
    /// How long it plays, in seconds.
    pub duration_s: Option<f64>,
    /// Its subtitles as SRT, if it has any.
    pub captions: Option<String>,
    /// Those of each language as WebVTT, for sets that take several.
    pub tracks: Vec<Track>,
    /// Where it is to begin, in seconds.
    pub begin_s: Option<u64>,
}

/// Subtitles in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Where their text is.
    pub url: String,
    /// Their language as web pages name it (BCP 47).
    pub language: &'static str,
    /// Their name for people.
    pub name: String,
    /// Whether they are shown before anybody asks.
    pub shown: bool,
}

/// The spellings of a container that sets know, ours first.
const SPELLINGS: &[&[&str]] = &[
    &["video/x-matroska", "video/x-mkv", "video/matroska"],
    &["video/x-msvideo", "video/avi", "video/x-avi", "video/divx"],
    &["video/mp2t", "video/vnd.dlna.mpeg-tts", "video/mpeg"],
    &["video/quicktime", "video/mp4"],
    &["video/x-m4v", "video/mp4"],
];

impl Film {
    /// The media type as the renderer spells it in `sink`, the list of what it plays; ours where it
    /// has none of them: many sets play more than they list.
    pub(super) fn spelled(&self, sink: &str) -> &str {
        let has = |media_type: &str| {
            sink.split(',').any(|info| {
                info.split(':').nth(2).is_some_and(|listed| listed.eq_ignore_ascii_case(media_type))
            })
        };
        let row = SPELLINGS.iter().find(|row| row[0] == self.media_type);
        let theirs = row.and_then(|row| row.iter().find(|spelling| has(spelling)));
        theirs.copied().unwrap_or(&self.media_type)
    }

    /// Its description. Captions are told in Samsung's way alone: a second resource makes some of its
    /// sets refuse the film.
    pub(super) fn didl(&self, media_type: &str) -> String {
        let size = self.size_bytes.map(|size| format!(" size=\"{size}\"")).unwrap_or_default();
        let duration = self.duration_s.filter(|seconds| (0.0..1e7).contains(seconds));
        let duration =
            duration.map(|seconds| format!(" duration=\"{}\"", Clock::of(seconds).exact()));
        let duration = duration.unwrap_or_default();
        let captions = self.captions.as_deref().map(captions).unwrap_or_default();
        format!(
            "<DIDL-Lite xmlns=\"urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:upnp=\"urn:schemas-upnp-org:metadata-1-0/upnp/\" \
             xmlns:sec=\"http://www.sec.co.kr/\"><item id=\"1\" parentID=\"0\" restricted=\"1\">\
             <dc:title>{}</dc:title><upnp:class>object.item.videoItem.movie</upnp:class>\
             <res protocolInfo=\"http-get:*:{media_type}:{}\"{size}{duration}>{}</res>{captions}\
             </item></DIDL-Lite>",
            escape(&self.title),
            self.features,
            escape(&self.url),
        )
    }
}

fn captions(url: &str) -> String {
    let url = escape(url);
    format!(
        "<sec:CaptionInfo sec:type=\"srt\">{url}</sec:CaptionInfo>\
         <sec:CaptionInfoEx sec:type=\"srt\">{url}</sec:CaptionInfoEx>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(media_type: &str) -> Film {
        Film {
            url: "http://10.0.0.1/v/k/f.mkv?a&b".to_owned(),
            title: "Tom & Jerry <1>".to_owned(),
            media_type: media_type.to_owned(),
            features: "DLNA.ORG_OP=01",
            size_bytes: Some(7),
            duration_s: Some(3723.5),
            captions: Some("http://10.0.0.1/sub/k.srt".to_owned()),
            tracks: Vec::new(),
            begin_s: None,
        }
    }

    #[test]
    fn a_film_is_described_so_that_any_title_is_well_formed() {
        let didl = film("video/mp4").didl("video/mp4");
        for part in [
            "<dc:title>Tom &amp; Jerry &lt;1&gt;</dc:title>",
            "protocolInfo=\"http-get:*:video/mp4:DLNA.ORG_OP=01\" size=\"7\" duration=\"1:02:03.500\">",
            ">http://10.0.0.1/v/k/f.mkv?a&amp;b</res>",
            "<sec:CaptionInfoEx sec:type=\"srt\">http://10.0.0.1/sub/k.srt<",
        ] {
            assert!(didl.contains(part), "{part} in {didl}");
        }
    }

    #[test]
    fn a_container_is_called_as_the_set_calls_it() {
        for (ours, sink, theirs) in [
            ("video/x-matroska", "http-get:*:video/mp4:*,http-get:*:video/x-mkv:*", "video/x-mkv"),
            (
                "video/x-matroska",
                "http-get:*:video/x-mkv:*,http-get:*:video/x-matroska:*",
                "video/x-matroska",
            ),
            ("video/x-matroska", "http-get:*:video/mp4:*", "video/x-matroska"),
            ("video/mp4", "", "video/mp4"),
        ] {
            assert_eq!(film(ours).spelled(sink), theirs, "{sink}");
        }
    }
}
