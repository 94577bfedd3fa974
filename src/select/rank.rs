//! The order in which torrents are tried.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};

use super::naming::{Fit, Names};
use super::reason::Merit;
use crate::media::{Query, Title, Wanted};
use crate::release::{self, Release};
use crate::torrent::{Availability, InfoHash, Store, Unique};

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
    pub release: Release,
    /// Points: the higher, the earlier.
    pub score: f64,
    /// Why.
    pub reasons: Vec<Merit>,
}

impl Candidate {
    /// Whether its name says that it holds something else than what is asked, or nothing to watch.
    #[must_use]
    pub fn is_another_title(&self) -> bool {
        self.reasons.iter().any(|merit| merit.is_of_another_title())
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
        found_by: &'a [crate::torrent::IndexName],
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
fn as_facts<S: Serializer>(release: &Release, serializer: S) -> Result<S::Ok, S::Error> {
    let serde_json::Value::Object(mut facts) =
        serde_json::to_value(release).map_err(serde::ser::Error::custom)?
    else {
        return serializer.serialize_none();
    };
    for of_files in ["name", "extension", "is_video", "is_sample"] {
        facts.remove(of_files);
    }
    facts.serialize(serializer)
}

/// Puts torrents in the order in which they should be tried. None is left out: those that may not
/// be played stand last, with the reason.
#[must_use]
pub fn rank<S: std::hash::BuildHasher>(
    torrents: Vec<Unique>,
    availability: &HashMap<InfoHash, BTreeMap<Store, Availability>, S>,
    query: &Query,
) -> Vec<Candidate> {
    let judge = Judge::new(query);
    let candidate = |torrent: Unique| {
        let stores = availability.get(&torrent.info_hash).cloned().unwrap_or_default();
        judge.candidate(torrent, stores)
    };
    let mut candidates: Vec<Candidate> = torrents.into_iter().map(candidate).collect();
    candidates.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then_with(|| a.torrent.info_hash.cmp(&b.torrent.info_hash))
    });
    candidates
}

/// What is wanted, made comparable once for thousands of torrents.
struct Judge<'a> {
    names: Names,
    title: Option<&'a Title>,
    wanted: Wanted,
    id: String,
}

impl<'a> Judge<'a> {
    fn new(query: &'a Query) -> Self {
        let title = query.title.as_ref();
        let names = title.map(|title| Names::new(Some(&title.name), &title.aliases));
        Self {
            names: names.unwrap_or_default(),
            title,
            wanted: query.wanted(),
            id: query.id.to_string(),
        }
    }

    fn candidate(&self, torrent: Unique, availability: BTreeMap<Store, Availability>) -> Candidate {
        let release = release::parse(&torrent.name);
        let mut merits = Vec::new();
        merits.extend(of_stores(&availability));
        merits.extend(of_files(&torrent));
        merits.extend(self.of_title(&release));
        merits.extend(self.of_year(&release));
        merits.extend(self.of_number(&release, &torrent));
        merits.extend(of_picture(&release));
        merits.extend(of_size(&release, torrent.size_bytes));
        merits.extend(of_seeders(torrent.seeders, &merits));
        let points: f64 = merits.iter().map(|merit| merit.points()).sum();
        let seeders = f64::from(torrent.seeders.unwrap_or(0));
        // Ten times as many seeders are worth 20 points, no more than 80: they fill a swarm, but a
        // good picture of twenty peers comes in time too.
        let score = points + (20.0 * (1.0 + seeders).log10()).min(80.0);
        let score = (score * 10.0).round() / 10.0;
        Candidate { torrent, availability, release, score, reasons: merits }
    }

    fn of_title(&self, release: &Release) -> Option<Merit> {
        let fit = self.names.fit(release.title.as_deref())?;
        Some(match fit {
            Fit::Title => Merit::TitleMatch,
            Fit::Alias => Merit::AliasMatch,
            // A longer name is a sequel's as often as a subtitle's. Anime is called by season and
            // arc, and a year in common tells a film.
            Fit::Partial if self.partial_will_do(release) => Merit::TitlePartial,
            Fit::Partial | Fit::Differs => Merit::TitleDiffers,
        })
    }

    fn partial_will_do(&self, release: &Release) -> bool {
        let year = self.title.and_then(|title| title.year);
        let same_year = release.year.is_some() && release.year == year;
        same_year || release.batch || matches!(self.wanted, Wanted::Absolute { .. })
    }

    fn of_year(&self, release: &Release) -> Option<Merit> {
        let (theirs, ours) = (release.year?, self.title?.year?);
        match self.wanted {
            Wanted::Film if theirs == ours => Some(Merit::YearMatch),
            // Festivals and cinemas differ by one.
            Wanted::Film if theirs.abs_diff(ours) > 1 => Some(Merit::YearDiffers),
            // A series' later seasons bear later years; an earlier one is another series.
            Wanted::Episode(_) if theirs + 1 < ours => Some(Merit::YearDiffers),
            _ => None,
        }
    }

    fn of_number(&self, release: &Release, torrent: &Unique) -> Option<Merit> {
        if torrent.files.iter().any(|file| file.sid.as_deref() == Some(&self.id)) {
            return Some(Merit::VerifiedEpisode);
        }
        let of_file = torrent.file_name.as_deref().map(release::parse);
        let (seasons, episodes) = (&release.seasons, &release.episodes);
        let silent = Vec::new();
        // What the index picked says which episode a pack was found for.
        let picked = of_file.as_ref().map_or(&silent, |file| &file.episodes);
        let told = if episodes.is_empty() { picked } else { episodes };
        match self.wanted {
            Wanted::Film if !seasons.is_empty() => Some(Merit::NotAFilm),
            Wanted::Film => (release.batch && episodes.is_empty()).then_some(Merit::Collection),
            Wanted::Episode(wanted) => {
                if !seasons.is_empty() && !seasons.contains(&wanted.season) {
                    return Some(Merit::SeasonDiffers);
                }
                if self.is_of_day(release) {
                    return Some(Merit::Episode);
                }
                Some(in_count(told, wanted.number, !seasons.is_empty(), release))
            }
            Wanted::Absolute { number, also } => {
                let other = |also: crate::media::Episode| {
                    !seasons.is_empty() && !seasons.contains(&also.season)
                };
                let fits =
                    told.contains(&number) || also.is_some_and(|also| told.contains(&also.number));
                match also {
                    // Counted on, all may be filed under the first season.
                    Some(also) if other(also) && !(fits && *seasons == [1]) => {
                        Some(Merit::SeasonDiffers)
                    }
                    _ if fits => Some(Merit::Episode),
                    _ => Some(in_count(told, number, !seasons.is_empty(), release)),
                }
            }
        }
    }

    fn is_of_day(&self, release: &Release) -> bool {
        let aired = self.title.and_then(|title| title.air_date.as_ref());
        aired.is_some() && release.date.as_ref() == aired
    }
}

fn in_count(told: &[u32], number: u32, season: bool, release: &Release) -> Merit {
    match told {
        [] if season || release.batch => Merit::SeasonPack,
        [] if release.date.is_some() => Merit::EpisodeDiffers,
        [] => Merit::EpisodeUntold,
        told if told.contains(&number) => Merit::Episode,
        _ => Merit::EpisodeDiffers,
    }
}

fn of_stores(availability: &BTreeMap<Store, Availability>) -> Option<Merit> {
    let mut all = availability.values();
    let refused = !availability.is_empty() && all.all(|one| *one == Availability::Refused);
    let cached = availability.values().any(|one| *one == Availability::Cached);
    refused.then_some(Merit::Refused).or(cached.then_some(Merit::Cached))
}

/// A program among the files, or no video: whatever it is called, it is no film.
fn of_files(torrent: &Unique) -> Option<Merit> {
    let mut names =
        torrent.files.iter().map(|file| file.name.as_str()).chain(torrent.file_name.as_deref());
    if names.any(release::is_executable) || release::is_executable(&torrent.name) {
        return Some(Merit::Executable);
    }
    let listed = !torrent.files.is_empty();
    let video = torrent.files.iter().any(|file| release::is_video(&file.name));
    (listed && !video).then_some(Merit::NoVideo)
}

fn of_picture(release: &Release) -> Vec<Merit> {
    let mut merits = Vec::new();
    merits.extend(release.resolution.as_deref().map(|resolution| match resolution {
        "2160p" => Merit::P2160,
        "1440p" => Merit::P1440,
        "1080p" | "1080i" => Merit::P1080,
        "720p" | "720i" => Merit::P720,
        _ => Merit::LowResolution,
    }));
    merits.extend(release.quality.as_deref().and_then(|quality| match quality {
        "CAM" | "TeleSync" | "TeleCine" | "SCR" | "R5" => Some(Merit::FilmedInCinema),
        "BluRay REMUX" | "REMUX" => Some(Merit::Remux),
        "BluRay" | "BDRip" | "BRRip" | "UHDRip" => Some(Merit::Disc),
        web if web.starts_with("WEB") => Some(Merit::Web),
        "HDTV" | "HDTVRip" | "HDRip" | "PDTV" => Some(Merit::Broadcast),
        _ => None,
    }));
    // Without a layer of HDR beneath, a set that lacks Dolby Vision shows it green and violet.
    merits.extend((release.hdr == ["DV"]).then_some(Merit::DolbyVisionOnly));
    let old = matches!(release.codec.as_deref(), Some("xvid" | "mpeg"));
    merits.extend(old.then_some(Merit::OldCodec));
    merits
}

/// Whether the size is one that the name can have.
fn of_size(release: &Release, size_bytes: Option<u64>) -> Option<Merit> {
    const MIB: u64 = 1 << 20;
    let size = size_bytes?;
    let fewest = match release.resolution.as_deref() {
        Some("2160p" | "1440p") => 100 * MIB,
        Some("1080p") => 40 * MIB,
        Some("720p") => 20 * MIB,
        _ => 0,
    };
    let most = if release.batch { u64::MAX } else { 100 * 1024 * MIB };
    (size < fewest).then_some(Merit::TooSmall).or((size > most).then_some(Merit::TooLarge))
}

fn of_seeders(seeders: Option<u32>, merits: &[Merit]) -> Option<Merit> {
    match seeders? {
        0 if merits.contains(&Merit::Cached) => None,
        0 => Some(Merit::NoSeeders),
        1..50 => Some(Merit::Seeders),
        _ => Some(Merit::ManySeeders),
    }
}
