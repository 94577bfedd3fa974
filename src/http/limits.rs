//! How much one device may take, and all together: so that one that has gone wild does not end the
//! others' film. A device is an address, as the socket has it.
//!
//! A stream is a body that is being sent; it ends with the body, also where the player just goes. A
//! set that closes its connection and comes again at once may be faster than we notice, so whoever
//! finds no place is kept waiting for a moment before it is refused.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::http::error::ApiError;
use crate::http::limited::{is_media, is_unchosen, opened};
use crate::http::server::Peer;

/// How long whoever finds no place waits for one.
const A_MOMENT: Duration = Duration::from_secs(1);
/// Seconds of requests that a device may have saved up: a page with all its posters.
const SAVED: f64 = 5.0;
/// The least that is saved up, in requests.
const LEAST_SAVED: f64 = 20.0;
/// Different titles that one device may open in a minute; a person manages a dozen.
const TITLES: usize = 40;
/// The same of films that were chosen before, by their signed links: a set that lists a folder opens
/// each of its films for its picture and its length. Nothing is searched for these; one that is not on
/// the disk is opened, at its store or by its peers.
const LISTED: usize = 400;
const MINUTE: Duration = Duration::from_secs(60);
/// How long a notice is told.
const TOLD_FOR: Duration = Duration::from_secs(24 * 3600);
/// Most devices that are remembered.
const MOST_DEVICES: usize = 1024;
/// Most notices that are kept.
const MOST_NOTICES: usize = 32;

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

#[derive(Default)]
struct Counts {
    open: usize,
    devices: HashMap<IpAddr, Device>,
    notices: Vec<(Instant, Notice)>,
    refused: u64,
}

/// What one device has taken.
struct Device {
    open: usize,
    /// Requests that it may still send, and when that was counted.
    left: f64,
    counted: Instant,
    /// As hashes: what a stranger calls a title may be as long as a request.
    titles: Vec<(Instant, u64)>,
    listed: Vec<(Instant, u64)>,
}

/// Something unusual that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Crowded {
    #[error(
        "this device is sent {0} streams already: stop one of them, or raise limits.streams_per_device"
    )]
    Device(usize),
    #[error("{0} streams are being sent already: stop one of them, or raise limits.streams_total")]
    Total(usize),
    #[error(
        "this device sends more than {0} requests a second: slow down, or raise limits.requests_per_second"
    )]
    Requests(u32),
    #[error("this device opens more than {0} titles in a minute: wait a minute, then open one")]
    Titles(usize),
}

impl Crowded {
    const fn retry_after_s(self) -> u32 {
        match self {
            Self::Device(_) | Self::Total(_) => 5,
            Self::Requests(_) => 1,
            Self::Titles(_) => 60,
        }
    }
}

impl IntoResponse for Crowded {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Device(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_streams"),
            Self::Total(_) => (StatusCode::SERVICE_UNAVAILABLE, "too_many_streams"),
            Self::Requests(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Titles(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_titles"),
        };
        let head = [
            (header::RETRY_AFTER, self.retry_after_s().to_string()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (head, ApiError::new(status, code, self.to_string())).into_response()
    }
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

impl Counts {
    fn device(&mut self, device: IpAddr, caps: Caps) -> &mut Device {
        if self.devices.len() >= MOST_DEVICES && !self.devices.contains_key(&device) {
            // Whoever was not heard of for a minute has saved up everything again.
            self.devices.retain(|_, row| row.open > 0 || row.counted.elapsed() < MINUTE);
            if self.devices.len() >= MOST_DEVICES {
                self.devices.retain(|_, row| row.open > 0);
            }
        }
        let fresh = || Device {
            open: 0,
            left: saved(caps),
            counted: Instant::now(),
            titles: Vec::new(),
            listed: Vec::new(),
        };
        self.devices.entry(device).or_insert_with(fresh)
    }

    fn note(&mut self, notice: Notice) {
        let known: HashSet<&String> = self.notices.iter().map(|row| &row.1.message).collect();
        if !known.contains(&notice.message) {
            tracing::warn!(code = notice.code, "{}", notice.message);
        }
        self.notices.retain(|row| row.1 != notice);
        self.notices.push((Instant::now(), notice));
        let surplus = self.notices.len().saturating_sub(MOST_NOTICES);
        self.notices.drain(..surplus);
    }
}

fn saved(caps: Caps) -> f64 {
    (f64::from(caps.requests_per_second) * SAVED).max(LEAST_SAVED)
}

/// One device of a house: an IPv6 device has many addresses in one network.
fn household(device: IpAddr) -> IpAddr {
    match device.to_canonical() {
        IpAddr::V6(ip) if ip.segments()[0] & 0xe000 == 0x2000 => {
            Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into()
        }
        ip => ip,
    }
}

/// The right to one body; given up when dropped.
struct Place {
    limits: Limits,
    device: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.limits.counts();
        counts.open -= 1;
        if let Some(row) = counts.devices.get_mut(&self.device) {
            row.open -= 1;
        }
        drop(counts);
        self.limits.0.freed.notify_waiters();
    }
}

/// A body that holds its place until it is sent, or dropped.
struct Held {
    body: Body,
    _place: Place,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
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
mod tests {
    use super::*;

    const CAPS: Caps = Caps { streams_per_device: 2, streams_total: 3, requests_per_second: 2 };

    fn device(last: u8) -> IpAddr {
        [192, 168, 1, last].into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_and_free_when_its_body_ends() {
        let limits = Limits::new(CAPS);
        let one = limits.admit(device(1)).await.unwrap_or_else(|_| panic!());
        let _two = limits.admit(device(1)).await.unwrap_or_else(|_| panic!());
        assert_eq!(limits.admit(device(1)).await.err(), Some(Crowded::Device(2)));
        let _other = limits.admit(device(2)).await.unwrap_or_else(|_| panic!());
        assert_eq!(limits.admit(device(3)).await.err(), Some(Crowded::Total(3)));
        let leaves = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(one);
        };
        let (come_again, ()) = tokio::join!(limits.admit(device(1)), leaves);
        assert!(come_again.is_ok());
        assert_eq!(limits.open(), 3);
        drop(come_again);
        assert_eq!(limits.open(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_saved_up_and_come_again_with_time() {
        let limits = Limits::new(CAPS);
        for _ in 0..20 {
            limits.request(device(1)).unwrap();
        }
        assert_eq!(limits.request(device(1)), Err(Crowded::Requests(2)));
        limits.request(device(2)).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        limits.request(device(1)).unwrap();
        limits.request(device(1)).unwrap();
        assert!(limits.request(device(1)).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_opens_title_after_title_is_noticed() {
        let limits = Limits::new(CAPS);
        for title in 1..TITLES {
            limits.opens(device(1), &title.to_string()).unwrap();
            limits.opens(device(1), "the same again and again").unwrap();
        }
        assert_eq!(limits.opens(device(1), "one more"), Err(Crowded::Titles(TITLES)));
        assert_eq!(limits.opens(device(1), "and another"), Err(Crowded::Titles(TITLES)));
        let notices = limits.notices();
        assert_eq!((notices.len(), notices[0].code), (1, "many_titles"));
        limits.opens(device(2), "one more").unwrap();
        // What was chosen before is counted by itself, and generously.
        for key in 0..LISTED {
            limits.follows(device(1), &key.to_string()).unwrap();
        }
        assert_eq!(limits.follows(device(1), "one more"), Err(Crowded::Titles(LISTED)));
        tokio::time::advance(Duration::from_secs(61)).await;
        limits.opens(device(1), "one more").unwrap();
        tokio::time::advance(TOLD_FOR).await;
        assert!(limits.notices().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_device() {
        let one: IpAddr = "2a02:8108:1:2:aaaa::1".parse().unwrap();
        let other: IpAddr = "2a02:8108:1:2:bbbb::9".parse().unwrap();
        let neighbour: IpAddr = "2a02:8108:1:3::1".parse().unwrap();
        assert_eq!(household(one), household(other));
        assert_ne!(household(one), household(neighbour));
        assert_eq!(household("::ffff:192.168.1.9".parse().unwrap()), device(9));
        assert_ne!(
            household("fd00::1".parse().unwrap()),
            household("fd00::2".parse().unwrap()),
            "in the house each is its own"
        );
    }
}
