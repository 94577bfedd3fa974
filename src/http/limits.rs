//! How much one device may take, and all together: so that one that has gone wild does not end the
//! others' film. A device is an address, as the socket has it.
//!
//! A stream is a body that is being sent; it ends with the body, also where the player just goes. A
//! set that closes its connection and comes again at once may be faster than we notice, so whoever
//! finds no place is kept waiting for a moment before it is refused.

mod counts;
mod crowded;
mod place;

use std::hash::{Hash as _, Hasher as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

pub use crowded::Crowded;

use crate::http::limited::{is_media, is_unchosen, opened};
use crate::http::server::Peer;
use counts::{Counts, Device, household, saved};
use place::{Held, Place};

/// How long whoever finds no place waits for one.
const A_MOMENT: Duration = Duration::from_secs(1);
/// Different titles that one device may open in a minute; a person manages a dozen.
const TITLES: usize = 40;
/// The same of films that were chosen before, by their signed links: a set that lists a folder opens
/// each of its films for its picture and its length. Nothing is searched for these; one that is not on
/// the disk is opened, at its store or by its peers.
const LISTED: usize = 400;
const MINUTE: Duration = Duration::from_secs(60);
/// How long a notice is told.
const TOLD_FOR: Duration = Duration::from_secs(24 * 3600);

/// The limits; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bodies that are sent to one device at a time.
    pub streams_per_device: usize,
    /// Bodies that are sent at a time.
    pub streams_total: usize,
    /// Requests of one device in a second, but for media.
    pub requests_per_second: u32,
}

/// The limits, and who has taken how much. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    caps: Caps,
    counts: Mutex<Counts>,
    freed: Notify,
}

/// Something unusual that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Limits {
    /// With these caps.
    #[must_use]
    pub fn new(caps: Caps) -> Self {
        Self(Arc::new(Inner { caps, counts: Mutex::default(), freed: Notify::new() }))
    }

    /// How many bodies are being sent.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counts().open
    }

    /// Which devices are being sent something, and how many bodies each.
    #[must_use]
    pub fn devices(&self) -> Vec<(IpAddr, usize)> {
        let counts = self.counts();
        let open = counts.devices.iter().filter(|(_, row)| row.open > 0);
        let mut rows: Vec<_> = open.map(|(device, row)| (*device, row.open)).collect();
        rows.sort_unstable();
        rows
    }

    /// How many requests were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.counts().refused
    }

    /// What was noticed of late.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let counts = self.counts();
        let fresh = counts.notices.iter().filter(|(at, _)| at.elapsed() < TOLD_FOR);
        fresh.map(|(_, notice)| notice.clone()).collect()
    }

    /// A place for one body to this device; waits a moment for one.
    async fn admit(&self, device: IpAddr) -> Result<Place, Crowded> {
        let device = household(device);
        let waiting = async {
            loop {
                let freed = self.0.freed.notified();
                tokio::pin!(freed);
                // Before the look, so that no place is missed that is given up in between.
                freed.as_mut().enable();
                match self.try_admit(device) {
                    Ok(place) => return place,
                    Err(_) => freed.await,
                }
            }
        };
        match timeout(A_MOMENT, waiting).await {
            Ok(place) => Ok(place),
            Err(_) => self.try_admit(device),
        }
    }

    fn try_admit(&self, device: IpAddr) -> Result<Place, Crowded> {
        let caps = self.0.caps;
        let full = |open: usize, cap: usize| cap > 0 && open >= cap;
        let mut counts = self.counts();
        if full(counts.open, caps.streams_total) {
            return Err(Crowded::Total(caps.streams_total));
        }
        let row = counts.device(device, caps);
        if full(row.open, caps.streams_per_device) {
            return Err(Crowded::Device(caps.streams_per_device));
        }
        row.open += 1;
        counts.open += 1;
        Ok(Place { limits: self.clone(), device })
    }

    /// Whether a request of this device comes too soon.
    fn request(&self, device: IpAddr) -> Result<(), Crowded> {
        let caps = self.0.caps;
        if caps.requests_per_second == 0 {
            return Ok(());
        }
        let mut counts = self.counts();
        let row = counts.device(household(device), caps);
        let (now, rate) = (Instant::now(), f64::from(caps.requests_per_second));
        let earned = (now - row.counted).as_secs_f64() * rate;
        row.left = (row.left + earned).min(saved(caps));
        row.counted = now;
        if row.left < 1.0 {
            return Err(Crowded::Requests(caps.requests_per_second));
        }
        row.left -= 1.0;
        Ok(())
    }

    /// Whether this device opens more titles than anybody would.
    pub(super) fn opens(&self, device: IpAddr, title: &str) -> Result<(), Crowded> {
        self.counts_title(device, title, TITLES, |row| &mut row.titles)
    }

    /// The same of a film by its signed link.
    fn follows(&self, device: IpAddr, key: &str) -> Result<(), Crowded> {
        self.counts_title(device, key, LISTED, |row| &mut row.listed)
    }

    fn counts_title(
        &self,
        device: IpAddr,
        title: &str,
        most: usize,
        of: impl Fn(&mut Device) -> &mut Vec<(Instant, u64)>,
    ) -> Result<(), Crowded> {
        let mut hasher = std::hash::DefaultHasher::new();
        title.hash(&mut hasher);
        let title = hasher.finish();
        let mut counts = self.counts();
        let titles = of(counts.device(household(device), self.0.caps));
        titles.retain(|(at, known)| at.elapsed() < MINUTE && *known != title);
        if titles.len() >= most {
            counts.note(Notice {
                code: "many_titles",
                message: format!(
                    "{device} opened more than {most} titles within a minute, and was kept waiting"
                ),
            });
            return Err(Crowded::Titles(most));
        }
        titles.push((Instant::now(), title));
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Middleware round everything: each device within its limits.
pub async fn keep(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let Some(Peer(peer)) = request.extensions().get().copied() else {
        return next.run(request).await;
    };
    let (device, path) = (peer.ip().to_canonical(), request.uri().path().to_owned());
    let refuse = |crowded: Crowded| {
        limits.counts().refused += 1;
        tracing::debug!(%device, path = first_part(&path), "{crowded}");
        crowded.into_response()
    };
    if let Some(title) = opened(request.method(), &path)
        && let Err(crowded) = if path.starts_with("/v/") && !is_unchosen(title) {
            limits.follows(device, title)
        } else {
            limits.opens(device, title)
        }
    {
        return refuse(crowded);
    }
    if !is_media(request.method(), &path) {
        let free = path == "/health";
        return match limits.request(device) {
            Err(crowded) if !free => refuse(crowded),
            _ => next.run(request).await,
        };
    }
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let place = match limits.admit(device).await {
        Ok(place) => place,
        Err(crowded) => return refuse(crowded),
    };
    let answer = next.run(request).await;
    if !answer.status().is_success() || answer.body().is_end_stream() {
        return answer;
    }
    answer.map(|body| Body::new(Held { body, _place: place }))
}

fn first_part(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests;
