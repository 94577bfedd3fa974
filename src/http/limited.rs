//! What a request is for, by its path: which limit counts it.

use axum::http::Method;

/// Whether the bytes of a film are asked for, or may be: what a file's name leads to is known only
/// when it has been looked up.
pub(super) fn is_media(method: &Method, path: &str) -> bool {
    let file = path.starts_with("/dav/") || path.starts_with("/files/");
    (file && method == Method::GET) || is_film(path)
}

/// Whether the bytes of a film are at this path.
fn is_film(path: &str) -> bool {
    let stream = path.strip_prefix("/api/stream/").is_some_and(|rest| !rest.contains('/'));
    let proxied = path.starts_with("/v/") || path.starts_with("/stream/proxy/");
    stream || proxied || torrents_file(path).is_some()
}

/// The torrent of which a path of the streaming server gives a file's bytes.
fn torrents_file(path: &str) -> Option<&str> {
    let mut parts = path.split('/').skip(1);
    let hash = parts.next().filter(|hash| is_info_hash(hash))?;
    let file = parts.next().filter(|file| *file == "-1" || file.parse::<u32>().is_ok());
    file.filter(|_| parts.next() != Some("stats.json")).map(|_| hash)
}

fn is_info_hash(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a title of a signed link is one that nobody has chosen yet, so that its first request
/// searches: its media id begins with `ask:`.
pub(super) fn is_unchosen(title: &str) -> bool {
    // That in base64; the last sign holds two bits of what comes next.
    title.starts_with("YXNrO")
}

/// The title that a request opens, in words that tell one from another.
pub(super) fn opened<'a>(method: &Method, path: &'a str) -> Option<&'a str> {
    let mut parts = path.split('/').skip(1);
    match (method, parts.next()?, parts.next()?, parts.next()) {
        // A key names its film between two points.
        (&Method::GET, "v", key, _) => key.split('.').nth(1),
        (&Method::GET, "stream", "proxy", Some(hash))
        | (&Method::GET, "api", "stream", Some(hash))
            if is_film(path) =>
        {
            Some(hash)
        }
        (&Method::POST, hash, "create", None) if is_info_hash(hash) => Some(hash),
        (&Method::GET | &Method::HEAD, hash, _, _) if is_info_hash(hash) => torrents_file(path),
        (_, "api", "play", Some(id)) | (&Method::POST, "watch", id, None) => Some(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

    #[test]
    fn a_title_that_nobody_chose_is_known_by_its_link() {
        let link = |id: &str| data_encoding::BASE64URL_NOPAD.encode(id.as_bytes());
        assert!(is_unchosen(&link("ask:tt1254207")));
        assert!(is_unchosen(&link("ask:kitsu:1:2")));
        for chosen in ["dd8255ecdc7ca55f-0", "asked", "ask", ""] {
            assert!(!is_unchosen(&link(chosen)), "{chosen}");
        }
    }

    #[test]
    fn what_a_request_opens_is_told_by_its_path() {
        for (method, path, title) in [
            (Method::GET, "/v/3.YWJj.tag/film.mkv", Some("YWJj")),
            (Method::HEAD, "/v/3.YWJj.tag/film.mkv", None),
            (Method::GET, "/stream/proxy/abc", Some("abc")),
            (Method::GET, "/api/stream/abc", Some("abc")),
            (Method::GET, "/api/stream/abc/status", None),
            (Method::POST, "/api/play/tt1", Some("tt1")),
            (Method::POST, "/watch/tt1", Some("tt1")),
            (Method::GET, "/watch/tt1", None),
            (Method::GET, "/", None),
            (Method::GET, "/v/x", None),
            (Method::GET, &format!("/{HASH}/0"), Some(HASH)),
            (Method::HEAD, &format!("/{HASH}/-1/a.mkv"), Some(HASH)),
            (Method::POST, &format!("/{HASH}/create"), Some(HASH)),
            (Method::GET, &format!("/{HASH}/create"), None),
            (Method::GET, &format!("/{HASH}/0/stats.json"), None),
            (Method::GET, &format!("/{HASH}/stats.json"), None),
        ] {
            assert_eq!(opened(&method, path), title, "{method} {path}");
        }
    }
}
