//! What the handlers ask: the rooms below, and who is asking.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::future::BoxFuture;
use tokio_util::task::TaskTracker;

use super::dlna::beside::Beside;
use super::dlna::{MediaServer, claim};
use super::error::ApiError;
use super::following::Following;
use super::limits::Limits;
use super::probes::Probes;
use super::router::{Asks, MediaFinder};
use super::server::{Local, Peer};
use super::sets::{self, Sets};
use super::traffic::Traffic;
use crate::access::{Access, AddonKeys, LocalKey, MediaKeys, Switch};
use crate::appliance::Appliance;
use crate::lan::Links;
use crate::lan::renderer::Renderers;
use crate::mirror::Mirrors;
use crate::playback::{Play, Playback};
use crate::representation::{Representation, media_type_of};
use crate::secret::Secret;
use crate::select::Profile;
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
}

/// Long enough for an answer to reach a phone beside the box.
const ANSWERED: Duration = Duration::from_secs(1);
/// How long a set that asks for subtitles waits for them with the film's first bytes.
const A_MOMENT: Duration = Duration::from_millis(1500);
/// The cookie of a signed-in browser.
const COOKIE: &str = "credenza_session";

/// Who asks, and the rooms that are asked: what nearly every handler begins with.
pub(super) struct Visitor {
    pub(super) rooms: Rooms,
    pub(super) headers: HeaderMap,
    peer: Peer,
    local: Option<Local>,
}

impl Visitor {
    /// Whether the owner asks: by the session cookie, or, from this machine alone, by the key of the
    /// data folder. Forwarding headers count for nothing.
    pub(super) fn is_owner(&self) -> bool {
        let by_cookie = self.session().is_some_and(|token| self.rooms.access.session(&token));
        by_cookie || self.is_of_this_machine()
    }

    /// Whether a program of this machine asks, by the key of the data folder.
    pub(super) fn is_of_this_machine(&self) -> bool {
        self.address().is_loopback() && self.has_local_key()
    }

    /// Where the request came from, by the socket.
    pub(super) fn address(&self) -> IpAddr {
        self.peer.0.ip().to_canonical()
    }

    /// The session token that the browser sent.
    pub(super) fn session(&self) -> Option<String> {
        let cookies = self.headers.get_all(header::COOKIE).into_iter();
        let lines = cookies.filter_map(|value| value.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token.to_owned())
    }

    /// The name or address under which the box was asked, for links.
    pub(super) fn host(&self) -> &str {
        let value = self.headers.get(header::HOST).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// `path` as a whole address for who asks: by the owner's public address where they came by that,
    /// which may be HTTPS, else by the name or address under which the box was asked.
    pub(super) fn link(&self, path: &str) -> String {
        let by = |public: &&String| {
            let (_, rest) = public.split_once("://").unwrap_or(("", public));
            let host = rest.split_once('/').map_or(rest, |(host, _)| host);
            host.eq_ignore_ascii_case(self.host())
        };
        match self.rooms.public_url.as_ref().filter(by) {
            Some(public) => format!("{}{path}", public.trim_end_matches('/')),
            None => format!("http://{}{path}", self.host()),
        }
    }

    /// Where the box was reached, for links of players that may know no other way: the address of the
    /// socket, `http://IP:PORT`, else the Host.
    pub(super) fn base(&self) -> String {
        base(self.local, &self.headers)
    }

    /// The set that asks, where it is known what that plays.
    pub(super) fn set(&self) -> Option<&'static Profile> {
        self.rooms.set(&self.headers, Some(self.address()))
    }

    /// Lets the owner pass.
    pub(super) fn owner_only(&self) -> Result<(), ApiError> {
        if self.is_owner() {
            return Ok(());
        }
        let sentence = if self.rooms.access.owner_exists() {
            "only the owner may do this; sign in first"
        } else {
            "this box has no owner yet; claim it on the set-up page first"
        };
        Err(ApiError::new(StatusCode::UNAUTHORIZED, "not_signed_in", sentence))
    }

    /// Lets pass who may watch: the owner, and everybody in the house where the configuration says
    /// so (`access.auth_required = false`). Who comes through a router is not in the house.
    pub(super) fn may_watch(&self) -> Result<(), ApiError> {
        let open = !self.rooms.auth_required && self.rooms.links.is_near(self.address());
        if open { Ok(()) } else { self.owner_only() }
    }

    /// Whether they came by the box's own Wi-Fi network.
    pub(super) fn is_by_own_network(&self) -> bool {
        let portal = |Local(local)| self.rooms.appliance.portal_at(local.ip());
        self.local.and_then(portal).is_some()
    }

    /// Has the box join a Wi-Fi network. Whoever came by the box's own network, which ends by it,
    /// is answered first; says whether it was done before the answer.
    pub(super) async fn join_wifi(
        &self,
        ssid: String,
        password: Secret,
        country: String,
    ) -> Result<bool, ApiError> {
        let appliance = Arc::clone(&self.rooms.appliance);
        if !self.is_by_own_network() {
            appliance.join_wifi(ssid, password, country).await?;
            return Ok(true);
        }
        self.rooms.tasks.spawn(async move {
            tokio::time::sleep(ANSWERED).await;
            if let Err(error) = appliance.join_wifi(ssid, password, country).await {
                tracing::warn!(%error, "the Wi-Fi network could not be joined");
            }
        });
        Ok(false)
    }

    fn has_local_key(&self) -> bool {
        let value = self.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = value.and_then(|value| value.strip_prefix("Bearer "));
        bearer.is_some_and(|bearer| self.rooms.local_key.matches(bearer))
    }
}

impl FromRequestParts<Rooms> for Visitor {
    type Rejection = Infallible;

    /// The accept loop tells every request who is connected. A request that came another way is
    /// nobody's: it is given an address that has no rights.
    async fn from_request_parts(parts: &mut Parts, rooms: &Rooms) -> Result<Self, Infallible> {
        let nobody = Peer(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        let peer = parts.extensions.get().copied().unwrap_or(nobody);
        let local = parts.extensions.get().copied();
        Ok(Self { rooms: rooms.clone(), headers: parts.headers.clone(), peer, local })
    }
}

impl Rooms {
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

/// Where a request reached us, as [`Visitor::base`].
pub(super) fn base(local: Option<Local>, headers: &HeaderMap) -> String {
    let local = local.map(|Local(local)| SocketAddr::new(local.ip().to_canonical(), local.port()));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    local.map_or_else(
        || format!("http://{}", host.unwrap_or_default()),
        |local| format!("http://{local}"),
    )
}

/// What is signed with a torrent's hash: no name of a file, since none has `=` or `/` in a link.
fn proxied(file: Option<u32>) -> String {
    format!("stream/proxy?file={}", file.map(|file| file.to_string()).unwrap_or_default())
}

/// `Set-Cookie` for a new session. No `Secure`: the box speaks plain HTTP in the house.
pub(super) fn session_cookie(token: &str) -> String {
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000")
}

/// `Set-Cookie` that ends it.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
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
