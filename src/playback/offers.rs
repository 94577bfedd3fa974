//! What is offered of a title to an app that chooses for itself: the candidates in order, each with a
//! link that opens it when it is played.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::by_hash::{ASKED, ByHash};
use super::playable::{Playable, link_name};
use super::{Error, Findings, Playback};
use crate::media::{Query, StremioId};
use crate::release;
use crate::select::{self, Candidate, Target};
use crate::torrent::{Availability, TorrentFile};

/// What is offered of a title.
#[derive(Debug, Clone)]
pub struct Offers {
    /// Best first. What lies on this box comes before all others.
    pub offers: Vec<Offer>,
    /// Why there is none, where that is not for want of torrents: one sentence.
    pub trouble: Option<String>,
}

/// A candidate, and its link.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The name of its bytes, to be signed.
    pub media_id: String,
    /// The last part of its link.
    pub link_name: String,
    /// Whether it lies whole on this box.
    pub here: bool,
    /// The file that would be played, where that is known without asking anybody.
    pub file: Option<TorrentFile>,
    /// The torrent.
    pub candidate: Candidate,
}

impl Offer {
    /// The file's own name, or what stands for it.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        let told = self.candidate.torrent.file_name.as_deref();
        self.file.as_ref().map(TorrentFile::base_name).or(told)
    }
}

impl Playback {
    /// What can be played of `id`, `most` of it: what lies here, then what a search finds, each by a way
    /// that is open. Takes as long as a search.
    pub async fn offers(self: &Arc<Self>, id: &StremioId, most: usize) -> Result<Offers, Error> {
        let mut offers = self.offers_here(id)?;
        let findings = self.find(id, &mut |_| {}).await;
        self.is_looked_at(*id);
        let here: HashSet<_> =
            offers.iter().map(|offer| offer.candidate.torrent.info_hash).collect();
        let found = findings
            .candidates
            .iter()
            .filter(|one| !here.contains(&one.torrent.info_hash))
            .filter(|one| one.put_aside().is_none() && self.may_come(one));
        let room = most.saturating_sub(offers.len());
        offers.extend(found.take(room).map(|one| self.offer(id, one, &findings.query)));
        let trouble = if offers.is_empty() { self.no_offer(id, &findings) } else { None };
        Ok(Offers { offers, trouble })
    }

    fn no_offer(&self, id: &StremioId, findings: &Findings) -> Option<String> {
        if self.debrid().is_none() && !self.parts.swarm.allowed() && !self.parts.mirrors.has_own() {
            return Some(Error::NoWay { id: *id }.to_string());
        }
        let why = findings.nobody_answered()?;
        findings.candidates.is_empty().then(|| why.to_string())
    }

    /// Whether one of the ways that are open may lead to it.
    fn may_come(&self, candidate: &Candidate) -> bool {
        let at_store = self.debrid().is_some_and(|debrid| {
            let state = candidate.availability.get(&debrid.store()).copied();
            !matches!(state, Some(Availability::Refused | Availability::NotCached))
        });
        // A mirror of the owner's is asked for whatever is found.
        at_store || self.parts.swarm.allowed() || self.parts.mirrors.has_own()
    }

    /// What was played before and lies whole on the disk.
    fn offers_here(&self, id: &StremioId) -> Result<Vec<Offer>, Error> {
        let query = self.desk.query(id);
        let finished = self.finished_of(id)?.into_iter();
        let offers = finished.filter_map(|playable| {
            let torrent = vec![playable.torrent()];
            let ranked = select::rank(torrent, &HashMap::new(), &query, &self.preferences());
            let candidate = ranked.into_iter().next()?;
            Some(Offer {
                media_id: playable.media_id(),
                link_name: playable.link_name(),
                here: true,
                file: Some(playable.file),
                candidate,
            })
        });
        Ok(offers.collect())
    }

    fn offer(&self, id: &StremioId, candidate: &Candidate, query: &Query) -> Offer {
        let torrent = &candidate.torrent;
        let file = self.file_of(candidate, query);
        let name = file.as_ref().map(|file| file.base_name().to_owned());
        let name = name.or_else(|| torrent.file_name.clone());
        let name = name.unwrap_or_else(|| torrent.name.clone());
        // Some players go by the ending; the answer's media type says what it really is.
        let name = if release::is_video(&name) { name } else { format!("{name}.mkv") };
        Offer {
            media_id: ByHash { id: *id, info_hash: torrent.info_hash }.to_string(),
            link_name: link_name(&name),
            here: false,
            file,
            candidate: candidate.clone(),
        }
    }

    /// The file that would be played, where an index or a peer has told what is in the torrent.
    fn file_of(&self, candidate: &Candidate, query: &Query) -> Option<TorrentFile> {
        let torrent = &candidate.torrent;
        let known = self.parts.swarm.known(&torrent.info_hash);
        let files = known.map_or_else(|| torrent.files.clone(), |known| known.files.clone().into());
        let target = Target::of(query, Some(&torrent.name), torrent.file_index);
        Some(select::pick(&files, &target).ok()?.file.file)
    }

    /// The media id of what an app plays of `id`, which it knows by the file's length and name alone:
    /// that of the film that was chosen so, else that of the title.
    pub fn played_as(
        &self,
        id: &StremioId,
        size_bytes: Option<u64>,
        file_name: Option<&str>,
    ) -> Result<String, Error> {
        let mut best: Option<(u8, u64, String)> = None;
        for playable in self.chosen.of_title(id)? {
            let size = size_bytes.is_some() && playable.file.size_bytes == size_bytes;
            let name = file_name == Some(playable.file.base_name());
            let rank = (u8::from(size) * 2 + u8::from(name), playable.since);
            // Without a word of the file, it is the one that was chosen last.
            let told = size_bytes.is_some() || file_name.is_some();
            let fits = rank.0 > 0 || !told;
            if fits && best.as_ref().is_none_or(|(fit, since, _)| (*fit, *since) < rank) {
                best = Some((rank.0, rank.1, playable.media_id()));
            }
        }
        Ok(best.map_or_else(|| format!("{ASKED}{id}"), |(_, _, media_id)| media_id))
    }

    /// Whether a media id is of a file that lies whole on this box; what is known of it.
    pub(super) fn whole_file(&self, media_id: &str) -> Option<Playable> {
        let playable = self.chosen.get(media_id).ok()??;
        self.bytes_on_disk(&playable).map(|_| playable)
    }
}
