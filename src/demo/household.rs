//! The household: what can be watched in the demonstration, and as which releases. Real torrents
//! are made of it; the stand-ins only say in their own words what stands here.

mod releases;
mod works;

use crate::media::{AnimeBase, StremioId};
use crate::torrent::metainfo::{self, Metainfo};
use crate::torrent::{IndexName, InfoHash};

pub use works::{Kind, Part, WORKS, Work};

/// Small, so that even films of a few hundred kB have many pieces, and a seek skips some.
pub const PIECE_LENGTH: u32 = 32 * 1024;

/// What the debrid store does with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtStore {
    /// There at once.
    Cached,
    /// There, but `invalid` for the first answers, as Real-Debrid says while it converts a magnet.
    Converting,
    /// `downloading` for the first answers, then there.
    Downloading,
    /// Refused for legal reasons (451).
    Refused,
    /// Queued for ever: nobody seeds it.
    Queued,
}

/// What a file of a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The film.
    Film,
    /// An episode, by its number.
    Episode(u32),
    /// A sample, a subtitle, a featurette, a note.
    Beside,
}

/// A file of a release.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its path in the torrent.
    pub path: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// What it is.
    pub role: Role,
}

impl Entry {
    /// The last part of its path.
    #[must_use]
    pub fn base_name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether a debrid store, which takes nothing but videos, takes it.
    #[must_use]
    pub fn is_video(&self) -> bool {
        let extension = self.path.rsplit_once('.').map(|(_, extension)| extension);
        matches!(extension, Some("mkv" | "mp4"))
    }

    /// Its length, in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// A release as the table has it.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// What it is of.
    pub work: &'static Work,
    /// Its name, which is the torrent's.
    pub name: &'static str,
    /// What it claims, such as `1080p`.
    pub resolution: Option<&'static str>,
    /// What it claims, such as `BluRay`.
    pub quality: Option<&'static str>,
    /// Where the indexes say they have it from.
    pub indexer: &'static str,
    /// What the indexes say of it.
    pub seeders: u32,
    /// Whether the demonstration's own seeder has it.
    pub seeded: bool,
    /// What the store does with it.
    pub at_store: AtStore,
    /// Which indexes list it.
    pub listed: &'static [IndexName],
    /// Its files.
    pub files: &'static [Entry],
}

/// A release with its torrent.
#[derive(Debug, Clone)]
pub struct Release {
    /// What the table says.
    pub recipe: Recipe,
    /// Its name in `BitTorrent`.
    pub info_hash: InfoHash,
    /// The `.torrent` (BEP 3).
    pub metainfo: Vec<u8>,
}

impl Release {
    fn build(recipe: Recipe, trackers: &[String]) -> Self {
        let files: Vec<(String, &[u8])> =
            recipe.files.iter().map(|file| (file.path.to_owned(), file.bytes)).collect();
        let metainfo = metainfo::build(recipe.name, &files, PIECE_LENGTH, trackers);
        let info_hash = Metainfo::read(&metainfo).map(|read| read.info_hash);
        let info_hash = info_hash.expect("a torrent of ours is sound");
        Self { recipe, info_hash, metainfo }
    }

    /// What it is of.
    #[must_use]
    pub fn work(&self) -> &'static Work {
        self.recipe.work
    }

    /// The bytes of all its files together.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.recipe.files.iter().map(Entry::size).sum()
    }

    /// The files with their place in the torrent.
    pub fn files(&self) -> impl Iterator<Item = (usize, &'static Entry)> {
        self.recipe.files.iter().enumerate()
    }

    /// The numbers of its episodes; none for a film.
    #[must_use]
    pub fn episodes(&self) -> Vec<u32> {
        let number = |file: &Entry| match file.role {
            Role::Episode(number) => Some(number),
            _ => None,
        };
        self.recipe.files.iter().filter_map(number).collect()
    }

    /// Whether it holds several episodes.
    #[must_use]
    pub fn is_pack(&self) -> bool {
        self.episodes().len() > 1
    }

    /// The place of the file that plays `role`.
    #[must_use]
    pub fn index_of(&self, role: Role) -> Option<usize> {
        self.files().find(|(_, file)| file.role == role).map(|(index, _)| index)
    }
}

/// Everything there is.
#[derive(Debug, Clone)]
pub struct Household {
    /// Every release, in the order of the table.
    pub releases: Vec<Release>,
}

impl Household {
    /// Makes the torrents, which announce to `trackers`.
    #[must_use]
    pub fn build(trackers: &[String]) -> Self {
        let build = |recipe: &Recipe| Release::build(*recipe, trackers);
        Self { releases: releases::RECIPES.iter().map(build).collect() }
    }

    /// The release with this hash.
    #[must_use]
    pub fn by_hash(&self, info_hash: &InfoHash) -> Option<&Release> {
        self.releases.iter().find(|release| release.info_hash == *info_hash)
    }

    /// The release with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.recipe.name == name)
    }

    /// What an index lists for an id: each release with the place of the file meant.
    #[must_use]
    pub fn listed(&self, index: IndexName, id: &StremioId) -> Vec<(&Release, usize)> {
        let Some((work, role)) = meant_by(id) else { return Vec::new() };
        let here = self.releases.iter().filter(|release| {
            release.recipe.work.imdb == work.imdb && release.recipe.listed.contains(&index)
        });
        here.filter_map(|release| Some((release, release.index_of(role)?))).collect()
    }
}

/// The work that an id names, and what must be in the file.
#[must_use]
pub fn meant_by(id: &StremioId) -> Option<(&'static Work, Role)> {
    match *id {
        StremioId::Imdb { id, episode } => {
            let work = Work::by_imdb(&id.to_string())?;
            match (work.kind, episode) {
                (Kind::Film, None) => Some((work, Role::Film)),
                (Kind::Series | Kind::Anime, Some(at)) if at.season == 1 => {
                    Some((work, Role::Episode(at.number)))
                }
                _ => None,
            }
        }
        StremioId::Anime { base: AnimeBase::Kitsu, id, episode: Some(number) } => {
            Some((Work::by_kitsu(id)?, Role::Episode(number)))
        }
        StremioId::Anime { base: AnimeBase::AniDb, id, episode: Some(number) } => {
            Some((Work::by_anidb(id)?, Role::Episode(number)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_is_another_torrent_of_many_pieces() {
        let household = Household::build(&["http://127.0.0.1:1/announce".to_owned()]);
        let mut hashes: Vec<InfoHash> = household.releases.iter().map(|r| r.info_hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), household.releases.len());
        for release in &household.releases {
            assert!(release.size() > 8 * u64::from(PIECE_LENGTH), "{}", release.recipe.name);
        }
    }

    #[test]
    fn trackers_are_no_part_of_a_torrents_name() {
        let hashes = |trackers: &[String]| -> Vec<InfoHash> {
            Household::build(trackers).releases.iter().map(|release| release.info_hash).collect()
        };
        assert_eq!(hashes(&[]), hashes(&["http://127.0.0.1:1/announce".to_owned()]));
    }

    #[test]
    fn every_id_that_is_offered_is_listed_by_every_index() {
        let household = Household::build(&[]);
        for (id, least) in [
            ("tt9900101", 3),
            ("tt9900102:1:1", 2),
            ("tt9900102:1:2", 2),
            ("tt9900102:1:3", 2),
            ("tt9900103:1:2", 1),
            ("kitsu:99001:1", 1),
            ("kitsu:99001:2", 1),
            ("anidb:99201:2", 1),
        ] {
            let id: StremioId = id.parse().unwrap();
            for index in IndexName::ALL {
                assert!(household.listed(index, &id).len() >= least, "{index} {id}");
            }
        }
    }

    #[test]
    fn an_id_of_nothing_here_lists_nothing() {
        let household = Household::build(&[]);
        for id in ["tt0944947", "tt9900101:1:1", "tt9900102", "tt9900102:2:1", "kitsu:99001:9"] {
            let id: StremioId = id.parse().unwrap();
            assert!(household.listed(IndexName::Torrentio, &id).is_empty(), "{id}");
        }
    }
}
