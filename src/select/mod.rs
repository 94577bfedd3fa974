use crate::media::*;
use crate::release::Release;
use crate::torrent::*;
use std::collections::{BTreeMap, HashMap};
#[derive(Debug, Clone, serde::Serialize)]
pub struct Candidate {
    #[serde(flatten)]
    pub torrent: Unique,
    pub release: Release,
    pub availability: BTreeMap<Store, Availability>,
    pub score: f64,
    pub reasons: Vec<MatchReason>,
}
impl Candidate {
    pub fn reason_words(&self) -> String {
        String::new()
    }
}
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub enum MatchReason {
    A,
}
impl MatchReason {
    pub fn as_str(self) -> &'static str {
        "a"
    }
}
pub struct PickedFile {
    pub file: TorrentFile,
}
pub struct Pick {
    pub file: PickedFile,
    pub score: f64,
    pub match_reasons: Vec<MatchReason>,
}
pub struct NoPick {
    pub reason: String,
}
pub struct Target {
    pub wanted: Wanted,
    pub torrent_name: Option<String>,
    pub title: Option<String>,
    pub aliases: Vec<String>,
    pub file_index: Option<u32>,
    pub stremio_id: Option<StremioId>,
    pub air_date: Option<String>,
}
pub fn pick(files: &[TorrentFile], _: &Target) -> Result<Pick, NoPick> {
    Ok(Pick { file: PickedFile { file: files[0].clone() }, score: 0.0, match_reasons: vec![] })
}
pub fn rank(
    t: Vec<Unique>,
    a: &HashMap<InfoHash, BTreeMap<Store, Availability>>,
    _: &Query,
) -> Vec<Candidate> {
    t.into_iter()
        .map(|torrent| Candidate {
            release: crate::release::parse(&torrent.name),
            availability: a.get(&torrent.info_hash).cloned().unwrap_or_default(),
            torrent,
            score: 0.0,
            reasons: vec![],
        })
        .collect()
}
