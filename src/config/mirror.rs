//! `[mirror]`: how long peers have before plain HTTP is tried, and where `.torrent` files are.

use std::time::Duration;

use super::{BadConfig, Given};

/// The one public cache that gives a `.torrent` by its hash without a page or a captcha before it.
const TORRENT_CACHES: [&str; 1] = ["https://itorrents.org/torrent/{INFOHASH}.torrent"];

/// `[mirror]`.
#[derive(Debug, Clone)]
pub struct MirrorConfig {
    /// Whether mirrors are used at all.
    pub enabled: bool,
    /// How long peers have to begin, and to go on, before the next way is tried.
    pub p2p_timeout: Duration,
    /// How long one mirror has to prove that it has a file.
    pub test_timeout: Duration,
    /// Where `.torrent` files are by info hash.
    pub torrent_caches: Vec<String>,
}

impl Given {
    pub(super) fn mirror(&self) -> Result<MirrorConfig, BadConfig> {
        let caches = "mirror.torrent_caches";
        let torrent_caches = if self.0.contains_key(caches) {
            self.list(caches)
        } else {
            TORRENT_CACHES.map(str::to_owned).into()
        };
        Ok(MirrorConfig {
            enabled: self.bool("mirror.enabled", true),
            p2p_timeout: self.millis("mirror.p2p_timeout_ms", 20_000)?,
            test_timeout: self.millis("mirror.test_timeout_ms", 5_000)?,
            torrent_caches,
        })
    }

    /// A wait that is one: neither none nor for ever.
    fn millis(&self, path: &str, default: u64) -> Result<Duration, BadConfig> {
        let ms = self.number(path, default)?;
        if (100..=300_000).contains(&ms) {
            return Ok(Duration::from_millis(ms));
        }
        Err(self.wrong(path, "a number of milliseconds from 100 to 300000"))
    }
}
