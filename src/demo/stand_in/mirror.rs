//! A plain web server that has the films (a web seed, BEP 19), and a cache of `.torrent` files that
//! name it.

use std::sync::Arc;

use super::cdn::whole_or_part;
use super::{reply, segments};
use crate::demo::household::Household;
use crate::http::plain::{Ask, Reply};
use crate::torrent::metainfo::Metainfo;

/// The server.
pub struct Mirror {
    household: Arc<Household>,
    /// The web seed's folder, with a slash at the end.
    seed: String,
}

impl Mirror {
    /// A server at `base`, without a slash at the end.
    #[must_use]
    pub fn new(household: Arc<Household>, base: &str) -> Self {
        Self { household, seed: format!("{base}/seed/") }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        if !matches!(ask.method.as_str(), "GET" | "HEAD") {
            return reply(405, "text/html", "<h1>405 Not Allowed</h1>");
        }
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let answer = match parts.as_slice() {
            ["torrent", name] => self.torrent(name),
            ["seed", torrent, path @ ..] => self.file(ask, torrent, &path.join("/")),
            _ => None,
        };
        answer.unwrap_or_else(|| reply(404, "text/html", "<h1>404 Not Found</h1>"))
    }

    /// As such caches have it: in capitals.
    fn torrent(&self, name: &str) -> Option<Reply> {
        let hash = name.strip_suffix(".torrent").filter(|hash| *hash == hash.to_uppercase())?;
        let release = self.household.by_hash(&hash.parse().ok()?)?;
        let metainfo = Metainfo::read(&release.metainfo).ok()?;
        let seeds = [self.seed.clone()];
        let bytes = metainfo.torrent_bytes_with(&metainfo.trackers, &seeds);
        Some(reply(200, "application/x-bittorrent", bytes))
    }

    fn file(&self, ask: &Ask, torrent: &str, path: &str) -> Option<Reply> {
        let release = self.household.by_name(torrent)?;
        // Of a torrent of one file, its name is the file's.
        let path = if path.is_empty() { torrent } else { path };
        let (_, file) = release.files().find(|(_, file)| file.path == path)?;
        Some(whole_or_part(ask, file, u64::MAX))
    }
}
