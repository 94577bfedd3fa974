//! SSDP: how a television's own player finds the server (UPnP Device Architecture 1.0, section 1).
//!
//! IPv4 alone: players that were tried cannot use a link-local IPv6 address. Whoever is not near gets
//! no byte, and nobody gets more answers than a household asks for: a search is smaller than its
//! answers, and its sender is only claimed.

mod datagram;
mod message;
mod pace;
mod socket;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use datagram::Datagram;
pub use message::Announced;

use self::message::{MAX_AGE_S, Search};
use self::pace::Pace;
use super::Links;

/// Where everybody asks and tells (UDA 1.0, section 1).
pub(super) const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 1900);
/// How often the announcement is repeated: it is believed for half an hour.
const REPEAT: Duration = Duration::from_secs(300);
// UDA 1.0, 1.1.2: before half of that time is over, since datagrams are lost.
const _: () = assert!(REPEAT.as_secs() * 2 <= MAX_AGE_S as u64);
/// How often it is looked whether an address came or went.
const LOOK: Duration = Duration::from_secs(3);
/// Between a goodbye and the greeting, and between two greetings.
const BREATH: Duration = Duration::from_millis(100);
/// Most searches that wait for their answer.
const WAITING: usize = 64;
/// The longest search that is read; honest ones have some 150 bytes.
const LONGEST: usize = 2048;
/// A stop takes no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why televisions cannot find the server by themselves.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be had.
    #[error(
        "televisions cannot find this server, since UDP port 1900 cannot be used ({0}): stop the \
         media server that has it, or set lan.upnp to false"
    )]
    Port(#[from] io::Error),
}

/// We, as televisions find us. Ends with [`stop`](Self::stop).
#[derive(Debug)]
pub struct Ssdp {
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Ssdp {
    /// Announces `device` on every address that leads to the household (or on `only` one), now and as
    /// addresses come and go, and answers searches, until stopped.
    pub fn start(
        device: Announced,
        only: Option<Ipv4Addr>,
        links: Links,
        tasks: &TaskTracker,
    ) -> Result<Self, Error> {
        let stop = CancellationToken::new();
        let voice = Voice {
            listener: socket::listener()?,
            device,
            only,
            links,
            speakers: BTreeMap::new(),
            pace: Pace::default(),
            waiting: Arc::new(Semaphore::new(WAITING)),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        let ended = tasks.spawn(voice.speak());
        Ok(Self { stop, ended })
    }

    /// Says goodbye, so that sets take the server from their lists at once.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = timeout(PATIENCE, self.ended).await;
    }
}

struct Voice {
    listener: UdpSocket,
    device: Announced,
    only: Option<Ipv4Addr>,
    links: Links,
    speakers: BTreeMap<Ipv4Addr, Arc<UdpSocket>>,
    pace: Pace,
    waiting: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Voice {
    async fn speak(mut self) {
        let mut look = interval(LOOK);
        let mut repeat = interval_at(Instant::now() + REPEAT, REPEAT);
        for beat in [&mut look, &mut repeat] {
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let stop = self.stop.clone();
        let mut datagram = [0; LONGEST];
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = look.tick() => self.follow_addresses().await,
                _ = repeat.tick() => self.repeat().await,
                heard = self.listener.recv_from(&mut datagram) => match heard {
                    Ok((len, from)) => self.hear(&datagram[..len], from),
                    // Such as a full table of the kernel's: waiting is all there is to do.
                    Err(error) => {
                        tracing::debug!(%error, "a search could not be read");
                        sleep(BREATH).await;
                    }
                },
            }
        }
        for speaker in self.speakers.values() {
            say(speaker, &self.device.byebye()).await;
        }
    }

    /// Greets on addresses that came. One that went can say nothing more; a set that still has it
    /// hears the greeting from the new one.
    async fn follow_addresses(&mut self) {
        let links = self.links.of_household();
        let v4 = links.iter().filter_map(|link| match link.address() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        });
        let now: Vec<Ipv4Addr> = v4.filter(|ip| self.only.is_none_or(|only| only == *ip)).collect();
        let gone: Vec<Ipv4Addr> =
            self.speakers.keys().filter(|ip| !now.contains(ip)).copied().collect();
        for ip in gone {
            self.speakers.remove(&ip);
            // The kernel has left the group with the address.
            let _ = self.listener.leave_multicast_v4(*GROUP.ip(), ip);
            tracing::debug!(%ip, "the media server is not announced here any more");
        }
        for ip in now {
            if !self.speakers.contains_key(&ip)
                && let Err(error) = self.greet(ip).await
            {
                tracing::debug!(%ip, %error, "the media server cannot be announced here yet");
            }
        }
    }

    async fn greet(&mut self, ip: Ipv4Addr) -> io::Result<()> {
        let speaker = Arc::new(socket::speaker(ip)?);
        self.join(ip)?;
        self.speakers.insert(ip, Arc::clone(&speaker));
        // Who knew us from before shall forget what it knew.
        say(&speaker, &self.device.byebye()).await;
        for _ in 0..2 {
            sleep(BREATH).await;
            say(&speaker, &self.device.alive(ip)).await;
        }
        tracing::info!(%ip, "the media server is announced to televisions");
        Ok(())
    }

    fn join(&self, ip: Ipv4Addr) -> io::Result<()> {
        match self.listener.join_multicast_v4(*GROUP.ip(), ip) {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => Err(error),
            _ => Ok(()),
        }
    }

    async fn repeat(&self) {
        for (ip, speaker) in &self.speakers {
            // An interface that was away for a moment has forgotten the group.
            let _ = self.listener.leave_multicast_v4(*GROUP.ip(), *ip);
            let _ = self.join(*ip);
            say(speaker, &self.device.alive(*ip)).await;
        }
    }

    /// The address that whoever asks reaches us by. A subnet behind a router is answered from the
    /// only one that there is, or not at all: multicast seldom passes a router.
    fn speaker_for(&self, who: IpAddr) -> Option<(Ipv4Addr, Arc<UdpSocket>)> {
        let own = match self.links.local_for(who) {
            Some(IpAddr::V4(own)) => own,
            None if self.speakers.len() == 1 => *self.speakers.keys().next()?,
            Some(IpAddr::V6(_)) | None => return None,
        };
        Some((own, Arc::clone(self.speakers.get(&own)?)))
    }

    fn hear(&mut self, datagram: &[u8], from: SocketAddr) {
        let (Some(search), SocketAddr::V4(from)) = (Search::read(datagram), from) else { return };
        let who = IpAddr::V4(*from.ip());
        if !self.links.is_near(who) || !self.pace.allows(who) {
            return;
        }
        let Some((own, speaker)) = self.speaker_for(who) else { return };
        let answers = self.device.answers(&search, own);
        if answers.is_empty() {
            return;
        }
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else { return };
        let answering = answer(speaker, answers, from, search.within, place);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = answering => {}
            }
        });
    }
}

/// Sends the answers at random times within `within`, so that a house full of devices does not
/// answer all at once.
async fn answer(
    speaker: Arc<UdpSocket>,
    answers: Vec<String>,
    to: SocketAddrV4,
    within: Duration,
    _place: OwnedSemaphorePermit,
) {
    let begun = Instant::now();
    let mut times: Vec<Duration> = answers.iter().map(|_| within.mul_f64(chance())).collect();
    times.sort_unstable();
    for (text, time) in answers.iter().zip(times) {
        tokio::time::sleep_until(begun + time).await;
        if let Err(error) = speaker.send_to(text.as_bytes(), SocketAddr::V4(to)).await {
            tracing::debug!(%error, "an answer to a search was not sent");
        }
    }
}

/// Between 0 and 0.9: the last answer shall be there before the search ends.
fn chance() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness all come at once, which does no harm.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX) * 0.9
}

async fn say(speaker: &UdpSocket, texts: &[String]) {
    for text in texts {
        if let Err(error) = speaker.send_to(text.as_bytes(), GROUP).await {
            tracing::debug!(%error, "an announcement was not sent");
            return;
        }
    }
}
