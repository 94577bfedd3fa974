//! Whose page sent this: a request that may change something must not come from another site's page.
//!
//! A browser says so by `Sec-Fetch-Site` (on origins it trusts) and `Origin` (always, on what is
//! neither `GET` nor `HEAD`); a program says neither and is let through, since it holds no cookie of
//! ours by accident. Both are judged, so neither can cover for the other.

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;

/// Middleware: turns away what another site's page sends.
pub async fn only_own_pages(request: Request, next: Next) -> Response {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if safe || own(request.headers()) {
        return next.run(request).await;
    }
    let message = "another site's page sent this: open this server's own page and try there";
    ApiError::new(StatusCode::FORBIDDEN, "cross_site", message).into_response()
}

/// Whether nothing in the headers speaks of another site.
fn own(headers: &HeaderMap) -> bool {
    // `none` (typed by hand) and `same-site` (another port or name beside us) change nothing here.
    let site = headers.get_all("sec-fetch-site").iter().all(|site| site == "same-origin");
    let host = headers.get(header::HOST);
    let origin = headers.get_all(header::ORIGIN).iter().all(|origin| names(origin, host));
    // The one form encoding that no page of ours uses and that can be made to look like JSON.
    let form = headers
        .get_all(header::CONTENT_TYPE)
        .iter()
        .any(|value| value.as_bytes().trim_ascii().to_ascii_lowercase().starts_with(b"text/plain"));
    site && origin && !form
}

/// Whether the origin is the host that was asked; `null` is nobody's.
fn names(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), host.map(HeaderValue::to_str)) else {
        return false;
    };
    let (authority, port) = match origin.split_once("://") {
        Some(("http", authority)) => (authority, ":80"),
        Some(("https", authority)) => (authority, ":443"),
        _ => return false,
    };
    let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn judged(lines: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("192.168.1.5:8080"));
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        own(&headers)
    }

    #[test]
    fn only_our_own_pages_and_programs_may_change_things() {
        for (lines, expected) in [
            (&[][..], true), // a program
            (&[("origin", "http://192.168.1.5:8080")], true),
            (&[("origin", "https://192.168.1.5:8080")], true),
            (&[("origin", "http://192.168.1.5:8080"), ("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("content-type", "application/json")], true),
            (&[("content-type", "application/x-www-form-urlencoded")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "Same-Origin")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
            (&[("origin", "null")], false),
            (&[("origin", "")], false),
            (&[("origin", "http://evil.example")], false),
            (&[("origin", "http://192.168.1.5")], false), // another port is another origin
            (&[("origin", "http://192.168.1.5:8081")], false),
            (&[("origin", "http://192.168.1.5:8080.evil.example")], false),
            (&[("origin", "http://192.168.1.5:8080@evil.example")], false),
            (&[("origin", "file://192.168.1.5:8080")], false),
            (&[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "http://192.168.1.5:8080"), ("origin", "null")], false),
            (&[("content-type", "text/plain")], false),
            (&[("content-type", "Text/Plain; charset=utf-8")], false),
        ] {
            assert_eq!(judged(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_default_port_may_be_left_out() {
        for (origin, host, expected) in [
            ("http://box.local", "box.local:80", true),
            ("http://box.local", "BOX.local", true),
            ("https://box.local", "box.local:443", true),
            ("https://box.local", "box.local:80", false),
            ("http://[::1]:8080", "[::1]:8080", true),
        ] {
            let host = HeaderValue::from_static(host);
            assert_eq!(names(&HeaderValue::from_static(origin), Some(&host)), expected, "{origin}");
        }
    }
}
