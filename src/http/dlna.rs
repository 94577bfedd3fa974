//! What televisions want to hear beside the bytes: the DLNA headers and the media type's own
//! spelling of each maker.
//!
//! The headers go out always, not only when asked: LG needs them, and every client tried took them.

use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};

/// `OP=01`: seekable by bytes, not by time. `CI=0`: not converted. FLAGS: DLNA 1.5 (bit 20),
/// connection stalling (21), background (22) and streaming (24) transfer, then 24 zeros. No
/// `DLNA.ORG_PN`: a profile that is only guessed makes a set refuse what it could play.
pub const CONTENT_FEATURES: &str =
    "DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=01700000000000000000000000000000";

const TRANSFER_MODE: HeaderName = HeaderName::from_static("transfermode.dlna.org");
const ASKS_FEATURES: HeaderName = HeaderName::from_static("getcontentfeatures.dlna.org");
const TIME_SEEK: HeaderName = HeaderName::from_static("timeseekrange.dlna.org");
const PLAY_SPEED: HeaderName = HeaderName::from_static("playspeed.dlna.org");
const CLIENT_INFO: HeaderName = HeaderName::from_static("x-av-client-info");

/// Why a request cannot be met, by its DLNA headers; `None` where it can.
#[must_use]
pub fn refusal(headers: &HeaderMap) -> Option<StatusCode> {
    let odd = |value: &HeaderValue| value.as_bytes().trim_ascii() != b"1";
    if headers.get_all(ASKS_FEATURES).iter().any(odd) {
        return Some(StatusCode::BAD_REQUEST);
    }
    // OP=01 has promised neither; a set that is told so falls back to bytes.
    let by_time = headers.contains_key(TIME_SEEK) || headers.contains_key(PLAY_SPEED);
    by_time.then_some(StatusCode::NOT_ACCEPTABLE)
}

/// Adds the headers of an answer to a request with the headers `asked`.
pub fn add(answer: &mut HeaderMap, asked: &HeaderMap) {
    let background = asked
        .get(TRANSFER_MODE)
        .is_some_and(|mode| mode.as_bytes().trim_ascii().eq_ignore_ascii_case(b"Background"));
    let mode = if background { "Background" } else { "Streaming" };
    answer.insert(TRANSFER_MODE, HeaderValue::from_static(mode));
    answer.insert("contentfeatures.dlna.org", HeaderValue::from_static(CONTENT_FEATURES));
    answer.insert("realtimeinfo.dlna.org", HeaderValue::from_static("DLNA.ORG_TLAG=*"));
}

/// What a kind of client calls a media type: a mark in `User-Agent` or `X-AV-Client-Info` (any
/// case), our type, its type. The first row that fits counts.
const SPELLINGS: &[(&str, &str, &str)] = &[
    // Samsung televisions name themselves `SEC_HHP_[TV]…`.
    ("SEC_HHP_", "video/x-matroska", "video/x-mkv"),
    ("Kodi", "video/x-msvideo", "video/avi"),
    ("Xbox", "video/x-msvideo", "video/avi"),
    ("Windows-Media-Player", "video/x-msvideo", "video/avi"),
    ("PLAYSTATION 3", "video/x-msvideo", "video/x-divx"),
    ("Philips", "video/x-msvideo", "video/x-divx"),
];

/// `media_type` as the client that sent `headers` spells it.
#[must_use]
pub fn spelled<'a>(media_type: &'a str, headers: &HeaderMap) -> &'a str {
    let client: String = [USER_AGENT, CLIENT_INFO]
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .collect::<Vec<_>>()
        .join("\n")
        .to_ascii_lowercase();
    SPELLINGS
        .iter()
        .find(|(mark, ours, _)| *ours == media_type && client.contains(&mark.to_ascii_lowercase()))
        .map_or(media_type, |(_, _, theirs)| theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_client_gets_the_media_type_it_knows() {
        for (name, client, ours, theirs) in [
            ("user-agent", "SEC_HHP_[TV] Samsung Q7 (55)/1.0", "video/x-matroska", "video/x-mkv"),
            ("user-agent", "DLNADOC/1.50 sec_hhp_[TV]UE40/1.0", "video/x-matroska", "video/x-mkv"),
            ("user-agent", "SEC_HHP_[TV] Samsung Q7 (55)/1.0", "video/mp4", "video/mp4"),
            ("user-agent", "Kodi/20.5 (X11; Linux)", "video/x-msvideo", "video/avi"),
            ("x-av-client-info", "av=5.0; mn=\"PLAYSTATION 3\"", "video/x-msvideo", "video/x-divx"),
            ("user-agent", "VLC/3.0.24 LibVLC/3.0.24", "video/x-matroska", "video/x-matroska"),
        ] {
            let asked = headers(&[(name, client)]);
            assert_eq!(spelled(ours, &asked), theirs, "{client}");
        }
    }

    #[test]
    fn what_was_not_promised_is_refused() {
        for (name, value, expected) in [
            ("getcontentfeatures.dlna.org", "1", None),
            ("getcontentfeatures.dlna.org", "0", Some(StatusCode::BAD_REQUEST)),
            ("getcontentfeatures.dlna.org", "", Some(StatusCode::BAD_REQUEST)),
            ("timeseekrange.dlna.org", "npt=10-", Some(StatusCode::NOT_ACCEPTABLE)),
            ("playspeed.dlna.org", "DLNA.ORG_PS=2", Some(StatusCode::NOT_ACCEPTABLE)),
            ("transfermode.dlna.org", "Streaming", None),
        ] {
            assert_eq!(refusal(&headers(&[(name, value)])), expected, "{name}: {value}");
        }
    }
}
