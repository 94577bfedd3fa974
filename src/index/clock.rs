//! Times of the day, as people read them and as programs do.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, Local, SecondsFormat, Utc};

/// From here on a time of the day says more than a number of seconds.
const MINUTES: Duration = Duration::from_secs(120);

/// How long a pause lasts: `for another 40 s`, `until about 18:40`, `until about 02:10 tomorrow`. In
/// the machine's own time zone.
pub(super) fn when(left: Duration) -> String {
    if left < MINUTES {
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        return format!("for another {seconds} s");
    }
    when_from(Local::now(), left)
}

fn when_from(now: DateTime<Local>, left: Duration) -> String {
    let Some(end) = chrono::Duration::from_std(left).ok().and_then(|d| now.checked_add_signed(d))
    else {
        return "for long".to_owned();
    };
    let tomorrow = now.date_naive().checked_add_days(Days::new(1)) == Some(end.date_naive());
    format!("until about {}{}", end.format("%H:%M"), if tomorrow { " tomorrow" } else { "" })
}

/// The moment in so long, as RFC 3339 writes it, to the second.
#[must_use]
pub fn moment(left: Duration) -> String {
    let then = SystemTime::now().checked_add(left).unwrap_or(SystemTime::UNIX_EPOCH);
    DateTime::<Utc>::from(then).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn a_pause_is_told_in_seconds_or_by_the_time_of_its_end() {
        let now = Local.with_ymd_and_hms(2026, 11, 21, 18, 5, 0).unwrap();
        for (seconds, expected) in [
            (120, "until about 18:07"),
            (2_100, "until about 18:40"),
            (6 * 3600, "until about 00:05 tomorrow"),
            (24 * 3600, "until about 18:05 tomorrow"),
        ] {
            assert_eq!(when_from(now, Duration::from_secs(seconds)), expected);
        }
        assert_eq!(when(Duration::from_millis(39_200)), "for another 40 s");
        assert!(when(MINUTES).starts_with("until about "));
    }

    #[test]
    fn a_moment_is_in_universal_time() {
        let text = moment(Duration::ZERO);
        assert!(text.len() == 20 && text.ends_with('Z') && text.contains('T'), "{text}");
    }
}
