//! Whose pages may speak to the streaming server: Stremio's own, and those that the owner adds.
//!
//! The API has no key, so a page of a stranger that a browser of the household opens must not reach
//! it. What an app sends that is no page has no `Origin`; but neither has the picture or film of any
//! page, and to an address of the household, which has no TLS, a browser says nothing else of who asks
//! either. So what could be that is told apart ([`Asker`]), and begins and ends nothing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use url::Url;

use crate::http::error::ApiError;

/// Where Stremio's web app is, which its desktop app shows as well.
const STREMIO: [&str; 2] = ["https://app.strem.io", "https://web.stremio.com"];
const METHODS: &str = "GET, HEAD, POST, OPTIONS";
const EXPOSED: &str = "Content-Range, Content-Length, Accept-Ranges";

/// What browsers call themselves.
const BROWSERS: [&str; 2] = ["Mozilla/", "Opera/"];
/// What browsers send and players do not.
const BROWSERS_ALONE: [&str; 3] = ["accept-language", "sec-fetch-site", "sec-ch-ua"];

/// The origins that may ask.
#[derive(Debug, Clone)]
pub(super) struct Origins(Arc<[String]>);

impl Origins {
    /// Stremio's, and `more`.
    pub(super) fn with(more: &[String]) -> Self {
        let own = STREMIO.map(str::to_owned).into_iter();
        let more = more.iter().map(|origin| origin.trim().trim_end_matches('/').to_owned());
        Self(own.chain(more).collect())
    }

    fn allow(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| self.0.iter().any(|known| known == origin))
    }
}

/// Who asks, as far as can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// A page of Stremio's, or a program that is no browser: no page can have its browser leave out
    /// what marks it.
    App,
    /// A browser that does not say for whom.
    AnyPage,
}

impl Origins {
    /// Who sends these headers, once their `Origin`, if any, is one of ours.
    fn asker(&self, headers: &HeaderMap) -> Asker {
        if headers.contains_key(header::ORIGIN) {
            return Asker::App;
        }
        if let Some(page) = headers.get(header::REFERER) {
            let page = page.to_str().ok().and_then(|page| Url::parse(page).ok());
            let page = page.map(|page| page.origin().ascii_serialization());
            let ours = page.is_some_and(|page| self.0.contains(&page));
            return if ours { Asker::App } else { Asker::AnyPage };
        }
        let agent = headers.get(header::USER_AGENT).map_or(&[][..], HeaderValue::as_bytes);
        let names_itself = BROWSERS.iter().any(|name| agent.starts_with(name.as_bytes()));
        let marked = BROWSERS_ALONE.iter().any(|name| headers.contains_key(*name));
        if names_itself || marked { Asker::AnyPage } else { Asker::App }
    }
}

/// Middleware: turns away other sites' pages where they are seen; says who the others are; tells browsers that Stremio's may read the answers.
pub(super) async fn only_apps(
    State(origins): State<Origins>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut asked_by = request.headers().get_all(header::ORIGIN).iter();
    let (origin, more) = (asked_by.next().cloned(), asked_by.next());
    if more.is_some() || origin.as_ref().is_some_and(|origin| !origins.allow(origin)) {
        let message = "a page of another site asks: use Stremio's own app, or add the page's \
                       origin to stremio.origins";
        return ApiError::new(StatusCode::FORBIDDEN, "cross_site", message).into_response();
    }
    let asker = origins.asker(request.headers());
    request.extensions_mut().insert(asker);
    let asks_first = request.method() == Method::OPTIONS;
    let mut answer =
        if asks_first { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return answer };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Range"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        // A public page asks a private address (WICG Private Network Access, 3.2).
        (HeaderName::from_static("access-control-allow-private-network"), "true"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_any_page_is_told_apart() {
        let firefox = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko Firefox/128");
        for (headers, asker) in [
            (&[][..], Asker::App),
            (&[("user-agent", "libmpv")], Asker::App),
            (
                &[("user-agent", "stagefright/1.2 (Linux;Android 13)"), ("accept", "*/*")],
                Asker::App,
            ),
            (&[firefox], Asker::AnyPage),
            (&[("user-agent", "Opera/9.80 (Linux mips) Presto/2.12")], Asker::AnyPage),
            (&[("user-agent", "x"), ("accept-language", "en")], Asker::AnyPage),
            (&[("sec-fetch-site", "none")], Asker::AnyPage),
            (&[firefox, ("origin", "https://app.strem.io")], Asker::App),
            (&[firefox, ("referer", "https://web.stremio.com/")], Asker::App),
            (&[firefox, ("referer", "https://mine.example/a")], Asker::App),
            (&[firefox, ("referer", "https://web.stremio.com.evil.example/")], Asker::AnyPage),
            (&[firefox, ("referer", "http://web.stremio.com/")], Asker::AnyPage),
            (&[("referer", "nonsense")], Asker::AnyPage),
        ] {
            let named = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            let map = headers.iter().map(named).collect();
            let origins = Origins::with(&["https://mine.example/".to_owned()]);
            assert_eq!(origins.asker(&map), asker, "{headers:?}");
        }
    }
}
