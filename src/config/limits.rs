//! `[limits]`: how much one device may take, and all together.

use super::{BadConfig, Given};

/// `[limits]`; 0 is none.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    /// Bodies of films that are sent to one device at a time.
    pub streams_per_device: usize,
    /// Bodies of films that are sent at a time.
    pub streams_total: usize,
    /// Requests of one device in a second, but for films.
    pub requests_per_second: u32,
}

impl Given {
    /// A set opens three connections or four, a browser six: no household comes near these.
    pub(super) fn limits(&self) -> Result<LimitsConfig, BadConfig> {
        Ok(LimitsConfig {
            streams_per_device: self.number("limits.streams_per_device", 32)?,
            streams_total: self.number("limits.streams_total", 128)?,
            requests_per_second: self.number("limits.requests_per_second", 100)?,
        })
    }
}
