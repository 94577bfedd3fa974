//! A torrent with its place in the order, as `find --json` prints it, and why in one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::merit::{Merit, PutAside};
use crate::release::Release;
use crate::torrent::{Availability, IndexName, InfoHash, Store, Unique};

/// A torrent with its place in the order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The torrent.
    #[serde(flatten)]
    #[serde(serialize_with = "as_found")]
    pub torrent: Unique,
    /// What each store says of it.
    pub availability: BTreeMap<Store, Availability>,
    /// What its name says.
    #[serde(serialize_with = "as_facts")]
    pub release: Arc<Release>,
    /// Points: the higher, the earlier.
    pub score: f64,
    /// Why.
    pub reasons: Vec<Merit>,
}

impl Candidate {
    /// Why it is never played by itself; `None` where it may be.
    #[must_use]
    pub fn put_aside(&self) -> Option<PutAside> {
        self.reasons.iter().find_map(|merit| merit.puts_aside())
    }

    /// Whether nothing is known for which the set that asks could not play it.
    #[must_use]
    pub fn suits_set(&self) -> bool {
        let cannot = [Merit::CannotPlay, Merit::CannotSound, Merit::CannotOpen];
        !self.reasons.iter().any(|merit| cannot.contains(merit))
    }

    /// What comes before any score: first what is called as the title is, then what may be it under
    /// another name, then what is never played by itself.
    pub(super) fn tier(&self) -> u8 {
        match self.put_aside() {
            Some(_) => 2,
            None => u8::from(self.reasons.contains(&Merit::TitleUnknown)),
        }
    }

    /// Why it stands where it stands, in one sentence for a viewer: how it comes, what it is, its
    /// picture, its size, and what speaks against it.
    #[must_use]
    pub fn why(&self) -> String {
        if let Some((_, why)) = self.put_aside() {
            return format!("Not played by itself: {why}.");
        }
        let mut parts = vec![self.way()];
        parts.extend(self.reasons.iter().filter_map(|merit| what(*merit)).map(str::to_owned));
        parts.extend(self.picture());
        parts.extend(self.torrent.size_bytes.map(in_words));
        let against: Vec<&str> = self.reasons.iter().filter_map(|merit| against(*merit)).collect();
        let but = if against.is_empty() {
            String::new()
        } else {
            format!(", but {}", against.join(" and "))
        };
        format!("{}{but}.", parts.join("; "))
    }

    fn way(&self) -> String {
        let cached = self.availability.iter().filter(|(_, one)| **one == Availability::Cached);
        let stores: Vec<String> = cached.map(|(store, _)| store.label().to_owned()).collect();
        match (stores.is_empty(), self.torrent.seeders) {
            (false, _) => format!("Plays at once from {}", stores.join(" and ")),
            (true, Some(0)) => "Nobody is known to share it at the moment".to_owned(),
            (true, Some(1)) => "One person shares it".to_owned(),
            (true, Some(many)) => format!("{many} people share it"),
            (true, None) => "Must be fetched first".to_owned(),
        }
    }

    fn picture(&self) -> Option<String> {
        let resolution = self.release.resolution.as_deref();
        let source = self.reasons.iter().find_map(|merit| match merit {
            Merit::Remux => Some("straight from disc"),
            Merit::Disc => Some("from disc"),
            Merit::Web => Some("from the web"),
            Merit::Broadcast => Some("from television"),
            Merit::FullDisc => Some("a whole disc"),
            _ => None,
        });
        let parts: Vec<&str> = resolution.into_iter().chain(source).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

const fn what(merit: Merit) -> Option<&'static str> {
    Some(match merit {
        Merit::VerifiedEpisode => "checked by others to be the right one",
        Merit::Episode => "the right episode",
        Merit::SeasonPack => "a pack with the season",
        Merit::Collection => "one film of a collection",
        Merit::Language => "in your language",
        Merit::ManyLanguages => "in several languages",
        _ => return None,
    })
}

const fn against(merit: Merit) -> Option<&'static str> {
    Some(match merit {
        Merit::TitleUnknown => "it is called otherwise, perhaps in another language",
        Merit::FilmedInCinema => "it was filmed in a cinema",
        Merit::CannotPlay => "your television may not play its coding",
        Merit::CannotSound => "your television may not play its sound",
        Merit::CannotOpen => "your television may not open such files",
        Merit::LanguageDiffers | Merit::OtherLanguage => "it seems to be in another language",
        Merit::OverResolution => "it is finer than you want",
        Merit::OverSize => "it is larger than you want",
        Merit::OverBitrate => "it needs a faster network than you have",
        Merit::DolbyVisionOnly | Merit::DolbyVisionAvoided => {
            "it needs a television with Dolby Vision"
        }
        Merit::HdrAvoided => "it needs a television with HDR",
        Merit::TooSmall => "it is smaller than its name promises",
        Merit::EpisodeUntold => "its name does not say which episode it is",
        _ => return None,
    })
}

/// A size in binary units, like the one that the pages and the table show beside it.
fn in_words(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mebibytes = bytes as f64 / 1_048_576.0;
    if mebibytes >= 1024.0 {
        format!("{:.1} GiB", mebibytes / 1024.0)
    } else {
        format!("{mebibytes:.1} MiB")
    }
}

/// As `find --json` prints a torrent: without its list of files.
fn as_found<S: Serializer>(torrent: &Unique, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[expect(clippy::struct_field_names, reason = "the JSON's names")]
    struct Found<'a> {
        info_hash: InfoHash,
        name: &'a str,
        size_bytes: Option<u64>,
        seeders: Option<u32>,
        file_index: Option<u32>,
        file_name: Option<&'a str>,
        trackers: &'a [String],
        found_by: &'a [IndexName],
        indexer: Option<&'a str>,
    }
    let Unique { info_hash, name, size_bytes, seeders, file_index, trackers, found_by, .. } =
        torrent;
    Found {
        info_hash: *info_hash,
        name,
        size_bytes: *size_bytes,
        seeders: *seeders,
        file_index: *file_index,
        file_name: torrent.file_name.as_deref(),
        trackers,
        found_by,
        indexer: torrent.indexer.as_deref(),
    }
    .serialize(serializer)
}

/// As `find --json` prints a release: without the name, which stands beside it, and without what is
/// said of files.
fn as_facts<S: Serializer>(release: &Arc<Release>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Facts<'a> {
        title: &'a Option<String>,
        year: Option<u16>,
        seasons: &'a [u32],
        episodes: &'a [u32],
        resolution: &'a Option<String>,
        quality: &'a Option<String>,
        codec: &'a Option<String>,
        bit_depth: Option<u8>,
        hdr: &'a [String],
        audio: &'a [String],
        channels: &'a [String],
        languages: &'a [String],
        group: &'a Option<String>,
        batch: bool,
    }
    Facts {
        title: &release.title,
        year: release.year,
        seasons: &release.seasons,
        episodes: &release.episodes,
        resolution: &release.resolution,
        quality: &release.quality,
        codec: &release.codec,
        bit_depth: release.bit_depth,
        hdr: &release.hdr,
        audio: &release.audio,
        channels: &release.channels,
        languages: &release.languages,
        group: &release.group,
        batch: release.batch,
    }
    .serialize(serializer)
}
