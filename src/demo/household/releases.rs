//! The releases, as a table: of each title a good one, and around it everything that goes wrong
//! in the world (refused, unseeded, filmed in a cinema, still converting). What the names claim is
//! part of the stage set; `Demo` stands in every one.

use super::AtStore::{Cached, Converting, Downloading, Queued, Refused};
use super::Role::{Beside, Episode, Film};
use super::{Entry, Recipe, Role, WORKS, Work};
use crate::demo::reel::{
    EPISODES_MKV, EPISODES_SRT, EXTRA_MKV, FILM_MKV, FILM_MP4, FILM_SRT, NOTE,
};
use crate::torrent::IndexName::{self, StremThru, Torrentio, Zilean};

const ALL: &[IndexName] = &IndexName::ALL;
const LAMP: &Work = &WORKS[0];
const HARBOUR: &Work = &WORKS[1];
const KITES: &Work = &WORKS[2];

const fn file(path: &'static str, bytes: &'static [u8], role: Role) -> Entry {
    Entry { path, bytes, role }
}

const fn episode(number: u32, path: &'static str) -> Entry {
    file(path, EPISODES_MKV[number as usize - 1], Episode(number))
}

const fn subtitle(number: u32, path: &'static str) -> Entry {
    file(path, EPISODES_SRT[number as usize - 1], Beside)
}

pub(super) const RECIPES: &[Recipe] = &[
    // The best on paper, and refused: its name carries what Real-Debrid's filter looks for.
    Recipe {
        work: LAMP,
        name: "The.Lamp.and.the.Tide.2024.2160p.WEB-DL.DDP5.1.H.265-Demo",
        resolution: Some("2160p"),
        quality: Some("WEB-DL"),
        indexer: "1337x",
        seeders: 812,
        seeded: false,
        at_store: Refused,
        listed: ALL,
        files: &[
            file("The.Lamp.and.the.Tide.2024.2160p.WEB-DL.DDP5.1.H.265-Demo.mkv", FILM_MKV, Film),
            file("The.Lamp.and.the.Tide.2024.2160p.WEB-DL.DDP5.1.H.265-Demo.srt", FILM_SRT, Beside),
        ],
    },
    Recipe {
        work: LAMP,
        name: "The.Lamp.and.the.Tide.2024.1080p.BluRay.x264.AAC-Demo",
        resolution: Some("1080p"),
        quality: Some("BluRay"),
        indexer: "YTS",
        seeders: 41,
        seeded: true,
        at_store: Cached,
        listed: ALL,
        files: &[
            file("The.Lamp.and.the.Tide.2024.1080p.BluRay.x264.AAC-Demo.mp4", FILM_MP4, Film),
            file("The.Lamp.and.the.Tide.2024.1080p.BluRay.x264.AAC-Demo.srt", FILM_SRT, Beside),
        ],
    },
    Recipe {
        work: LAMP,
        name: "The Lamp and the Tide 2024 720p BluRay x264-Demo",
        resolution: Some("720p"),
        quality: Some("BluRay"),
        indexer: "TorrentGalaxy",
        seeders: 17,
        seeded: true,
        at_store: Downloading,
        listed: ALL,
        files: &[
            file("The Lamp and the Tide 2024 720p BluRay x264-Demo.mkv", FILM_MKV, Film),
            file("Subs/The Lamp and the Tide 2024 720p BluRay x264-Demo.en.srt", FILM_SRT, Beside),
            file("Sample/lamp.and.tide.sample.mkv", EXTRA_MKV, Beside),
        ],
    },
    // Nobody has it any more, neither the store nor a peer.
    Recipe {
        work: LAMP,
        name: "The.Lamp.and.the.Tide.2024.1080p.HDTV.H264-Demo",
        resolution: Some("1080p"),
        quality: Some("HDTV"),
        indexer: "EZTV",
        seeders: 0,
        seeded: false,
        at_store: Queued,
        listed: &[StremThru, Zilean],
        files: &[file("The.Lamp.and.the.Tide.2024.1080p.HDTV.H264-Demo.mkv", FILM_MKV, Film)],
    },
    Recipe {
        work: LAMP,
        name: "The.Lamp.and.the.Tide.2024.HDCAM.x264-Demo",
        resolution: None,
        quality: Some("CAM"),
        indexer: "Rutor",
        seeders: 230,
        seeded: true,
        at_store: Cached,
        listed: &[StremThru, Torrentio],
        files: &[file("The.Lamp.and.the.Tide.2024.HDCAM.x264-Demo.mp4", FILM_MP4, Film)],
    },
    // A season with the extras that a selection must pass over.
    Recipe {
        work: HARBOUR,
        name: "Harbour Watch S01 COMPLETE 1080p BluRay x264-Demo",
        resolution: Some("1080p"),
        quality: Some("BluRay"),
        indexer: "TorrentGalaxy",
        seeders: 63,
        seeded: true,
        at_store: Converting,
        listed: ALL,
        files: &[
            file("Featurettes/Making of the Bell.mkv", EXTRA_MKV, Beside),
            file("Sample/harbour.watch.s01e01.sample.mkv", EXTRA_MKV, Beside),
            episode(1, "Season 1/Harbour.Watch.S01E01.The.First.Bell.1080p.BluRay.x264-Demo.mkv"),
            subtitle(1, "Season 1/Harbour.Watch.S01E01.The.First.Bell.1080p.BluRay.x264-Demo.srt"),
            episode(2, "Season 1/Harbour.Watch.S01E02.Small.Hours.1080p.BluRay.x264-Demo.mkv"),
            subtitle(2, "Season 1/Harbour.Watch.S01E02.Small.Hours.1080p.BluRay.x264-Demo.srt"),
            episode(3, "Season 1/Harbour.Watch.S01E03.The.Long.Ebb.1080p.BluRay.x264-Demo.mkv"),
            subtitle(3, "Season 1/Harbour.Watch.S01E03.The.Long.Ebb.1080p.BluRay.x264-Demo.srt"),
            file("READ ME.txt", NOTE, Beside),
        ],
    },
    Recipe {
        work: HARBOUR,
        name: "Harbour.Watch.S01E01.1080p.WEB-DL.H264-Demo",
        resolution: Some("1080p"),
        quality: Some("WEB-DL"),
        indexer: "EZTV",
        seeders: 120,
        seeded: false,
        at_store: Refused,
        listed: &[Torrentio, Zilean],
        files: &[episode(1, "Harbour.Watch.S01E01.1080p.WEB-DL.H264-Demo.mkv")],
    },
    Recipe {
        work: HARBOUR,
        name: "Harbour.Watch.S01E01.720p.HDTV.h264-Demo",
        resolution: Some("720p"),
        quality: Some("HDTV"),
        indexer: "EZTV",
        seeders: 22,
        seeded: true,
        at_store: Cached,
        listed: ALL,
        files: &[
            episode(1, "Harbour.Watch.S01E01.720p.HDTV.h264-Demo.mkv"),
            subtitle(1, "Harbour.Watch.S01E01.720p.HDTV.h264-Demo.srt"),
        ],
    },
    Recipe {
        work: HARBOUR,
        name: "Harbour.Watch.S01E02.720p.HDTV.h264-Demo",
        resolution: Some("720p"),
        quality: Some("HDTV"),
        indexer: "EZTV",
        seeders: 19,
        seeded: true,
        at_store: Cached,
        listed: ALL,
        files: &[
            episode(2, "Harbour.Watch.S01E02.720p.HDTV.h264-Demo.mkv"),
            subtitle(2, "Harbour.Watch.S01E02.720p.HDTV.h264-Demo.srt"),
        ],
    },
    Recipe {
        work: HARBOUR,
        name: "Harbour.Watch.S01E03.720p.HDTV.h264-Demo",
        resolution: Some("720p"),
        quality: Some("HDTV"),
        indexer: "EZTV",
        seeders: 24,
        seeded: true,
        at_store: Downloading,
        listed: ALL,
        files: &[
            episode(3, "Harbour.Watch.S01E03.720p.HDTV.h264-Demo.mkv"),
            subtitle(3, "Harbour.Watch.S01E03.720p.HDTV.h264-Demo.srt"),
        ],
    },
    // Anime counts without seasons.
    Recipe {
        work: KITES,
        name: "[Demo] Paper Kites (01-02) [1080p][Batch]",
        resolution: Some("1080p"),
        quality: None,
        indexer: "NyaaSi",
        seeders: 35,
        seeded: true,
        at_store: Cached,
        listed: ALL,
        files: &[
            episode(1, "[Demo] Paper Kites - 01 [1080p].mkv"),
            episode(2, "[Demo] Paper Kites - 02 [1080p].mkv"),
            file("Extras/[Demo] Paper Kites - NCOP [1080p].mkv", EXTRA_MKV, Beside),
        ],
    },
    Recipe {
        work: KITES,
        name: "[Demo] Paper Kites - 02 [720p].mkv",
        resolution: Some("720p"),
        quality: None,
        indexer: "NyaaSi",
        seeders: 8,
        seeded: true,
        at_store: Queued,
        listed: ALL,
        files: &[episode(2, "[Demo] Paper Kites - 02 [720p].mkv")],
    },
];
