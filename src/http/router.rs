//! The table of contents: which addresses there are, and what stands round them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Json, Router, middleware};
use futures_util::future::BoxFuture;

use crate::http::dlna::beside::{self, Beside};
use crate::http::error::ApiError;
use crate::http::host::{self, HostRule};
use crate::http::line::Watch;
use crate::http::media::{self, Manners};
use crate::http::rooms::Rooms;
use crate::http::server::{Local, Peer};
use crate::http::visitor::base;
use crate::http::{
    api, dav, dlna, files, limits, near, origin, pages, sets, shield, stremio, subtitle, traffic,
};
use crate::representation::Representation;
use crate::select::Profile;

/// Who asks for the bytes of a film, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asks {
    /// For its headers alone: a set that looks at what there is sends `HEAD` after `HEAD`, and for
    /// those nothing is opened.
    pub head: bool,
    /// Which set, where it is known what that plays.
    pub set: Option<&'static Profile>,
    /// Its address.
    pub peer: Option<IpAddr>,
}

/// Knows the bytes that a signed media address stands for.
pub trait MediaFinder: Send + Sync {
    /// The bytes of `/v/{key}/{name}`, or why not. Finding opens no stream.
    fn find(
        &self,
        asks: Asks,
        key: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<Arc<dyn Representation>, ApiError>>;

    /// The likely media type of a film that nobody has chosen yet, where this device, which wants its
    /// headers alone, has had enough of them chosen; `None` where the film is to be found.
    fn put_off(&self, asks: Asks, key: &str, name: &str) -> Option<&'static str> {
        let _ = (asks, key, name);
        None
    }

    /// The set that sent these headers from `peer`, where it is known what that plays.
    fn set(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<&'static Profile> {
        let _ = peer;
        sets::known(headers)
    }

    /// Hears that the film of this name was asked for, and is there.
    fn heard(&self, asks: Asks, method: &Method, name: &str, headers: &HeaderMap) {
        let _ = (asks, method, name, headers);
    }

    /// What else is known of the film at this address; where `waits`, who may know is asked for a
    /// moment.
    fn beside(&self, asks: Asks, key: &str, name: &str, waits: bool) -> BoxFuture<'static, Beside> {
        let _ = (asks, key, name, waits);
        Box::pin(async { Beside::default() })
    }
}

/// `/v/{key}/{name}`: the one byte-range endpoint.
pub fn media_routes(finder: Arc<dyn MediaFinder>) -> Router {
    Router::new().route("/v/{key}/{name}", any(play)).with_state(finder)
}

/// `/health`: whether the server answers.
pub fn health_routes() -> Router {
    Router::new().route("/health", get(|| async { Json(serde_json::json!({"status": "ok"})) }))
}

/// The whole house: `media` is open to pages of any origin and has no body; `rest` is guarded.
/// Round both: the Host rule before all, and a net under a panic.
pub fn house(media: Router, rest: Router, hosts: Arc<dyn HostRule>) -> Router {
    house_with(media, rest, Router::new(), hosts)
}

/// The same with `uploads`, which are guarded but for the limit on their bodies.
fn house_with(media: Router, rest: Router, uploads: Router, hosts: Arc<dyn HostRule>) -> Router {
    // The last layer added is the first to run.
    let rest = rest
        .merge(health_routes())
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(middleware::from_fn(shield::limit_body))
        .merge(uploads)
        .layer(middleware::from_fn(shield::catch_panic))
        .layer(middleware::from_fn(origin::only_own_pages))
        .layer(middleware::from_fn(shield::tell_browsers));
    let media = media.layer(middleware::from_fn(shield::catch_panic));
    rest.merge(media).layer(middleware::from_fn_with_state(hosts, host::only_ours))
}

/// Everything that is served.
pub fn whole(rooms: Rooms, hosts: Arc<dyn HostRule>) -> Router {
    let uploads = api::uploads().merge(pages::uploads()).layer(DefaultBodyLimit::disable());
    let (limits, traffic) = (rooms.limits.clone(), rooms.traffic.clone());
    let household = middleware::from_fn_with_state(rooms.links.clone(), near::only_near);
    let files = dav::routes().merge(files::routes()).merge(dlna::routes());
    let near = files.merge(api::household()).merge(pages::household()).layer(household.clone());
    let rest = api::routes().merge(pages::routes()).merge(near).with_state(rooms.clone());
    let media = media_routes(Arc::new(rooms.clone())).merge(subtitle::routes(rooms.clone()));
    let media = media.merge(stremio::routes(rooms.clone()));
    let media = media.layer(household);
    house_with(media, rest, uploads.with_state(rooms), hosts)
        .layer(middleware::from_fn_with_state(limits, limits::keep))
        .layer(middleware::from_fn_with_state(traffic, traffic::count))
}

async fn play(
    State(finder): State<Arc<dyn MediaFinder>>,
    Path((key, name)): Path<(String, String)>,
    watch: Option<Extension<Watch>>,
    request: Request,
) -> Response {
    // Nothing that is asked of media has a body.
    let (asked, _) = request.into_parts();
    if let Some(answer) = media::answer_without_bytes(&asked.method) {
        return answer;
    }
    let peer = asked.extensions.get::<Peer>().map(|Peer(address)| address.ip().to_canonical());
    let set = finder.set(&asked.headers, peer);
    let asks = Asks { head: asked.method == Method::HEAD, set, peer };
    if let Some(media_type) = finder.put_off(asks, &key, &name) {
        return media::likely(set, media_type, &asked.headers);
    }
    match finder.find(asks, &key, &name).await {
        Ok(representation) => {
            if let Some(Extension(watch)) = watch {
                watch.allow_pause();
            }
            let (method, headers) = (&asked.method, &asked.headers);
            finder.heard(asks, method, &name, headers);
            let manners = Manners::Player;
            let mut answer = media::answer_to(set, &representation, method, headers, manners);
            if beside::is_wanted(headers, set) {
                let base = base(asked.extensions.get::<Local>().copied(), headers);
                let told = finder.beside(asks, &key, &name, beside::is_asked(headers)).await;
                beside::add(answer.headers_mut(), &told, &base);
            }
            answer
        }
        // A player that may come again must not find the refusal in a cache.
        Err(error) => ([(header::CACHE_CONTROL, "no-store")], error).into_response(),
    }
}
