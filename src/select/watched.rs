//! How much of a torrent is watched: the size of the film or episode, not of the pack around it.

use super::merit::Merit;
use super::preferences::Preferences;
use crate::media::{Title, Wanted};
use crate::release::{self, Release};
use crate::torrent::{TorrentFile, Unique};

const MIB: u64 = 1 << 20;
/// Taken where nobody says how long it runs, in minutes.
const FILM_MINUTES: u64 = 110;
const EPISODE_MINUTES: u64 = 42;

/// Whether the size is one that the name can have, and within what the owner wants.
pub(super) fn of_size(
    release: &Release,
    torrent: &Unique,
    wanted: Wanted,
    title: Option<&Title>,
    preferences: &Preferences,
) -> Option<Merit> {
    let bytes = bytes(release, torrent)?;
    let film = wanted == Wanted::Film;
    let most = if film { preferences.max_film_mib } else { preferences.max_episode_mib };
    if most.is_some_and(|most| bytes > most.saturating_mul(MIB)) {
        return Some(Merit::OverSize);
    }
    let told = title.and_then(|title| title.runtime_min).filter(|minutes| *minutes > 0);
    let usual = if film { FILM_MINUTES } else { EPISODE_MINUTES };
    let seconds = told.map_or(usual, u64::from) * 60;
    let rate = bytes.saturating_mul(8) / seconds / 1_000_000;
    if preferences.max_mbit_s.is_some_and(|most| rate >= u64::from(most)) {
        return Some(Merit::OverBitrate);
    }
    let fewest = match release.resolution.as_deref() {
        Some("2160p" | "1440p") => 100 * MIB,
        Some("1080p") => 40 * MIB,
        Some("720p") => 20 * MIB,
        _ => 0,
    };
    let too_large = bytes > 100 * 1024 * MIB;
    (bytes < fewest).then_some(Merit::TooSmall).or(too_large.then_some(Merit::TooLarge))
}

/// Bytes of what is watched: of the file that an index picked, else of the torrent by its episodes.
/// `None` for a pack of which neither is known.
pub(super) fn bytes(release: &Release, torrent: &Unique) -> Option<u64> {
    if let Some(picked) = picked(torrent).and_then(|file| file.size_bytes) {
        return Some(picked);
    }
    let size = torrent.size_bytes?;
    if !release.batch {
        return Some(size);
    }
    let videos = torrent.files.iter().filter(|file| release::is_video(&file.name)).count();
    let episodes = match (videos, release.episodes.len()) {
        (0 | 1, 0 | 1) => return None,
        (0 | 1, told) => told,
        (videos, _) => videos,
    };
    Some(size / u64::try_from(episodes).unwrap_or(1).max(1))
}

fn picked(torrent: &Unique) -> Option<&TorrentFile> {
    let of_index = |file: &&TorrentFile| file.index.is_some() && file.index == torrent.file_index;
    let of_name = |file: &&TorrentFile| Some(file.base_name()) == torrent.file_name.as_deref();
    torrent.files.iter().find(of_index).or_else(|| torrent.files.iter().find(of_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torrent::InfoHash;

    fn torrent(size_bytes: Option<u64>, files: &[(&str, u64)]) -> Unique {
        let list = files.iter().zip(0..).map(|((name, size), index)| TorrentFile {
            index: Some(index),
            name: (*name).to_owned(),
            size_bytes: Some(*size),
            ..TorrentFile::default()
        });
        Unique {
            info_hash: InfoHash::from_bytes([1; 20]),
            name: String::new(),
            other_names: Vec::new(),
            size_bytes,
            seeders: None,
            file_index: None,
            file_name: None,
            trackers: Vec::new(),
            indexer: None,
            files: list.collect(),
            found_by: Vec::new(),
        }
    }

    #[test]
    fn a_pack_counts_by_its_episodes() {
        for (name, size, files, file_index, expected) in [
            ("Show.S01E01.1080p", Some(9), &[][..], None, Some(9)),
            ("Show.S01E01-E03.1080p", Some(9), &[], None, Some(3)),
            ("Show.S01.1080p", Some(9), &[], None, None),
            ("Show.S01.1080p", Some(10), &[("a.mkv", 4), ("b.mkv", 6)], None, Some(5)),
            ("Show.S01.1080p", Some(10), &[("a.mkv", 4), ("b.mkv", 6)], Some(1), Some(6)),
            ("Show.S01.1080p", None, &[], None, None),
        ] {
            let torrent = Unique { file_index, ..torrent(size, files) };
            assert_eq!(bytes(&release::parse(name), &torrent), expected, "{name}");
        }
    }
}
