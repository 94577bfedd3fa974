//! "Play on TV": the household's renderers are found, told what to show, and led (UPnP MediaRenderer:1
//! with AVTransport:1 and RenderingControl:1). The set fetches the film from us as it would by itself.
//!
//! Nothing a renderer says is believed beyond its own address: what it is asked lies on the machine
//! and port that answered the search.

mod control;
mod description;
mod film;
mod search;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::Instant;
use url::Url;

pub use film::Film;

use self::control::{At, Given, call, clock, loudest, seconds};
use self::description::Description;
use super::Links;
use crate::fetch::{Client, Request};
use crate::xml;

/// A description is small, and its sender near.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a renderer is remembered that was not found again: sets sleep.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// How long a set may take to begin before it is asked to seek: many refuse to before.
const BEGINNING: Duration = Duration::from_secs(15);
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(500);
/// Volumes are from 0 to this where a set does not tell otherwise.
const USUAL_LOUDEST: u32 = 100;

/// Why a set does not do what it is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// None is called so.
    #[error("no television called {id} was found; look for televisions again")]
    Unknown {
        /// What was asked.
        id: String,
    },
    /// It gives no answer.
    #[error("{name} does not answer; switch it on, then look for televisions again")]
    Away {
        /// Its name.
        name: String,
    },
    /// It answers that it will not.
    #[error("{name} refuses {action} ({why}); try another release, or play it on the set itself")]
    Refused {
        /// Its name.
        name: String,
        /// What it was told to do, as the standard calls it.
        action: &'static str,
        /// Its own words.
        why: String,
    },
    /// It has no volume that could be set.
    #[error("the volume of {name} cannot be set from here; use its remote control")]
    NoVolume {
        /// Its name.
        name: String,
    },
}

/// A set that can be told to play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renderer {
    /// Its name for machines.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its maker and model.
    pub model: String,
    /// Where it is.
    pub address: IpAddr,
}

/// What a set is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// To go on.
    Play,
    /// To wait.
    Pause,
    /// To end.
    Stop,
    /// To go there, in seconds from the beginning.
    Seek(u64),
    /// So loud, in percent.
    Volume(u8),
}

/// What a set is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum State {
    Playing,
    Paused,
    Stopped,
    Waiting,
    Nothing,
}

/// How far a set is. What it does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// What it is doing.
    pub state: State,
    /// Where the picture stands, in seconds.
    pub position_s: Option<f64>,
    /// How long the film is, in seconds.
    pub duration_s: Option<f64>,
    /// How loud it is, in percent.
    pub volume: Option<u8>,
    /// What it shows, by the address that it was given.
    pub url: Option<String>,
}

/// The household's renderers. Clones share what was found.
#[derive(Clone)]
pub struct Renderers(Arc<Inner>);

struct Inner {
    client: Client,
    links: Links,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    renderer: Renderer,
    description: Description,
    client: Client,
    loudest: u32,
    seen: Instant,
}

impl fmt::Debug for Renderers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderers").finish_non_exhaustive()
    }
}

impl Renderers {
    /// None is known before somebody looks.
    #[must_use]
    pub fn new(client: Client, links: Links) -> Self {
        Self(Arc::new(Inner { client, links, known: Mutex::default() }))
    }

    /// Looks for renderers on every link of the household, which takes about two seconds, and gives
    /// those that answer, by name.
    pub async fn look(&self) -> Vec<Renderer> {
        let locations = search::locations(&self.0.links).await;
        let found = join_all(locations.iter().map(|at| self.describe(at))).await;
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, one| one.seen.elapsed() < REMEMBERED);
        let mut renderers = Vec::new();
        for one in found.into_iter().flatten() {
            renderers.push(one.renderer.clone());
            known.insert(one.renderer.id.clone(), one);
        }
        renderers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        renderers.dedup();
        renderers
    }

    async fn describe(&self, at: &Url) -> Option<Known> {
        let client = self.0.client.to_named(at).ok()?;
        let answer = client.send(Request::get(at.clone()).within(PATIENCE)).await.ok()?;
        let description = description::read(&xml::text(answer.success().ok()?), at)?;
        let loudest = match description.rendering.as_ref().and_then(|one| one.description.clone()) {
            Some(url) => volume_range(&client, url).await,
            None => None,
        };
        let renderer = Renderer {
            id: description.id.clone(),
            name: description.name.clone(),
            model: description.model.clone(),
            address: at.host_str()?.parse().ok()?,
        };
        let loudest = loudest.unwrap_or(USUAL_LOUDEST);
        Some(Known { renderer, description, client, loudest, seen: Instant::now() })
    }

    /// A renderer that was found.
    pub fn get(&self, id: &str) -> Result<Renderer, Error> {
        self.known(id).map(|known| known.renderer)
    }

    /// Our own address on the link to it: where it is to fetch the film.
    pub fn own_address_for(&self, id: &str) -> Result<IpAddr, Error> {
        let renderer = self.get(id)?;
        let own = self.0.links.local_for(renderer.address);
        own.ok_or(Error::Away { name: renderer.name })
    }

    /// Has it show a film, from where `film` says.
    pub async fn show(&self, id: &str, film: &Film) -> Result<(), Error> {
        let known = self.known(id)?;
        let sink = known.sink().await;
        let didl = film.didl(film.spelled(&sink));
        let address = [("CurrentURI", film.url.as_str()), ("CurrentURIMetaData", didl.as_str())];
        if let Err(Error::Refused { .. }) = known.transport("SetAVTransportURI", &address).await {
            // Some take nothing new before the old has ended.
            let _ = known.transport("Stop", &[]).await;
            known.transport("SetAVTransportURI", &address).await?;
        }
        known.play().await?;
        if let Some(begin) = film.begin_s.filter(|begin| *begin > 0) {
            known.seek_once_it_plays(begin).await;
        }
        Ok(())
    }

    /// Tells it something.
    pub async fn tell(&self, id: &str, command: Command) -> Result<(), Error> {
        let known = self.known(id)?;
        match command {
            Command::Play => known.play().await,
            Command::Pause => known.transport("Pause", &[]).await.map(drop),
            Command::Stop => known.transport("Stop", &[]).await.map(drop),
            Command::Seek(to) => known.seek(to).await,
            Command::Volume(percent) => known.set_volume(percent).await,
        }
    }

    /// How far it is.
    pub async fn standing(&self, id: &str) -> Result<Standing, Error> {
        let known = self.known(id)?;
        let info = known.transport("GetTransportInfo", &[]).await?;
        let position = known.transport("GetPositionInfo", &[]).await?;
        let told = |key: &str| position.get(key).map(String::as_str);
        Ok(Standing {
            state: state(info.get("currenttransportstate").map_or("", String::as_str)),
            position_s: told("reltime").and_then(seconds),
            duration_s: told("trackduration").and_then(seconds).filter(|whole| *whole > 0.0),
            volume: known.volume().await,
            url: told("trackuri").filter(|url| !url.is_empty()).map(str::to_owned),
        })
    }

    fn known(&self, id: &str) -> Result<Known, Error> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).cloned().ok_or_else(|| Error::Unknown { id: id.chars().take(64).collect() })
    }
}

async fn volume_range(client: &Client, at: Url) -> Option<u32> {
    let answer = client.send(Request::get(at).within(PATIENCE)).await.ok()?;
    loudest(&xml::text(answer.success().ok()?))
}

fn state(text: &str) -> State {
    match text {
        "PLAYING" => State::Playing,
        "PAUSED_PLAYBACK" => State::Paused,
        "TRANSITIONING" => State::Waiting,
        "NO_MEDIA_PRESENT" => State::Nothing,
        _ => State::Stopped,
    }
}

impl Known {
    async fn call(
        &self,
        at: At<'_>,
        action: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<Given, Error> {
        call(&self.client, &self.renderer.name, at, action, arguments).await
    }

    async fn transport(
        &self,
        action: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<Given, Error> {
        self.call(At::Transport(&self.description.transport), action, arguments).await
    }

    async fn play(&self) -> Result<(), Error> {
        self.transport("Play", &[("Speed", "1")]).await.map(drop)
    }

    async fn seek(&self, to: u64) -> Result<(), Error> {
        let to = clock(to);
        self.transport("Seek", &[("Unit", "REL_TIME"), ("Target", to.as_str())]).await.map(drop)
    }

    /// A set that does not begin in time, or cannot seek, shows the film from its beginning.
    async fn seek_once_it_plays(&self, to: u64) {
        let end = Instant::now() + BEGINNING;
        while Instant::now() < end {
            let Ok(info) = self.transport("GetTransportInfo", &[]).await else { return };
            let state = state(info.get("currenttransportstate").map_or("", String::as_str));
            if state == State::Playing && self.seek(to).await.is_ok() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it says it plays; nothing where it does not say.
    async fn sink(&self) -> String {
        let Some(manager) = &self.description.manager else { return String::new() };
        let given = self.call(At::Manager(manager), "GetProtocolInfo", &[]).await;
        given.ok().and_then(|mut given| given.remove("sink")).unwrap_or_default()
    }

    async fn volume(&self) -> Option<u8> {
        let at = At::Rendering(&self.description.rendering.as_ref()?.control);
        let given = self.call(at, "GetVolume", &[("Channel", "Master")]).await.ok()?;
        let volume: u32 = given.get("currentvolume")?.parse().ok()?;
        u8::try_from(volume.min(self.loudest) * 100 / self.loudest).ok()
    }

    async fn set_volume(&self, percent: u8) -> Result<(), Error> {
        let none = || Error::NoVolume { name: self.renderer.name.clone() };
        let rendering = self.description.rendering.as_ref().ok_or_else(none)?;
        let volume = (u32::from(percent.min(100)) * self.loudest).div_ceil(100).to_string();
        let wanted = [("Channel", "Master"), ("DesiredVolume", volume.as_str())];
        self.call(At::Rendering(&rendering.control), "SetVolume", &wanted).await.map(drop)
    }
}
