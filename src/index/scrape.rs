//! Asking one index, which fails alone.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::{Error, LIMIT, Listed, Report, Shut, Source, State};
use crate::fetch::Sent;
use crate::media::Query;
use crate::torrent::{IndexName, Torrent};

/// Why there is no list.
enum Failure {
    Told(Error),
    Late(Duration),
    Panicked,
}

/// Asks one source, for at most 25 seconds.
pub async fn ask(source: &dyn Source, query: &Query) -> Report {
    let start = Instant::now();
    // A reader that panics on a stranger's bytes is our fault, but it need not cost the others.
    let scraping = AssertUnwindSafe(source.scrape(query)).catch_unwind();
    let sent = Sent::default();
    let outcome = match timeout(LIMIT, sent.count(scraping)).await {
        Ok(Ok(Ok(listed))) => Ok(listed),
        Ok(Ok(Err(error))) => Err(Failure::Told(error)),
        Ok(Err(_panic)) => Err(Failure::Panicked),
        Err(_elapsed) => Err(Failure::Late(LIMIT)),
    };
    Report { requests: sent.so_far(), ..report(source.index(), start.elapsed(), outcome) }
}

impl Report {
    /// Of an index that has said nothing for so long.
    #[must_use]
    pub fn late(index: IndexName, elapsed: Duration) -> Self {
        report(index, elapsed, Err(Failure::Late(elapsed)))
    }

    /// Of an index that is not asked now.
    #[must_use]
    pub fn shut(index: IndexName, shut: Shut) -> Self {
        let Shut { state, message, left } = shut;
        Self { message: Some(message), left: Some(left), ..Self::new(index, state, Duration::ZERO) }
    }

    /// Of a call of another kind to the index's host, which failed.
    #[must_use]
    pub fn failed(index: IndexName, elapsed: Duration, error: Error) -> Self {
        report(index, elapsed, Err(Failure::Told(error)))
    }

    /// The same, which went well.
    #[must_use]
    pub fn well(index: IndexName, elapsed: Duration) -> Self {
        report(index, elapsed, Ok(Listed::default()))
    }

    fn new(index: IndexName, state: State, elapsed: Duration) -> Self {
        Self {
            index,
            state,
            torrents: Vec::new(),
            refused: None,
            elapsed,
            message: None,
            status: None,
            retry_after: None,
            left: None,
            requests: 0,
        }
    }
}

fn report(index: IndexName, elapsed: Duration, outcome: Result<Listed, Failure>) -> Report {
    match outcome {
        Ok(Listed { mut torrents, refused }) => {
            // One that is asked in two ways lists much of it twice.
            let mut seen = HashSet::new();
            let key = |one: &Torrent| (one.info_hash, one.file_index);
            if !torrents.iter().all(|one| seen.insert(key(one))) {
                let mut seen = HashSet::new();
                torrents.retain(|one| seen.insert((key(one), one.name.clone())));
            }
            let state = if torrents.is_empty() { State::Empty } else { State::Ok };
            let Some(error) = refused else {
                return Report { torrents, ..Report::new(index, state, elapsed) };
            };
            let beside = report(index, elapsed, Err(Failure::Told(error)));
            Report { torrents, state, refused: Some(beside.state), ..beside }
        }
        // What it does not know is not there: an id that nobody lists is no fault of the host, and no
        // reason to leave it out of the next search. An address with a typing error looks the same,
        // so that it is said.
        Err(Failure::Told(Error::Fetch(error))) if error.status() == Some(404) => {
            let message = Some(format!(
                "{index} has nothing at this address (404); where it says so of every title, look \
                 at index.{index}.url"
            ));
            Report { message, ..Report::new(index, State::Empty, elapsed) }
        }
        Err(failure) => {
            let (state, message) = told(index, &failure);
            let (status, retry_after) = numbers(&failure);
            let message = Some(message);
            Report { message, status, retry_after, ..Report::new(index, state, elapsed) }
        }
    }
}

/// The state and the sentence for a failure.
fn told(index: IndexName, failure: &Failure) -> (State, String) {
    match failure {
        Failure::Late(after) => {
            let after = seconds(*after);
            let words = format!("{index} gave no answer within {after} s; it is left out");
            (State::TimedOut, words)
        }
        Failure::Panicked => (
            State::Failed,
            format!("{index} sent something that broke our reader; please report it"),
        ),
        Failure::Told(error) => match error {
            Error::UnsupportedId => {
                (State::UnsupportedId, format!("{index} cannot be asked for an id of this kind"))
            }
            Error::Blocked(status) => (State::Blocked, blocked(index, &format!(" ({status})"))),
            Error::Limited { .. } => (State::Limited, limited(index, 429)),
            Error::Odd(what) => (State::Failed, format!("{index} {what}; it may be in repair")),
            Error::Xml(refused) => {
                (State::Failed, format!("{index} {refused}; it may be in repair"))
            }
            Error::Fetch(error) if error.is_blocked() => {
                let status = error.status().map(|status| format!(" ({status})"));
                (State::Blocked, blocked(index, &status.unwrap_or_default()))
            }
            Error::Fetch(error) if error.is_limited() => {
                (State::Limited, limited(index, error.status().unwrap_or(429)))
            }
            Error::Fetch(error) if error.is_timeout() => {
                (State::TimedOut, format!("{index} gave no answer in time; it is left out"))
            }
            Error::Fetch(error) => (State::Failed, format!("{index} is left out: {error}")),
        },
    }
}

/// So many seconds, with a tenth where that says more: a search waits for 5.5.
fn seconds(duration: Duration) -> String {
    let tenths = format!("{:.1}", duration.as_secs_f64());
    tenths.strip_suffix(".0").map(str::to_owned).unwrap_or(tenths)
}

/// The status of a refusal, and for how long we are asked to stay away.
fn numbers(failure: &Failure) -> (Option<u16>, Option<Duration>) {
    use crate::fetch::Error as Fetch;
    match failure {
        Failure::Told(Error::Blocked(status)) => (Some(*status), None),
        Failure::Told(Error::Limited { retry_after }) => (None, *retry_after),
        Failure::Told(Error::Fetch(Fetch::Limited { status, retry_after, .. })) => {
            (Some(*status), *retry_after)
        }
        Failure::Told(Error::Fetch(error)) => (error.status(), None),
        _ => (None, None),
    }
}

fn blocked(index: IndexName, status: &str) -> String {
    format!(
        "{index} refuses this connection{status}; wait some hours, or set index.{index}.url to \
         another instance"
    )
}

fn limited(index: IndexName, status: u16) -> String {
    format!("{index} asks for fewer requests ({status}); it is left out until it answers again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_was_waited_is_the_time_that_is_told() {
        for (waited_ms, told) in
            [(5_500, "5.5 s"), (5_523, "5.5 s"), (2_041, "2 s"), (25_000, "25 s")]
        {
            let report = Report::late(IndexName::Zilean, Duration::from_millis(waited_ms));
            let wanted = format!("zilean gave no answer within {told}; it is left out");
            assert_eq!(report.message, Some(wanted));
        }
    }
}
