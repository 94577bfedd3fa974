//! The road of one call: which client carries it, and where a redirect leads.
//!
//! # Why nothing can change between the check and the connection
//!
//! A name may have another address a moment later (that is how DNS rebinding works), so the
//! address that is judged must be the very one that is connected to. Both kinds of host keep to it:
//!
//! 1. A literal address is judged here. The HTTP client does not ask its resolver about literals;
//!    it parses the same canonical text that the `url` crate printed, so it can read no other.
//! 2. A name is resolved by [`Guard`], inside the client, and the addresses it permits are the
//!    ones that the client connects to. Nobody resolves a second time.
//!
//! The client tells a resolver the name but not the port, while the owner allows a private address
//! with one port only. So a client serves **one** port wherever that matters: for each port that
//! stands in `allow_private` there is a client of its own, whose guard judges with that port, and
//! which is given only URLs with that port; all other URLs share a client whose guard permits no
//! private address. Pooled connections belong to one client, and so to one guard.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{RequestBuilder, Response, redirect};
use url::{Host, Url};

use super::address::AddressPolicy;
use super::error::host_of;
use super::locate;
use super::resolve::Guard;
use super::roots::Roots;
use super::{Error, Method, Request};

/// The most redirects of one call.
const MOST_HOPS: usize = 3;

/// The longest that one connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Who we say we are.
const USER_AGENT: &str = concat!("credenza/", env!("CARGO_PKG_VERSION"));

/// Why a secret is not sent over plain `http`.
const OPEN_LINE: &str =
    "a token is sent only over https://, or to an ip:port that network.allow_private lists";

/// How the body may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    /// gzip or brotli, unpacked on the way.
    Packed,
    /// As it is.
    Plain,
}

/// What tells one client from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    encoding: Encoding,
    /// The URL's port where `allow_private` has an entry with it.
    port: Option<u16>,
    /// Whether only listed private addresses may be reached.
    listed_only: bool,
}

/// All clients, made when first needed: four for each listed port at most.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    policy: AddressPolicy,
    /// Shared by all.
    tls: Arc<rustls::ClientConfig>,
    clients: Arc<Mutex<HashMap<Key, reqwest::Client>>>,
}

impl Routes {
    /// Makes the most used client at once, so that a machine without roots is known at the start.
    pub(super) fn new(policy: AddressPolicy, roots: Roots) -> Result<Self, Error> {
        Self::over(policy, Arc::new(roots.settings()?))
    }

    fn over(policy: AddressPolicy, tls: Arc<rustls::ClientConfig>) -> Result<Self, Error> {
        let routes = Self { policy, tls, clients: Arc::default() };
        routes.client(Key { encoding: Encoding::Packed, port: None, listed_only: false })?;
        Ok(routes)
    }

    /// Whether `address` may be connected to.
    pub(super) fn permits(&self, address: SocketAddr) -> bool {
        self.policy.permits(address)
    }

    /// The same roads, and one private address more, with clients of their own.
    pub(super) fn with(&self, address: SocketAddr) -> Result<Self, Error> {
        let mut policy = self.policy.clone();
        policy.allow_private.push(address);
        Self::over(policy, Arc::clone(&self.tls))
    }

    /// Asks, following at most three redirects of a `GET` without a secret. Gives the answer's
    /// head and the URL that it came from.
    pub(super) async fn ask(
        &self,
        request: &Request,
        encoding: Encoding,
    ) -> Result<(Url, Response), Error> {
        let mut url = request.url.clone();
        let mut hops = 0;
        loop {
            let key = self.key(&url, encoding, request.is_secret())?;
            let call = build(&self.client(key)?, &url, request, encoding)?;
            let response = call.send().await.map_err(|error| match Error::of(&url, error) {
                Error::PrivateAddress { .. } if key.listed_only => Error::bad_url(&url, OPEN_LINE),
                error => error,
            })?;
            let Some(next) = target(&url, &response)? else {
                return Ok((url, response));
            };
            if request.is_secret() || request.method != Method::Get || hops == MOST_HOPS {
                return Err(Error::Redirected { host: host_of(&url) });
            }
            hops += 1;
            url = next;
        }
    }

    /// Judges `url` and tells which client may carry it.
    fn key(&self, url: &Url, encoding: Encoding, secret: bool) -> Result<Key, Error> {
        locate::check(url)?;
        let port = url.port_or_known_default().unwrap_or(0);
        let listed = self.policy.allow_private.iter().any(|addr| addr.port() == port);
        if !(listed || port >= 1024 || matches!(port, 80 | 443)) {
            return Err(Error::bad_url(url, "its port is not one that web services use"));
        }
        // A secret crosses an unencrypted line only inside the house.
        let listed_only = secret && url.scheme() == "http";
        if listed_only && !listed {
            return Err(Error::bad_url(url, OPEN_LINE));
        }
        let key = Key { encoding, port: listed.then_some(port), listed_only };
        match url.host() {
            Some(Host::Ipv4(ip)) => self.judge(key, url, SocketAddr::new(IpAddr::V4(ip), port)),
            Some(Host::Ipv6(ip)) => self.judge(key, url, SocketAddr::new(IpAddr::V6(ip), port)),
            _ => Ok(key),
        }
    }

    /// Judges a literal address.
    fn judge(&self, key: Key, url: &Url, addr: SocketAddr) -> Result<Key, Error> {
        if self.guard(key).permits(addr) {
            return Ok(key);
        }
        if key.listed_only && self.policy.permits(addr) {
            return Err(Error::bad_url(url, OPEN_LINE));
        }
        Err(Error::PrivateAddress { host: host_of(url) })
    }

    fn guard(&self, key: Key) -> Guard {
        Guard { policy: self.policy.clone(), port: key.port, listed_only: key.listed_only }
    }

    fn client(&self, key: Key) -> Result<reqwest::Client, Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        #[expect(clippy::disallowed_methods, reason = "this is src/fetch")]
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .no_proxy()
            .referer(false)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(4)
            .pool_idle_timeout(Duration::from_secs(30))
            .gzip(key.encoding == Encoding::Packed)
            .brotli(key.encoding == Encoding::Packed)
            .dns_resolver(self.guard(key));
        // Nothing else in this builder can fail.
        let builder = builder.tls_backend_preconfigured(rustls::ClientConfig::clone(&self.tls));
        let client = builder.build().map_err(|_| Error::NoRoots)?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// The call, with its headers.
fn build(
    client: &reqwest::Client,
    url: &Url,
    request: &Request,
    encoding: Encoding,
) -> Result<RequestBuilder, Error> {
    let mut asked = url.clone();
    if let Some((name, secret)) = &request.secret_query {
        asked.query_pairs_mut().append_pair(name, secret.expose());
    }
    let mut call = match request.method {
        Method::Get => client.get(asked),
        Method::Post => client.post(asked),
        Method::Delete => client.delete(asked),
    };
    for (name, value) in &request.headers {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::bad_url(url, "a header for it holds a forbidden character"))?;
        call = call.header(*name, value);
    }
    if encoding == Encoding::Plain {
        call = call.header(ACCEPT_ENCODING, "identity");
    }
    if let Some((name, scheme, secret)) = &request.secret {
        let value = HeaderValue::from_str(&format!("{scheme}{}", secret.expose()));
        let mut value = value
            .map_err(|_| Error::bad_url(url, "the token for it holds a forbidden character"))?;
        // Keeps it out of the client's debug output and of HTTP/2's header table (RFC 7541, 7.1.3).
        value.set_sensitive(true);
        call = call.header(*name, value);
    }
    if let Some(json) = &request.json {
        call = call.json(json);
    } else if let Some((media_type, text)) = &request.text {
        call = call.header(CONTENT_TYPE, *media_type).body(text.clone());
    }
    Ok(call)
}

/// Where a redirect leads (RFC 9110, 15.4); `None` where the answer is none.
fn target(url: &Url, response: &Response) -> Result<Option<Url>, Error> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else {
        return Ok(None);
    };
    let next = location.to_str().ok().and_then(|text| url.join(text).ok());
    next.map(Some).ok_or_else(|| Error::bad_url(url, "it redirects to something that is no URL"))
}
