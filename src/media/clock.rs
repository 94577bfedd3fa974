//! Times of a film in hours, minutes and seconds, as players and people read them.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// A place in a film, or its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(Duration);

impl Clock {
    /// So many seconds; what is no time is 0.
    #[must_use]
    pub fn of(seconds: f64) -> Self {
        Self(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
    }

    /// So many whole seconds.
    #[must_use]
    pub const fn whole(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// `H:MM:SS.mmm` (ContentDirectory:1, appendix B.2.1.4).
    #[must_use]
    pub fn exact(self) -> String {
        format!("{self}.{:03}", self.0.subsec_millis())
    }

    /// `M:SS`, from an hour on `H:MM:SS`: for people.
    #[must_use]
    pub fn short(self) -> String {
        match self.0.as_secs() {
            seconds @ ..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
            _ => self.to_string(),
        }
    }
}

/// `H:MM:SS` (AVTransport:1, section 2.2.15).
impl Display for Clock {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_each_reads_it() {
        for (seconds, exact, short) in [
            (0.0, "0:00:00.000", "0:00"),
            (59.9996, "0:00:59.999", "0:59"),
            (61.5, "0:01:01.500", "1:01"),
            (3723.5, "1:02:03.500", "1:02:03"),
            (36_000.25, "10:00:00.250", "10:00:00"),
            (-1.0, "0:00:00.000", "0:00"),
            (f64::NAN, "0:00:00.000", "0:00"),
            (f64::INFINITY, "0:00:00.000", "0:00"),
        ] {
            let clock = Clock::of(seconds);
            assert_eq!((clock.exact().as_str(), clock.short().as_str()), (exact, short));
        }
        assert_eq!(Clock::whole(41).to_string(), "0:00:41");
        assert_eq!(Clock::whole(3723).to_string(), "1:02:03");
    }
}
