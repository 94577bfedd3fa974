//! What Samsung and Philips sets ask for with a film's own address: its subtitles and its length.

use axum::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::select::{Captions, Profile};

const ASKS_CAPTIONS: HeaderName = HeaderName::from_static("getcaptioninfo.sec");
const ASKS_LENGTH: HeaderName = HeaderName::from_static("getmediainfo.sec");
const CAPTIONS: HeaderName = HeaderName::from_static("captioninfo.sec");
const LENGTH: HeaderName = HeaderName::from_static("mediainfo.sec");

/// What is known of a film beside its bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beside {
    /// The path of its subtitles, those that are wanted first.
    pub subtitles: Option<String>,
    /// How long it plays, in seconds.
    pub duration_s: Option<f64>,
}

/// Whether a request with these headers is to be told of it: one that asks, and any of a set that is
/// known to look for it.
pub(in crate::http) fn is_wanted(asked: &HeaderMap, set: Option<&Profile>) -> bool {
    asked.contains_key(ASKS_CAPTIONS)
        || asked.contains_key(ASKS_LENGTH)
        || set.is_some_and(|set| set.captions.contains(&Captions::Header))
}

/// Whether the request asks for subtitles in so many words.
pub(in crate::http) fn is_asked(asked: &HeaderMap) -> bool {
    asked.contains_key(ASKS_CAPTIONS)
}

/// Adds it to the answer; subtitles lie at `base`, by which the set reached us.
pub(in crate::http) fn add(answer: &mut HeaderMap, beside: &Beside, base: &str) {
    if let Some(path) = &beside.subtitles
        && let Ok(value) = HeaderValue::from_str(&format!("{base}{path}"))
    {
        answer.insert(CAPTIONS, value);
    }
    if let Some(seconds) = beside.duration_s
        && let Ok(length) = std::time::Duration::try_from_secs_f64(seconds)
        && let Ok(value) = HeaderValue::from_str(&format!("SEC_Duration={};", length.as_millis()))
    {
        answer.insert(LENGTH, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_told_where_the_subtitles_are() {
        let mut asked = HeaderMap::new();
        assert!(!is_wanted(&asked, None));
        asked.insert(ASKS_CAPTIONS, HeaderValue::from_static("1"));
        assert!(is_wanted(&asked, None));
        let samsung = Profile::of(&["SEC_HHP_[TV] Samsung Q7 Series (49)/1.0"]);
        assert!(is_wanted(&HeaderMap::new(), samsung), "also without asking");

        let beside = Beside { subtitles: Some("/sub/key.srt".to_owned()), duration_s: Some(61.5) };
        let mut answer = HeaderMap::new();
        add(&mut answer, &beside, "http://10.0.0.1:8080");
        assert_eq!(answer["captioninfo.sec"], "http://10.0.0.1:8080/sub/key.srt");
        assert_eq!(answer["mediainfo.sec"], "SEC_Duration=61500;");
        let mut answer = HeaderMap::new();
        add(&mut answer, &Beside { subtitles: None, duration_s: Some(f64::NAN) }, "");
        assert!(answer.is_empty());
    }
}
