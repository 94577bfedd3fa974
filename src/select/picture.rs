//! The picture of a torrent, and what the owner's set makes of it.

use super::merit::Merit;
use super::preferences::{Codec, DolbyVision, Hdr, Preferences, Resolution};
use crate::release::Release;
use crate::torrent::Unique;

pub(super) fn of_picture(
    release: &Release,
    torrent: &Unique,
    preferences: &Preferences,
) -> Vec<Merit> {
    let mut merits = Vec::new();
    if let Some(word) = release.resolution.as_deref() {
        let lines = Resolution::of(word);
        merits.push(match lines {
            Resolution::P2160 => Merit::P2160,
            Resolution::P1440 => Merit::P1440,
            Resolution::P1080 => Merit::P1080,
            Resolution::P720 => Merit::P720,
            Resolution::Sd => Merit::LowResolution,
        });
        let over = preferences.max_resolution.is_some_and(|most| lines > most);
        merits.extend(over.then_some(Merit::OverResolution));
    }
    merits.extend(of_source(release, torrent));
    merits.extend(of_range(release, preferences));
    let codec = release.codec.as_deref();
    merits.extend(matches!(codec, Some("xvid" | "mpeg")).then_some(Merit::OldCodec));
    merits.extend((codec == Some("av1")).then_some(Merit::NewCodec));
    let cannot = preferences.cannot_play.iter().any(|codec| is_of(*codec, release));
    merits.extend(cannot.then_some(Merit::CannotPlay));
    merits
}

fn of_source(release: &Release, torrent: &Unique) -> Option<Merit> {
    let on_disc = |name: &str| name.contains("BDMV/") || name.contains("VIDEO_TS/");
    if release.disc || torrent.files.iter().any(|file| on_disc(&file.name)) {
        return Some(Merit::FullDisc);
    }
    match release.quality.as_deref()? {
        "CAM" | "TeleSync" | "TeleCine" | "SCR" | "R5" => Some(Merit::FilmedInCinema),
        "BluRay REMUX" | "REMUX" => Some(Merit::Remux),
        "BluRay" | "BDRip" | "BRRip" | "UHDRip" => Some(Merit::Disc),
        web if web.starts_with("WEB") => Some(Merit::Web),
        "HDTV" | "HDTVRip" | "HDRip" | "PDTV" => Some(Merit::Broadcast),
        _ => None,
    }
}

/// HDR and Dolby Vision. Without a layer of HDR beneath, a set that lacks Dolby Vision shows it
/// green and violet.
fn of_range(release: &Release, preferences: &Preferences) -> Option<Merit> {
    let has = |word: &str| release.hdr.iter().any(|one| one == word);
    let (vision, beneath) = (has("DV"), has("HDR") || has("HDR10+"));
    match (preferences.dolby_vision, preferences.hdr) {
        (DolbyVision::Avoid, _) if vision => Some(Merit::DolbyVisionAvoided),
        (DolbyVision::WithHdr, _) if vision && !beneath => Some(Merit::DolbyVisionOnly),
        (_, Hdr::Avoid) if vision || beneath => Some(Merit::HdrAvoided),
        (_, Hdr::Prefer) if vision || beneath => Some(Merit::Hdr),
        _ => None,
    }
}

fn is_of(codec: Codec, release: &Release) -> bool {
    let word = match codec {
        Codec::Av1 => "av1",
        Codec::Hevc => "hevc",
        Codec::Avc => "avc",
        Codec::Vp9 => "vp9",
        Codec::Xvid => "xvid",
        Codec::Mpeg => "mpeg",
        Codec::TenBit => return release.bit_depth.is_some_and(|bits| bits >= 10),
    };
    release.codec.as_deref() == Some(word)
}
