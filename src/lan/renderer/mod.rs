//! "Play on TV": the household's renderers are found, told what to show, and led, by UPnP
//! (MediaRenderer:1 with AVTransport:1 and RenderingControl:1) or as Google Cast receivers. The set
//! fetches the film from us as it would by itself.
//!
//! Nothing a renderer says is believed beyond its own address: what it is asked lies on the machine
//! and port that answered the search.

mod apart;
mod cast;
mod control;
mod description;
mod film;
mod search;
mod upnp;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::Instant;

pub use film::{Film, Track};

use self::cast::Cast;
use self::upnp::Upnp;
use super::Links;
use crate::fetch::Client;

/// How long a renderer is remembered that was not found again: sets sleep.
const REMEMBERED: Duration = Duration::from_secs(3600);
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
    /// It has not answered yet what it was told before.
    #[error("{name} is busy with what it was told before; try again in a moment")]
    Busy {
        /// Its name.
        name: String,
    },
    /// It shows no film of ours that could be led.
    #[error("{name} shows nothing of ours; play something on it first")]
    Nothing {
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
    /// It is on a link on which this server does not listen.
    #[error(
        "{name} cannot fetch from this server, which does not listen there; let server.listen be 0.0.0.0 with the same port"
    )]
    Unheard {
        /// Its name.
        name: String,
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
    way: Way,
    seen: Instant,
}

/// How a set is led.
#[derive(Clone)]
enum Way {
    Upnp(Box<Upnp>),
    Cast(Cast),
}

impl Way {
    /// As people know it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Upnp(_) => "DLNA",
            Self::Cast(_) => "Cast",
        }
    }

    /// The same way to the same set, found again.
    fn after(self, before: Option<&Known>) -> Self {
        match (self, before.map(|known| &known.way)) {
            (Self::Cast(set), Some(Self::Cast(before))) => Self::Cast(set.after(before)),
            (way, _) => way,
        }
    }
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
        let by_upnp = async {
            let locations = search::locations(&self.0.links).await;
            join_all(locations.iter().map(|at| upnp::describe(&self.0.client, at))).await
        };
        let (by_upnp, by_cast) = tokio::join!(by_upnp, cast::look(&self.0.links));
        let by_upnp =
            by_upnp.into_iter().flatten().map(|(one, set)| (one, Way::Upnp(Box::new(set))));
        let by_cast = by_cast.into_iter().map(|(one, set)| (one, Way::Cast(set)));
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, one| one.seen.elapsed() < REMEMBERED);
        let mut found: Vec<(Renderer, Way)> = by_upnp.chain(by_cast).collect();
        found.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        found.dedup_by(|(a, _), (b, _)| a.id == b.id);
        apart::tell(found.iter_mut().map(|(one, way)| (one, way.name())));
        let mut renderers = Vec::new();
        for (renderer, way) in found {
            renderers.push(renderer.clone());
            let way = way.after(known.get(&renderer.id));
            let (id, seen) = (renderer.id.clone(), Instant::now());
            known.insert(id, Known { renderer, way, seen });
        }
        renderers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        renderers
    }

    /// A renderer that was found.
    pub fn get(&self, id: &str) -> Result<Renderer, Error> {
        self.known(id).map(|known| known.renderer)
    }

    /// What a set says of itself, for the table of sets: `Google Cast` where it is led so, whatever set
    /// that is in; its name; its maker and model.
    pub fn said(&self, id: &str) -> Result<[String; 3], Error> {
        let Known { renderer, way, .. } = self.known(id)?;
        let way = if matches!(way, Way::Cast(_)) { "Google Cast" } else { "" };
        Ok([way.to_owned(), renderer.name, renderer.model])
    }

    /// Our own address on the link to it: where it is to fetch the film.
    pub fn own_address_for(&self, id: &str) -> Result<IpAddr, Error> {
        let renderer = self.get(id)?;
        let (own, name) = (self.0.links.local_for(renderer.address), renderer.name);
        let on_link = self.0.links.is_on_link(renderer.address);
        own.ok_or(if on_link { Error::Unheard { name } } else { Error::Away { name } })
    }

    /// Has it show a film, from where `film` says.
    pub async fn show(&self, id: &str, film: &Film) -> Result<(), Error> {
        match self.known(id)?.way {
            Way::Upnp(set) => set.show(film).await,
            Way::Cast(set) => set.show(film).await,
        }
    }

    /// Tells it something.
    pub async fn tell(&self, id: &str, command: Command) -> Result<(), Error> {
        match self.known(id)?.way {
            Way::Upnp(set) => set.tell(command).await,
            Way::Cast(set) => set.tell(command).await,
        }
    }

    /// How far it is.
    pub async fn standing(&self, id: &str) -> Result<Standing, Error> {
        match self.known(id)?.way {
            Way::Upnp(set) => set.standing().await,
            Way::Cast(set) => set.standing().await,
        }
    }

    fn known(&self, id: &str) -> Result<Known, Error> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).cloned().ok_or_else(|| Error::Unknown { id: id.chars().take(64).collect() })
    }
}
