//! Folders and films as DIDL-Lite, as the set that asks wants it (ContentDirectory:1, section 2.8).

use std::fmt::Write as _;

use crate::media::Clock;
use crate::playback::{Node, NodeKind, Video};
use crate::select::{Bookmarks, Captions, Pictures, Positions, Profile};
use crate::xml::escape;

/// What is promised of every film: bytes may be asked for by range, nothing is converted (DLNA
/// guidelines, 7.4.1.3.17). `OP=01`: seekable by bytes, not by time. `CI=0`: not converted. FLAGS:
/// DLNA 1.5 (bit 20), connection stalling (21), background (22) and streaming (24) transfer, then 24
/// zeros. No `DLNA.ORG_PN`: a profile that is only guessed makes a set refuse what it could play.
pub const CONTENT_FEATURES: &str =
    "DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=01700000000000000000000000000000";

const OPENS: &str = "<DIDL-Lite xmlns=\"urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
    xmlns:upnp=\"urn:schemas-upnp-org:metadata-1-0/upnp/\" \
    xmlns:dlna=\"urn:schemas-dlna-org:metadata-1-0/\" xmlns:sec=\"http://www.sec.co.kr/\" \
    xmlns:pv=\"http://www.pv.com/pvns/\">";

/// Where things of a node are fetched, as absolute addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The film's bytes.
    pub film: String,
    /// Its picture.
    pub picture: Option<String>,
    /// The same as a JPEG of at most 160 pixels a side.
    pub small_picture: Option<String>,
    /// Its subtitles, the wanted language first.
    pub subtitles: Vec<String>,
}

/// A list that is written row by row.
#[derive(Debug)]
pub struct Didl {
    text: String,
}

impl Default for Didl {
    fn default() -> Self {
        Self { text: OPENS.to_owned() }
    }
}

impl Didl {
    /// Adds a folder or film. A storage folder has to say how much it holds; -1 is "not known"
    /// (ContentDirectory:1, 7.4 and appendix B).
    pub fn add(&mut self, node: &Node, places: &Places, set: &Profile) {
        let (id, title) = (escape(node.id.as_str()), escape(&node.title));
        let parent = node.parent.as_ref().map_or("-1".to_owned(), |id| escape(id.as_str()));
        match &node.kind {
            NodeKind::Folder { children } => {
                let count = children.map(|count| format!(" childCount=\"{count}\""));
                let _ = write!(
                    self.text,
                    "<container id=\"{id}\" parentID=\"{parent}\" restricted=\"1\" \
                     searchable=\"1\"{}><dc:title>{title}</dc:title>\
                     <upnp:class>object.container.storageFolder</upnp:class>\
                     <upnp:storageUsed>-1</upnp:storageUsed>",
                    count.unwrap_or_default(),
                );
                self.picture(places, set);
                self.text.push_str("</container>");
            }
            NodeKind::Video(video) => {
                let _ = write!(
                    self.text,
                    "<item id=\"{id}\" parentID=\"{parent}\" restricted=\"1\">\
                     <dc:title>{title}</dc:title>"
                );
                if let Some(day) = node.changed.and_then(day) {
                    let _ = write!(self.text, "<dc:date>{day}</dc:date>");
                }
                self.text.push_str("<upnp:class>object.item.videoItem</upnp:class>");
                self.picture(places, set);
                self.bookmark(video, set);
                self.film(video, places, set);
                self.subtitles(places, set);
                self.text.push_str("</item>");
            }
        }
    }

    /// The whole list.
    #[must_use]
    pub fn end(mut self) -> String {
        self.text.push_str("</DIDL-Lite>");
        self.text
    }

    /// `JPEG_TN` is DLNA's name of a JPEG of at most 160 x 160 pixels.
    fn picture(&mut self, places: &Places, set: &Profile) {
        let whole = places.picture.as_ref().map(|at| ("", at));
        let small = places.small_picture.as_ref().map(|at| (" dlna:profileID=\"JPEG_TN\"", at));
        let mut pictures = [whole, small];
        if set.pictures == Pictures::Small {
            pictures.reverse();
        }
        for (profile, at) in pictures.into_iter().flatten() {
            let at = escape(at);
            let _ = write!(self.text, "<upnp:albumArtURI{profile}>{at}</upnp:albumArtURI>");
        }
    }

    /// Where somebody stopped: `BM` is what a Samsung set goes on from, in the unit in which that set
    /// tells its own bookmarks.
    fn bookmark(&mut self, video: &Video, set: &Profile) {
        if let Some(seconds) = video.position_s.filter(|at| *at >= 1.0) {
            let last = match set.positions {
                Positions::Clock => Clock::of(seconds).exact(),
                Positions::Seconds => seconds.floor().to_string(),
            };
            let at = match set.bookmarks {
                Bookmarks::Seconds => seconds.floor(),
                Bookmarks::Milliseconds => (seconds * 1000.0).floor(),
            };
            let _ = write!(
                self.text,
                "<upnp:lastPlaybackPosition>{last}</upnp:lastPlaybackPosition>\
                 <sec:dcmInfo>CREATIONDATE=0,FOLDER=Credenza,BM={at}</sec:dcmInfo>"
            );
        }
    }

    fn film(&mut self, video: &Video, places: &Places, set: &Profile) {
        let media_type = set.spelled(video.media_type);
        let _ =
            write!(self.text, "<res protocolInfo=\"http-get:*:{media_type}:{CONTENT_FEATURES}\"");
        if let Some(size) = video.size_bytes {
            let _ = write!(self.text, " size=\"{size}\"");
        }
        if let Some(seconds) = video.duration_s.filter(|seconds| seconds.is_finite()) {
            let _ = write!(self.text, " duration=\"{}\"", Clock::of(seconds).exact());
        }
        if let Some(bytes_a_second) = bit_rate(video) {
            let _ = write!(self.text, " bitrate=\"{bytes_a_second}\"");
        }
        if let Some((width, height)) = video.resolution {
            let _ = write!(self.text, " resolution=\"{width}x{height}\"");
        }
        if let Some(subtitle) = places.subtitles.first()
            && set.captions.contains(&Captions::Pv)
        {
            let subtitle = escape(subtitle);
            let _ =
                write!(self.text, " pv:subtitleFileType=\"SRT\" pv:subtitleFileUri=\"{subtitle}\"");
        }
        let _ = write!(self.text, ">{}</res>", escape(&places.film));
    }

    fn subtitles(&mut self, places: &Places, set: &Profile) {
        for subtitle in places.subtitles.iter().map(|subtitle| escape(subtitle)) {
            if set.captions.contains(&Captions::Res) {
                let _ = write!(
                    self.text,
                    "<res protocolInfo=\"http-get:*:text/srt:*\">{subtitle}</res>"
                );
            }
            if set.captions.contains(&Captions::Sec) {
                let _ = write!(
                    self.text,
                    "<sec:CaptionInfoEx sec:type=\"srt\">{subtitle}</sec:CaptionInfoEx>\
                     <sec:CaptionInfo sec:type=\"srt\">{subtitle}</sec:CaptionInfo>"
                );
            }
        }
    }
}

/// `res@bitrate` is in bytes a second, whatever its name says (appendix B.2.1.5).
fn bit_rate(video: &Video) -> Option<u64> {
    let (size, seconds) = (video.size_bytes?, video.duration_s?);
    let seconds = std::time::Duration::try_from_secs_f64(seconds).ok()?.as_secs();
    size.checked_div(seconds)
}

/// The day of a time in seconds since 1970, as `YYYY-MM-DD` (days to a date, as H. Hinnant's
/// `civil_from_days` counts them).
fn day(seconds: u64) -> Option<String> {
    let days = i64::try_from(seconds / 86_400).ok()? + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
#[path = "didl_tests.rs"]
mod tests;
