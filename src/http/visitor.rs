//! Who is asking.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::error::ApiError;
use super::rooms::Rooms;
use super::router::MediaFinder as _;
use super::server::{Local, Peer};
use crate::secret::Secret;
use crate::select::Profile;

/// Long enough for an answer to reach a phone beside the box.
const ANSWERED: Duration = Duration::from_secs(1);
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

    /// Notes what was asked for otherwise than by UPnP, where a set that nobody knows asks.
    pub(super) fn note(&self, what: &str) {
        self.rooms.sets.note_unknown(self.address(), &self.headers, what);
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

/// Where a request reached us, as [`Visitor::base`].
pub(super) fn base(local: Option<Local>, headers: &HeaderMap) -> String {
    let local = local.map(|Local(local)| SocketAddr::new(local.ip().to_canonical(), local.port()));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    local.map_or_else(
        || format!("http://{}", host.unwrap_or_default()),
        |local| format!("http://{local}"),
    )
}

/// `Set-Cookie` for a new session. No `Secure`: the box speaks plain HTTP in the house.
pub(super) fn session_cookie(token: &str) -> String {
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000")
}

/// `Set-Cookie` that ends it.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}
