//! A set that is led as a Google Cast receiver (CASTV2, by the crate `rust_cast`): Chromecast, and the
//! many sets that have it built in.

mod device;
mod line;
mod measured;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent};
use rust_cast::channels::media::{PlayerState, StatusEntry};
use rust_cast::channels::receiver::{Application, CastDeviceApp};
use tokio::time::{Instant, timeout_at};

use self::device::{Device, Said};
use self::line::{Broken, Line};
use super::{Command, Error, Film, Renderer, Standing, State};
use crate::lan::Links;

const SERVICE: &str = "_googlecast._tcp.local.";
/// How long receivers have to answer.
const LISTENING: Duration = Duration::from_secs(2);
/// Most receivers, and longest name, that are believed.
const MOST: usize = 32;
const LONGEST_NAME: usize = 80;

/// A receiver.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    name: String,
    at: SocketAddr,
    line: Line,
}

/// An engine of mDNS, which ends when nobody listens to it any more: dropped by itself it would go on,
/// on a thread of its own.
struct Ears(ServiceDaemon);

impl Drop for Ears {
    fn drop(&mut self) {
        let _ = self.0.shutdown();
    }
}

/// Looks for receivers, for about two seconds.
pub(super) async fn look(links: &Links) -> Vec<(Renderer, Cast)> {
    if links.of_household().is_empty() {
        return Vec::new();
    }
    match listen(links).await {
        Ok(found) => found.into_values().collect(),
        Err(error) => {
            tracing::debug!(%error, "receivers cannot be looked for");
            Vec::new()
        }
    }
}

async fn listen(links: &Links) -> Result<BTreeMap<String, (Renderer, Cast)>, mdns_sd::Error> {
    let ears = Ears(ServiceDaemon::new()?);
    ears.0.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
    let heard = ears.0.browse(SERVICE)?;
    let end = Instant::now() + LISTENING;
    let mut found = BTreeMap::new();
    while let Ok(Ok(event)) = timeout_at(end, heard.recv_async()).await {
        if let ServiceEvent::ServiceResolved(service) = event
            && let Some((renderer, set)) = receiver(&service, links)
            && found.len() < MOST
        {
            found.insert(renderer.id.clone(), (renderer, set));
        }
    }
    Ok(found)
}

/// What is told of a receiver; `fn` is its name, `md` its model, `id` what it is told apart by. Anybody
/// of the household can tell of an address: none of this machine is believed, since what listens there
/// is no television.
fn receiver(service: &ResolvedService, links: &Links) -> Option<(Renderer, Cast)> {
    let told = |key: &str| {
        let text = service.get_property_val_str(key).unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect::<String>()
    };
    let id: String = told("id").chars().filter(char::is_ascii_alphanumeric).collect();
    let addresses = service.get_addresses().iter().map(mdns_sd::ScopedIp::to_ip_addr);
    let another = |ip: &IpAddr| ip.is_ipv4() && links.is_on_link(*ip) && !links.is_own(*ip);
    let address = addresses.filter(another).min()?;
    let (name, model) = (told("fn"), told("md"));
    let name = if name.is_empty() { model.clone() } else { name };
    if id.is_empty() || name.is_empty() {
        return None;
    }
    let at = SocketAddr::new(address, service.get_port());
    let renderer = Renderer { id: format!("cast-{id}"), name: name.clone(), model, address };
    Some((renderer, Cast { name, at, line: Line::new() }))
}

impl Cast {
    /// The same set, found again: what is said to it waits for what was said to it before.
    pub(super) fn after(self, before: &Self) -> Self {
        Self { line: before.line.clone(), ..self }
    }

    /// Has it show a film, from where `film` says.
    pub(super) async fn show(&self, film: &Film) -> Result<(), Error> {
        let film = film.clone();
        self.talk("LOAD", move |device| {
            let player = match player(device)? {
                Some(player) => player,
                None => device.launch()?,
            };
            device.connection.connect(player.transport_id.as_str())?;
            device.load(&player, &film)
        })
        .await
    }

    pub(super) async fn tell(&self, command: Command) -> Result<(), Error> {
        let told = self.talk("a command", move |device| {
            if let Command::Volume(percent) = command {
                let level = f32::from(percent.min(100)) / 100.0;
                return device.receiver.set_volume(level).map(|_| true);
            }
            let Some((player, shown)) = playing(device)? else { return Ok(false) };
            let (to, session) = (player.transport_id.as_str(), shown.media_session_id);
            let told = match command {
                Command::Play => device.media.play(to, session).map(drop),
                Command::Pause => device.media.pause(to, session).map(drop),
                Command::Stop => device.media.stop(to, session).map(drop),
                Command::Seek(at) => {
                    device.media.seek(to, session, Some(rough(at)), None).map(drop)
                }
                Command::Volume(_) => Ok(()),
            };
            told.map(|()| true)
        });
        // What shows nothing has stopped.
        if told.await? || command == Command::Stop {
            return Ok(());
        }
        Err(Error::Nothing { name: self.name.clone() })
    }

    pub(super) async fn standing(&self) -> Result<Standing, Error> {
        self.talk("GET_STATUS", |device| {
            let volume = device.receiver.get_status()?.volume.level.map(percent);
            let shown = playing(device)?.map(|(_, shown)| shown);
            let media = shown.as_ref().and_then(|shown| shown.media.as_ref());
            Ok(Standing {
                state: shown.as_ref().map_or(State::Nothing, |shown| state(shown.player_state)),
                position_s: shown.as_ref().and_then(|shown| shown.current_time).map(f64::from),
                duration_s: media.and_then(|media| media.duration).map(f64::from),
                volume,
                url: media.map(|media| media.content_id.clone()),
            })
        })
        .await
    }

    /// Has `say` talk to it.
    async fn talk<T: Send + 'static>(
        &self,
        action: &'static str,
        say: impl FnOnce(&Device) -> Said<T> + Send + 'static,
    ) -> Result<T, Error> {
        let name = || self.name.clone();
        let host = self.at.ip();
        let said = self.line.talk(self.at, move |line| say(&Device::on(line, host)?));
        let said = said.await.map_err(|broken| match broken {
            Broken::Away => Error::Away { name: name() },
            Broken::Busy => Error::Busy { name: name() },
        })?;
        said.map_err(|error: rust_cast::errors::Error| {
            let why = error.to_string().chars().take(120).collect();
            Error::Refused { name: name(), action, why }
        })
    }
}

/// Its player, if that runs.
fn player(device: &Device) -> Said<Option<Application>> {
    let player = CastDeviceApp::DefaultMediaReceiver.to_string();
    let running = device.receiver.get_status()?.applications;
    Ok(running.into_iter().find(|one| one.app_id == player))
}

/// Its player, and what that shows.
fn playing(device: &Device) -> Said<Option<(Application, StatusEntry)>> {
    let Some(player) = player(device)? else { return Ok(None) };
    device.connection.connect(player.transport_id.as_str())?;
    let status = device.media.get_status(player.transport_id.as_str(), None)?;
    Ok(status.entries.into_iter().next().map(|shown| (player, shown)))
}

const fn state(state: PlayerState) -> State {
    match state {
        PlayerState::Playing => State::Playing,
        PlayerState::Paused => State::Paused,
        PlayerState::Buffering => State::Waiting,
        PlayerState::Idle => State::Stopped,
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a film")]
fn rough(seconds: u64) -> f32 {
    seconds as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 0 to 100")]
fn percent(level: f32) -> u8 {
    (level * 100.0).round().clamp(0.0, 100.0) as u8
}
