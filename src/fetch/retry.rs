//! When to ask again.

use std::time::{Duration, SystemTime};

use super::{Answer, Error};

/// How often a `GET` is repeated.
pub(super) const MOST: u32 = 2;

/// The longest wait that is worth it inside a call, unless the caller has said another.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What a longer `Retry-After` counts as: a day. No caller then overflows a clock with it.
const LONGEST_TOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// A breath after a broken connection, so that a restarting server is back.
const BREATH: Duration = Duration::from_millis(200);

/// How long to wait, `longest` at most, before the same call is made again; `None` where it is not.
pub(super) fn wait(result: &Result<Answer, Error>, longest: Duration) -> Option<Duration> {
    match result {
        Ok(answer) if matches!(answer.status, 429 | 503) => {
            answer.retry_after.filter(|wait| *wait <= longest)
        }
        Err(Error::Dropped { .. }) => Some(BREATH),
        _ => None,
    }
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is compared with `now`. A
/// date that has passed is no wait. What is neither is `None`.
pub(super) fn after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(LONGEST_TOLD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_retry_after_as_rfc_9110_section_10_2_3_says() {
        let now = httpdate::parse_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap();
        let seconds = |s| Some(Duration::from_secs(s));
        for (value, expected) in [
            ("120", seconds(120)),
            (" 0 ", seconds(0)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", seconds(59)),
            ("Friday, 31-Dec-99 23:59:59 GMT", seconds(59)), // RFC 850
            ("Fri Dec 31 23:59:59 1999", seconds(59)),       // asctime
            ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),   // long past
            ("1000000000", seconds(86_400)),
            ("99999999999999999999999999", seconds(86_400)), // more than u64
            ("Fri, 31 Dec 9999 23:59:59 GMT", seconds(86_400)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(after(value, now), expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_of_retry_after_panics_or_is_longer_than_a_day(value in ".*") {
            let wait = after(&value, SystemTime::UNIX_EPOCH);
            proptest::prop_assert!(wait.is_none_or(|wait| wait <= LONGEST_TOLD));
        }
    }
}
