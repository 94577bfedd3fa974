//! What the handlers ask: the rooms below.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode};
use futures_util::future::BoxFuture;
use tokio_util::task::TaskTracker;

use super::dlna::beside::Beside;
use super::dlna::{MediaServer, claim};
use super::error::ApiError;
use super::following::Following;
use super::limits::Limits;
use super::probes::Probes;
use super::router::{Asks, MediaFinder};
use super::sets::{self, Sets};
use super::traffic::Traffic;
use crate::access::{Access, AddonKeys, LocalKey, MediaKeys, Switch};
use crate::appliance::Appliance;
use crate::lan::Links;
use crate::lan::renderer::Renderers;
use crate::mirror::Mirrors;
use crate::playback::{Play, Playback};
use crate::representation::{Representation, media_type_of};
use crate::select::Profile;
use crate::steward::words::Refusal;
use crate::torrent::InfoHash;

/// The rooms that are asked, built by `app`.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the room of its name")]
pub struct Rooms {
    pub playback: Arc<Playback>,
    pub mirrors: Mirrors,
    pub access: Arc<Access>,
    pub media_keys: Arc<MediaKeys>,
    pub stremio: StremioDoor,
    /// The owner's own address of this box, behind their reverse proxy.
    pub public_url: Option<String>,
    pub local_key: Arc<LocalKey>,
    pub appliance: Arc<Appliance>,
    /// Where people find this server.
    pub whereabouts: Arc<dyn Whereabouts>,
    pub tasks: TaskTracker,
    /// How much each device may take.
    pub limits: Limits,
    /// The household's televisions that can be told to play.
    pub renderers: Renderers,
    /// Who notes how far those are.
    pub following: Following,
    /// Who is of the household.
    pub links: Links,
    /// What televisions' own players browse; `None` where it is switched off.
    pub media_server: Option<MediaServer>,
    /// Which sets asked lately.
    pub sets: Sets,
    /// Who asks for the headers of what nobody has chosen.
    pub probes: Probes,
    /// What was asked, counted.
    pub traffic: Traffic,
    /// Whether the watch page asks who is watching.
    pub auth_required: bool,
    /// The box's name, for people.
    pub name: String,
}

/// What is Stremio's.
#[derive(Clone)]
pub struct StremioDoor {
    /// The add-on's keys.
    pub keys: Arc<AddonKeys>,
    /// Whether the streaming server for its apps is on.
    pub server: Switch,
    /// Where that listens.
    pub server_listen: SocketAddr,
    /// Whose pages may ask it, besides Stremio's.
    pub origins: Vec<String>,
}

/// Where people find this server.
pub trait Whereabouts: Send + Sync {
    /// Its addresses that others reach, as URLs.
    fn addresses(&self) -> Vec<String>;
    /// The same by name, where the name is announced.
    fn named(&self) -> Option<String>;
    /// The port of those addresses.
    fn port(&self) -> u16;
    /// What the owner should know of them.
    fn notice(&self) -> Option<Refusal>;
}

/// How long a set that asks for subtitles waits for them with the film's first bytes.
const A_MOMENT: Duration = Duration::from_millis(1500);

impl Rooms {
    /// What the owner should know of the machine, as far as it is known without asking.
    pub(super) fn notices(&self) -> Vec<Refusal> {
        self.appliance.notices().into_iter().chain(self.whereabouts.notice()).collect()
    }

    /// What `play --json` prints, with `link` making a whole address of a path.
    pub fn play_answer(&self, play: &Play, link: impl Fn(&str) -> String) -> serde_json::Value {
        let mut answer = serde_json::to_value(play).unwrap_or_default();
        answer["url"] = link(&format!("/v/{}", self.media_path(play))).into();
        answer
    }

    /// The bytes of a media id for who asks.
    pub(super) async fn media(
        &self,
        asks: Asks,
        media_id: &str,
    ) -> Result<Arc<dyn Representation>, crate::playback::Error> {
        if claim::is_meant(media_id) {
            return claim::bytes(self).ok_or(crate::playback::Error::UnknownMedia);
        }
        if asks.head {
            self.playback.unopened(media_id, asks.set).await
        } else {
            self.playback.representation_for(media_id, asks.set).await
        }
    }

    /// The path at which a player reads a file of a torrent without a cookie.
    pub(super) fn proxy_path(&self, info_hash: &InfoHash, file: Option<u32>) -> String {
        let key = self.media_keys.sign(&info_hash.to_string(), &proxied(file));
        let file = file.map(|file| format!("file={file}&")).unwrap_or_default();
        format!("/stream/proxy/{info_hash}?{file}key={key}")
    }

    /// Whether the key of such a path is this file's.
    pub(super) fn opens_proxy(&self, key: &str, info_hash: &InfoHash, file: Option<u32>) -> bool {
        let signed = self.media_keys.verify(key, &proxied(file));
        signed.is_some_and(|signed| signed == info_hash.to_string())
    }

    /// The paths of a film's subtitles that are known without asking anybody, those that are wanted
    /// first, in the form that every set reads.
    pub(super) fn subtitles_of(&self, media_id: &str) -> Vec<String> {
        let lines = self.playback.subtitles_known(media_id);
        lines.iter().map(|line| self.subtitle_path(line, "bom.srt")).collect()
    }

    /// The signed path of a chosen file.
    pub(super) fn media_path(&self, play: &Play) -> String {
        let key = self.media_keys.sign(&play.media_id, &play.link_name);
        format!("{key}/{}", play.link_name)
    }
}

/// What is signed with a torrent's hash: no name of a file, since none has `=` or `/` in a link.
fn proxied(file: Option<u32>) -> String {
    format!("stream/proxy?file={}", file.map(|file| file.to_string()).unwrap_or_default())
}

impl MediaFinder for Rooms {
    fn find(
        &self,
        asks: Asks,
        key: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<Arc<dyn Representation>, ApiError>> {
        let media_id = self.media_keys.verify(key, name);
        let rooms = self.clone();
        Box::pin(async move {
            let forbidden = || {
                let sentence =
                    "this link is not signed by this box, or has expired; choose the title again";
                ApiError::new(StatusCode::FORBIDDEN, "bad_media_key", sentence)
            };
            let media_id = media_id.ok_or_else(forbidden)?;
            // The name needs no look: it is signed with the id.
            Ok(rooms.media(asks, &media_id).await?)
        })
    }

    fn put_off(&self, asks: Asks, key: &str, name: &str) -> Option<&'static str> {
        let media_id = self.media_keys.verify(key, name).filter(|_| asks.head)?;
        if !self.playback.is_to_be_chosen(&media_id, asks.set) {
            return None;
        }
        let admitted = self.probes.admits(asks.peer?, &media_id);
        (!admitted).then(|| media_type_of(name))
    }

    fn set(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<&'static Profile> {
        sets::known(headers).or_else(|| self.sets.of(peer?))
    }

    fn heard(&self, asks: Asks, method: &Method, name: &str, headers: &HeaderMap) {
        if let Some(peer) = asks.peer {
            self.sets.note_unknown(peer, headers, &sets::words(method, name, headers));
        }
    }

    fn beside(&self, asks: Asks, key: &str, name: &str, waits: bool) -> BoxFuture<'static, Beside> {
        let (rooms, media_id) = (self.clone(), self.media_keys.verify(key, name));
        Box::pin(async move {
            let Some(media_id) = media_id else { return Beside::default() };
            let playback = &rooms.playback;
            let media_id = playback.chosen(&media_id, asks.set).unwrap_or(media_id);
            if waits && rooms.subtitles_of(&media_id).is_empty() {
                // What is learnt is asked for below; why nothing is, the room itself has noted.
                let _ = playback.subtitles_within(&media_id, A_MOMENT).await;
            }
            let duration_s = playback.describe(&media_id).ok().and_then(|told| told.duration_s);
            Beside { subtitles: rooms.subtitles_of(&media_id).into_iter().next(), duration_s }
        })
    }
}
