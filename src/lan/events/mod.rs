//! Telling televisions that the list has changed (GENA; UDA 1.0, section 4).
//!
//! A subscription names an address that we shall connect to. It counts only where that is the
//! subscriber's own, by its socket: else anybody could have us knock at others' doors (`CallStranger`,
//! CVE-2020-12695). Nothing is connected to before the subscriber has its answer: an LG waits for that
//! with every folder it opens.

mod notify;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::notify::Callback;
use super::Links;
use super::content_directory::{Service, changes};

/// Most subscriptions, and most of one device.
const MOST: usize = 20;
const MOST_OF_ONE: usize = 6;
/// How long a subscription lasts; a set renews it before.
pub const LASTS: Duration = Duration::from_secs(300);
/// Before the first word: the answer to the subscription shall be there first.
const FIRST: Duration = Duration::from_millis(150);
/// Between two words of one subscription, so that a film that arrives is not told of piece by piece
/// (ContentDirectory:1, table 2: at most one each 2 s).
const MODERATION: Duration = Duration::from_secs(2);
/// A subscriber that cannot be told so often has gone.
const PATIENCE: u32 = 3;

/// Why there is no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No address to call back that is the subscriber's own.
    NoCallback,
    /// No subscription has this name.
    Unknown,
    /// There are too many.
    Full,
}

/// Who wants to be told. Clones are one.
#[derive(Clone)]
pub struct Subscriptions(Arc<Inner>);

struct Inner {
    links: Links,
    updates: watch::Receiver<u32>,
    /// Added to the list's number.
    begins: u32,
    tasks: TaskTracker,
    stop: CancellationToken,
    rows: Mutex<HashMap<String, Row>>,
}

struct Row {
    service: Service,
    device: IpAddr,
    ends: watch::Sender<Instant>,
    /// Ends the task that tells.
    _telling: DropGuard,
}

impl Subscriptions {
    /// None so far. `updates` is the list's number, which is told with `begins` added: it has to
    /// grow from one start of the program to the next, since a set that kept a list believes it for as
    /// long as the number is the one that came with it (ContentDirectory:1, 2.5.1). What tells of it
    /// runs on `tasks` until `stop`.
    #[must_use]
    pub fn new(
        links: Links,
        (updates, begins): (watch::Receiver<u32>, u32),
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner { links, updates, begins, tasks, stop, rows: Mutex::default() }))
    }

    /// The list's number.
    #[must_use]
    pub fn update_id(&self) -> u32 {
        self.0.begins.wrapping_add(*self.0.updates.borrow())
    }

    /// Subscribes the device at `peer`, which gave `callback` (`<http://…>`, one or several). The
    /// answer is the subscription's name.
    pub fn subscribe(
        &self,
        service: Service,
        peer: IpAddr,
        callback: &str,
    ) -> Result<String, Refused> {
        let device = peer.to_canonical();
        let near = self.0.links.is_near(device);
        let own = |callback: &Callback| near && callback.address.ip().to_canonical() == device;
        let callback = Callback::read(callback).find(own).ok_or(Refused::NoCallback)?;
        let mut rows = self.rows();
        let now = Instant::now();
        rows.retain(|_, row| *row.ends.borrow() > now);
        let of_device = rows.iter().filter(|(_, row)| row.device == device);
        let oldest = of_device.clone().min_by_key(|(_, row)| *row.ends.borrow());
        // A set that was switched off has forgotten its subscriptions, and makes new ones.
        let oldest =
            oldest.map(|(sid, _)| sid.clone()).filter(|_| of_device.count() >= MOST_OF_ONE);
        if let Some(oldest) = oldest {
            rows.remove(&oldest);
        }
        if rows.len() >= MOST {
            return Err(Refused::Full);
        }
        let sid = name().ok_or(Refused::Full)?;
        let (ends, until) = watch::channel(now + LASTS);
        let telling = self.0.stop.child_token();
        rows.insert(
            sid.clone(),
            Row { service, device, ends, _telling: telling.clone().drop_guard() },
        );
        let teller = Teller {
            subscriptions: self.clone(),
            sid: sid.clone(),
            service,
            callback,
            until,
            telling,
        };
        self.0.tasks.spawn(teller.tell());
        Ok(sid)
    }

    /// Renews a subscription of this device.
    pub fn renew(&self, service: Service, peer: IpAddr, sid: &str) -> Result<(), Refused> {
        let now = Instant::now();
        let rows = self.rows();
        let row = rows.get(sid).filter(|row| {
            row.service == service && row.device == peer.to_canonical() && *row.ends.borrow() > now
        });
        row.ok_or(Refused::Unknown)?.ends.send_replace(now + LASTS);
        Ok(())
    }

    /// Ends a subscription of this device.
    pub fn unsubscribe(&self, service: Service, peer: IpAddr, sid: &str) -> Result<(), Refused> {
        let mut rows = self.rows();
        let own = rows
            .get(sid)
            .is_some_and(|row| row.service == service && row.device == peer.to_canonical());
        if !own {
            return Err(Refused::Unknown);
        }
        rows.remove(sid);
        Ok(())
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<String, Row>> {
        self.0.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that nobody guesses: a UUID of version 4 (RFC 9562, 5.4).
fn name() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    Some(format!("uuid:{}", super::uuid::text(&bytes)))
}

/// Tells one subscriber.
struct Teller {
    subscriptions: Subscriptions,
    sid: String,
    service: Service,
    callback: Callback,
    until: watch::Receiver<Instant>,
    telling: CancellationToken,
}

impl Teller {
    async fn tell(mut self) {
        let telling = self.telling.clone();
        tokio::select! {
            () = telling.cancelled() => {}
            () = self.go_on() => {
                self.subscriptions.rows().remove(&self.sid);
            }
        }
    }

    /// Until the subscription has ended or its subscriber has gone.
    async fn go_on(&mut self) {
        let mut updates = self.subscriptions.0.updates.clone();
        let (mut sequence, mut failures) = (0_u32, 0);
        sleep(FIRST).await;
        loop {
            updates.mark_unchanged();
            let body = changes(self.service, self.subscriptions.update_id());
            match self.callback.notify(&self.sid, sequence, &body).await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    tracing::debug!(to = %self.callback.address, %error, "a set was not told");
                    if failures == PATIENCE {
                        return;
                    }
                }
            }
            // 0 is the first word's alone (UDA 1.0, 4.2.1).
            sequence = sequence.checked_add(1).unwrap_or(1);
            sleep(MODERATION).await;
            if !self.next_change(&mut updates).await {
                return;
            }
        }
    }

    /// Waits for news; `false` where the subscription has ended before.
    async fn next_change(&mut self, updates: &mut watch::Receiver<u32>) -> bool {
        let listens = self.service == Service::ContentDirectory;
        loop {
            let end = *self.until.borrow_and_update();
            tokio::select! {
                () = sleep_until(end) => return false,
                renewed = self.until.changed() => if renewed.is_err() { return false },
                news = updates.changed(), if listens && updates.has_changed().is_ok() => {
                    return news.is_ok();
                }
            }
        }
    }
}

/// The address to which a callback leads, for tests of what is refused.
#[cfg(test)]
fn led_to(callback: &str) -> Vec<std::net::SocketAddr> {
    Callback::read(callback).map(|callback| callback.address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriptions() -> Subscriptions {
        let (_, updates) = watch::channel(1);
        Subscriptions::new(
            Links::new(Vec::new()),
            (updates, 0),
            TaskTracker::new(),
            CancellationToken::new(),
        )
    }

    const SERVICE: Service = Service::ContentDirectory;

    #[tokio::test]
    async fn only_the_subscribers_own_address_is_called_back() {
        let subscriptions = subscriptions();
        let peer: IpAddr = "127.0.0.2".parse().unwrap();
        for (callback, expected) in [
            ("<http://127.0.0.2:9/e>", true),
            ("<http://127.0.0.3:9/e><http://127.0.0.2:9/e>", true),
            ("<http://127.0.0.3:9/e>", false),
            ("<https://127.0.0.2:9/e>", false),
            ("<http://localhost:9/e>", false),
            ("", false),
        ] {
            let answer = subscriptions.subscribe(SERVICE, peer, callback);
            assert_eq!(answer.is_ok(), expected, "{callback}");
        }
        // A far device may not even name itself.
        let far: IpAddr = "203.0.113.7".parse().unwrap();
        let refused = subscriptions.subscribe(SERVICE, far, "<http://203.0.113.7/e>");
        assert_eq!(refused, Err(Refused::NoCallback));
    }

    #[tokio::test]
    async fn a_device_has_a_few_subscriptions_and_all_together_twenty() {
        let subscriptions = subscriptions();
        for device in 1..=5_u8 {
            let peer = IpAddr::from([127, 0, 1, device]);
            let last = (0..9)
                .map(|_| subscriptions.subscribe(SERVICE, peer, &format!("<http://{peer}:9/e>")));
            let refused = last.filter(Result::is_err).count();
            assert_eq!(refused > 0, device >= 4, "{device}");
        }
        assert_eq!(subscriptions.rows().len(), MOST);
    }

    #[tokio::test]
    async fn a_subscription_is_renewed_and_ended_by_its_own_device_alone() {
        let subscriptions = subscriptions();
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let sid = subscriptions.subscribe(SERVICE, one, "<http://127.0.0.1:9/e>").unwrap();
        assert!(sid.starts_with("uuid:") && sid.len() == 41);
        assert_eq!(subscriptions.renew(SERVICE, one, &sid), Ok(()));
        assert_eq!(subscriptions.renew(SERVICE, other, &sid), Err(Refused::Unknown));
        assert_eq!(subscriptions.renew(Service::Registrar, one, &sid), Err(Refused::Unknown));
        assert_eq!(subscriptions.unsubscribe(SERVICE, other, &sid), Err(Refused::Unknown));
        assert_eq!(subscriptions.unsubscribe(SERVICE, one, &sid), Ok(()));
        assert_eq!(subscriptions.renew(SERVICE, one, &sid), Err(Refused::Unknown));
    }

    #[test]
    fn an_address_to_call_back_is_a_number() {
        let far = "<http://10.0.0.9/><http://10.0.0.9:80@10.0.0.1/><http://[fe80::1]:8/x> junk <x";
        let expected = ["10.0.0.9:80", "[fe80::1]:8"].map(|text| text.parse().unwrap());
        assert_eq!(led_to(far), expected);
    }
}
