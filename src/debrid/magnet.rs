//! Adding a torrent to the account: `POST /v0/store/magnets`, then looking until it is ready.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::{Debrid, Error, hash};
use crate::stremthru;
use crate::torrent::{InfoHash, Magnet, TorrentFile};

/// A torrent that is newer than this in the account is one that we put there.
const OURS: Duration = Duration::from_secs(120);

/// A torrent in the account, ready to be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The store's name for it.
    pub id: String,
    /// The torrent.
    pub info_hash: InfoHash,
    /// Its name; empty where the store does not say.
    pub name: String,
    /// Its files, with the store's link where there is one.
    pub files: Vec<TorrentFile>,
}

/// What a status asks for.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Ready,
    /// A cached torrent passes through it.
    Settling,
    /// It is not cached.
    Downloading,
    Failed,
}

fn step(status: &str, files: &[TorrentFile]) -> Step {
    match status {
        "downloaded" => Step::Ready,
        // Of a torrent in the account it can only be the same.
        "cached" if files.iter().any(|file| file.link.is_some()) => Step::Ready,
        "queued" | "downloading" => Step::Downloading,
        "failed" => Step::Failed,
        // `invalid` too: with Real-Debrid it means that the magnet is still being read.
        _ => Step::Settling,
    }
}

impl Debrid {
    /// Adds `magnet` and waits until its files can be linked. What does not become ready in time is
    /// taken out of the account again, unless it was there before.
    pub async fn add(&self, magnet: &Magnet) -> Result<Stored, Error> {
        let body = json!({"magnet": magnet.to_string()});
        let answer = self.wire.post("v0/store/magnets", body).await;
        let mut data: Value = answer.map_err(|error| self.error(error))?;
        let id = id(&data["id"]).ok_or_else(|| self.odd("a torrent without an id"))?;
        let mut leftover = Leftover { debrid: self, id: &id, armed: is_ours(&data["added_at"]) };
        let start = Instant::now();
        let mut downloading_since = None;
        loop {
            if hash(&data["hash"]).is_some_and(|hash| hash != magnet.info_hash) {
                return Err(self.odd("another torrent than was added"));
            }
            let files = stremthru::files(&(&data["files"]).into());
            let status = data["status"].as_str().unwrap_or("unknown");
            let step = step(status, &files);
            let since = match step {
                Step::Ready => {
                    leftover.armed = false;
                    let name = data["name"].as_str().unwrap_or_default().to_owned();
                    let info_hash = magnet.info_hash;
                    return Ok(Stored { id: id.clone(), info_hash, name, files });
                }
                Step::Failed => return Err(self.failed(status)),
                Step::Settling => {
                    downloading_since = None;
                    start
                }
                Step::Downloading => *downloading_since.get_or_insert_with(Instant::now),
            };
            let downloading = step == Step::Downloading;
            let limit =
                if downloading { self.patience.downloading } else { self.patience.settling };
            if since.elapsed() >= limit || start.elapsed() >= self.patience.settling {
                return Err(if status == "invalid" {
                    self.failed(status)
                } else {
                    Error::NotReady { store: self.store, status: word(status) }
                });
            }
            sleep(self.patience.poll).await;
            // A look that fails is no verdict: the next one may tell.
            match self.wire.get(&format!("v0/store/magnets/{id}"), &[], true).await {
                Ok(next) => data = next,
                Err(stremthru::Error::Fetch(error)) => {
                    tracing::debug!(store = %self.store, %error, "a look at a torrent failed");
                }
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    fn failed(&self, status: &str) -> Error {
        Error::Failed { store: self.store, status: word(status) }
    }
}

/// A torrent in the account that is of no use yet; dropped while armed (an error, or a caller who
/// waits no longer), it is taken out again.
struct Leftover<'a> {
    debrid: &'a Debrid,
    id: &'a str,
    armed: bool,
}

impl Drop for Leftover<'_> {
    fn drop(&mut self) {
        let Some(runtime) = Handle::try_current().ok().filter(|_| self.armed) else { return };
        let (debrid, path) = (self.debrid.clone(), format!("v0/store/magnets/{}", self.id));
        self.debrid.tasks.spawn_on(
            async move {
                if let Err(error) = debrid.wire.delete(&path).await {
                    tracing::warn!(store = %debrid.store, %error, "a torrent stays in the account");
                }
            },
            &runtime,
        );
    }
}

/// A status for a message: a short word, whatever a stranger put there.
fn word(status: &str) -> String {
    status.chars().filter(char::is_ascii_alphanumeric).take(24).collect()
}

/// An id, as text or as a number; what could lead elsewhere in a path is none.
fn id(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let sound = !id.is_empty() && !id.contains('/') && !matches!(id.as_str(), "." | "..");
    sound.then_some(id)
}

/// Whether a torrent that was added to the account at this time was added by us, just now. Stores
/// answer alike for one that was there before; the owner's own downloads must not be deleted, so
/// what cannot be told is not ours. A time ahead of our clock is now.
fn is_ours(added_at: &Value) -> bool {
    let added = added_at.as_str().and_then(seconds);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    added.is_some_and(|added| now.saturating_sub(Duration::from_secs(added)) <= OURS)
}

/// Seconds since 1970 of `2026-11-20T12:30:00Z` (RFC 3339, UTC only; a fraction is cut).
fn seconds(text: &str) -> Option<u64> {
    let (head, rest) = text.trim().split_at_checked(19)?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let mut parts = head.split(['-', 'T', ':']).map(|part| part.parse::<u64>().ok());
    let mut part = || parts.next().flatten();
    let (year, month, day) = (part()?, part()?, part()?);
    let (hour, minute, second) = (part()?, part()?, part()?);
    let sound = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && matches!(zone, "Z" | "z" | "+00:00");
    if !sound {
        return None;
    }
    // Days from the civil date, counting years from March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;
    let since = days.checked_sub(719_468)?;
    Some(since * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_rfc_3339_writes_it_in_utc() {
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-11-20T12:30:00Z", Some(1_795_177_800)),
            ("2026-11-20T12:30:00.123Z", Some(1_795_177_800)),
            ("2026-11-20T12:30:00+00:00", Some(1_795_177_800)),
            ("2026-11-20T12:30:00+02:00", None),
            ("2026-11-20T12:30:00", None),
            ("2026-13-20T12:30:00Z", None),
            ("2026-11-20", None),
            ("yesterday, at about noon", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_date_of_a_strangers_is_too_odd(
            (y, mo, d) in (0_u64..=9999, 0_u64..=99, 0_u64..=99),
            (h, mi, s) in (0_u64..=99, 0_u64..=99, 0_u64..=99),
        ) {
            let text = format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z");
            let read = seconds(&text);
            let day = (1970..=9999).contains(&y) && (1..=12).contains(&mo) && (1..=31).contains(&d);
            proptest::prop_assert_eq!(read.is_some(), day && h < 24 && mi < 60 && s <= 60, "{}", text);
        }

        #[test]
        fn a_later_time_is_later(at in 0_u64..=2_932_896, by in 1_u64..86_400) {
            // The days of a year run through, each read as the next one.
            let (year, month, day) = (1970 + at / 372, 1 + at / 31 % 12, 1 + at % 31);
            proptest::prop_assume!(year <= 9999 && day <= 28);
            let of = |s: u64| format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60);
            let midnight = seconds(&of(0)).unwrap();
            proptest::prop_assert_eq!(seconds(&of(by)), Some(midnight + by));
            proptest::prop_assert_eq!(midnight % 86_400, 0);
        }

        #[test]
        fn any_text_is_read_or_not(text in ".{0,40}") {
            let _ = seconds(&text);
        }
    }

    #[test]
    fn what_may_have_been_there_before_is_not_ours() {
        for (added_at, ours) in [
            (json!("2020-01-01T00:00:00Z"), false),
            (json!(null), false),
            (json!("soon"), false),
            (json!("0000-01-01T00:00:00Z"), false),
            (json!("9999-01-01T00:00:00Z"), true),
        ] {
            assert_eq!(is_ours(&added_at), ours, "{added_at}");
        }
    }

    #[test]
    fn each_status_asks_for_its_step() {
        let linked = [TorrentFile { link: Some("x".to_owned()), ..TorrentFile::default() }];
        for (status, files, wanted) in [
            ("downloaded", &[][..], Step::Ready),
            ("cached", &[][..], Step::Settling),
            ("cached", &linked[..], Step::Ready),
            ("queued", &[][..], Step::Downloading),
            ("downloading", &linked[..], Step::Downloading),
            ("processing", &[][..], Step::Settling),
            ("uploading", &[][..], Step::Settling),
            ("unknown", &[][..], Step::Settling),
            ("invalid", &[][..], Step::Settling),
            ("failed", &[][..], Step::Failed),
            ("a new word", &[][..], Step::Settling),
        ] {
            assert_eq!(step(status, files), wanted, "{status}");
        }
    }
}
