//! A file of a torrent, opened for a reader: the one that is named, or the film in it.

use std::sync::Arc;

use super::super::playable::{Playable, Via, seconds_now};
use super::super::{Error, Playback};
use super::{KnownTorrent, TorrentError};
use crate::media::Wanted;
use crate::release;
use crate::select::{self, Target};
use crate::torrent::{InfoHash, Magnet, TorrentFile, entity_tag};

/// How many videos of a torrent are judged for the one that plays, the largest.
const JUDGED: usize = 64;

/// A file of a torrent, ready to be read.
#[derive(Debug, Clone)]
pub struct TorrentMedia {
    /// For [`Playback::representation`].
    pub media_id: String,
    /// The last part of a link.
    pub link_name: String,
    /// The file.
    pub file: TorrentFile,
}

impl Playback {
    /// Opens a file of a torrent, or the film in it, for [`Self::representation`]. A torrent that was
    /// not added has to be known by having been played, or `may_add` must be said.
    pub async fn torrent_media(
        self: &Arc<Self>,
        info_hash: InfoHash,
        index: Option<u32>,
        may_add: bool,
    ) -> Result<TorrentMedia, Error> {
        let kept = self.kept_torrent(&info_hash)?;
        let played = self.chosen.of_torrent(&info_hash)?;
        // What is open already needs no description, which after a restart may take a while.
        let same = |one: &&Playable| index.is_some() && one.file.index == index;
        if kept.as_ref().is_none_or(|kept| kept.files.is_empty())
            && let Some(played) = played.iter().find(same)
        {
            return Ok(media_of(played));
        }
        let magnet = match (&kept, played.first()) {
            (Some(kept), _) => kept.magnet(info_hash),
            (None, Some(played)) => played.magnet(),
            (None, None) if may_add => Magnet::new(info_hash),
            (None, None) => return Err(TorrentError::Unknown { info_hash }.into()),
        };
        if kept.is_none() {
            self.keep_torrent(&magnet)?;
        }
        let known = self.described_torrent(&magnet).await?;
        let file = match index {
            Some(index) => known.files.iter().find(|file| file.index == Some(index)),
            None => main_file(&known),
        };
        let file = file.ok_or(match index {
            Some(index) => TorrentError::NoFile { info_hash, index },
            None => TorrentError::NoVideo { info_hash },
        })?;
        let playable = self.playable_of(&magnet, &known, file).await?;
        tracing::info!(%info_hash, file = file.base_name(), bytes = file.size_bytes, via = ?playable.via, "torrent: selected file");
        Ok(media_of(&playable))
    }

    /// A file of a torrent as one that was chosen. What is known of it already stays as it is.
    async fn playable_of(
        &self,
        magnet: &Magnet,
        known: &KnownTorrent,
        file: &TorrentFile,
    ) -> Result<Playable, Error> {
        let info_hash = known.info_hash;
        let mut playable = Playable {
            id: None,
            info_hash,
            title: None,
            release: known.name.clone().unwrap_or_else(|| info_hash.to_string()),
            trackers: magnet.trackers.clone(),
            file: file.clone(),
            via: Via::Swarm,
            store: None,
            since: seconds_now(),
            detail: Vec::new(),
            finished: None,
        };
        if let Some(before) = self.chosen.get(&playable.media_id())? {
            return Ok(before);
        }
        if let Some(at_store) = self.at_store(magnet, file).await {
            playable.file.link = at_store.link;
            playable.via = Via::Debrid;
            playable.store = self.debrid().map(|debrid| debrid.store());
        } else if !self.parts.swarm.allowed() && self.is_mirrored(&playable) {
            playable.via = Via::Mirror;
        } else if !self.parts.swarm.allowed() {
            return Err(TorrentError::NoWay { info_hash }.into());
        }
        self.chosen.put(&playable)?;
        self.lists.touch(&playable.media_id());
        Ok(playable)
    }
}

fn media_of(playable: &Playable) -> TorrentMedia {
    let (media_id, link_name) = (playable.media_id(), playable.link_name());
    TorrentMedia { media_id, link_name, file: playable.file.clone() }
}

/// The film of a torrent, by the rules of every choice; where they leave none, its largest video.
pub(super) fn main_file(known: &KnownTorrent) -> Option<&TorrentFile> {
    let target = Target { torrent_name: known.name.clone(), ..Target::new(Wanted::Film) };
    let tag = |file: &TorrentFile| entity_tag(&known.info_hash, file);
    // A torrent may have ten thousand files, and names take time to read.
    let mut videos: Vec<&TorrentFile> =
        known.files.iter().filter(|file| release::is_video(&file.name)).collect();
    videos.sort_by_key(|file| std::cmp::Reverse(file.size_bytes));
    let judged: Vec<TorrentFile> = videos.iter().take(JUDGED).copied().cloned().collect();
    let picked = select::pick(&judged, &target).ok().map(|pick| tag(&pick.file.file));
    let picked = picked.and_then(|picked| videos.iter().find(|file| tag(file) == picked));
    picked.or_else(|| videos.first()).copied()
}
