//! Mirrors, in words.

/// What the set-up page shows of the mirrors.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mirrors {
    pub enabled: bool,
    pub own: Vec<MirrorRow>,
    /// Services that are known and off, each with the reason.
    pub services: Vec<(String, String)>,
}

/// A source of the owner's.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MirrorRow {
    pub name: String,
    pub address: String,
    pub enabled: bool,
    pub note: String,
    pub last: String,
    pub trouble: Option<String>,
}
