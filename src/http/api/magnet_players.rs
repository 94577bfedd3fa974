//! Which players read torrents themselves, by what they call themselves.

use axum::http::{HeaderMap, header};

/// A part of the name, in small letters.
const READ_TORRENTS: &[&str] = &["stremio", "webtorrent", "torrserver", "elementum"];
/// What these run on where they cannot.
const CANNOT: &[&str] =
    &["iphone", "ipad", "apple tv", "appletv", "tizen", "web0s", "webos", "smart-tv"];

/// Whether whoever asks is known to take a magnet.
pub(super) fn takes_magnets(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default().to_ascii_lowercase();
    let names = |list: &[&str]| list.iter().any(|name| agent.contains(name));
    names(READ_TORRENTS) && !names(CANNOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_of_torrents_are_known_by_their_names() {
        for (agent, takes) in [
            (
                "Mozilla/5.0 (Windows NT 10.0) QtWebEngine/5.15 Chrome/87 Safari/537.36 StremioShell/4.4",
                true,
            ),
            ("com.stremio.one/1.6.9 (Linux; Android 14)", true),
            ("WebTorrent Desktop/0.24.0", true),
            ("Stremio/1.0 (iPhone; iOS 18.0)", false),
            ("Mozilla/5.0 (Web0S; Linux/SmartTV) Stremio", false),
            ("VLC/3.0.20 LibVLC/3.0.20", false),
            ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", false),
            ("curl/8.5.0", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            assert_eq!(takes_magnets(&headers), takes, "{agent}");
        }
        assert!(!takes_magnets(&HeaderMap::new()));
    }
}
