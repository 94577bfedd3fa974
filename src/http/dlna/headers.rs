//! What televisions want to hear beside the bytes: the DLNA headers. They go out always, not only when
//! asked: LG needs them, and every client tried took them.

use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::lan::content_directory::CONTENT_FEATURES;

const TRANSFER_MODE: HeaderName = HeaderName::from_static("transfermode.dlna.org");
const ASKS_FEATURES: HeaderName = HeaderName::from_static("getcontentfeatures.dlna.org");
const TIME_SEEK: HeaderName = HeaderName::from_static("timeseekrange.dlna.org");
const PLAY_SPEED: HeaderName = HeaderName::from_static("playspeed.dlna.org");

/// Why a request cannot be met, by its DLNA headers; `None` where it can.
#[must_use]
pub(in crate::http) fn refusal(headers: &HeaderMap) -> Option<StatusCode> {
    let odd = |value: &HeaderValue| value.as_bytes().trim_ascii() != b"1";
    if headers.get_all(ASKS_FEATURES).iter().any(odd) {
        return Some(StatusCode::BAD_REQUEST);
    }
    // OP=01 has promised neither; a set that is told so falls back to bytes.
    let by_time = headers.contains_key(TIME_SEEK) || headers.contains_key(PLAY_SPEED);
    by_time.then_some(StatusCode::NOT_ACCEPTABLE)
}

/// Adds the headers of an answer to a request with the headers `asked`.
pub(in crate::http) fn add(answer: &mut HeaderMap, asked: &HeaderMap) {
    let background = asked
        .get(TRANSFER_MODE)
        .is_some_and(|mode| mode.as_bytes().trim_ascii().eq_ignore_ascii_case(b"Background"));
    let mode = if background { "Background" } else { "Streaming" };
    answer.insert(TRANSFER_MODE, HeaderValue::from_static(mode));
    answer.insert("contentfeatures.dlna.org", HeaderValue::from_static(CONTENT_FEATURES));
    answer.insert("realtimeinfo.dlna.org", HeaderValue::from_static("DLNA.ORG_TLAG=*"));
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
