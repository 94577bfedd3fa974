//! Under which address an app reaches us: what we tell it of films and pictures are whole addresses.

use axum::http::header::{self, HeaderMap};

use crate::http::rooms::Rooms;

/// The address of this box as an app has it, and of the add-on below it.
pub(in crate::http) struct Base {
    /// Without a slash at its end.
    root: String,
    key: String,
}

impl Base {
    /// The owner's public address where there is one (an app that is to play over HTTPS must not be
    /// sent to plain HTTP), else the Host that was asked, which the Host rule has let through.
    pub(in crate::http) fn of(rooms: &Rooms, headers: &HeaderMap, key: &str) -> Self {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        Self::at(rooms.public_url.as_deref(), host.unwrap_or_default(), key)
    }

    /// The same by the public address and the Host.
    pub(in crate::http) fn at(public_url: Option<&str>, host: &str, key: &str) -> Self {
        let root = public_url.map_or_else(|| format!("http://{host}"), str::to_owned);
        Self { root: root.trim_end_matches('/').to_owned(), key: key.to_owned() }
    }

    /// Whether it is asked by HTTPS.
    pub(in crate::http) fn is_secure(&self) -> bool {
        self.root.starts_with("https://")
    }

    /// One of our own pages.
    pub(in crate::http) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// The add-on's manifest: what is installed.
    pub(in crate::http) fn manifest(&self) -> String {
        self.of_addon("manifest.json")
    }

    /// The same as a link that opens the app.
    pub(in crate::http) fn install_link(&self) -> String {
        let manifest = self.manifest();
        let rest = manifest.split_once("://").map_or(manifest.as_str(), |(_, rest)| rest);
        format!("stremio://{rest}")
    }

    /// Something below the add-on's own address.
    pub(in crate::http) fn of_addon(&self, path: &str) -> String {
        format!("{}/stremio/{}/{path}", self.root, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_address_wins_over_the_host() {
        let lan = Base::at(None, "192.168.1.5:8080", "k");
        assert_eq!(lan.manifest(), "http://192.168.1.5:8080/stremio/k/manifest.json");
        assert_eq!(lan.install_link(), "stremio://192.168.1.5:8080/stremio/k/manifest.json");
        assert!(!lan.is_secure());
        let public = Base::at(Some("https://films.example/box/"), "192.168.1.5:8080", "k");
        assert_eq!(public.manifest(), "https://films.example/box/stremio/k/manifest.json");
        assert_eq!(public.page("/v/x/y.mkv"), "https://films.example/box/v/x/y.mkv");
        assert!(public.is_secure());
    }
}
