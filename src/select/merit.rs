//! Why a torrent stands where it stands among the others: named reasons, each with its points.

use serde::Serialize;

/// Why a torrent stands where it stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; what they are worth stands in points()")]
pub enum Merit {
    Refused,
    Executable,
    NoVideo,
    Archive,
    PasswordNote,
    TitleDiffers,
    YearDiffers,
    SeasonDiffers,
    EpisodeDiffers,
    NotAFilm,
    Extra,
    ExcludedWord,
    NotCached,
    LanguageNotTold,
    Cached,
    VerifiedEpisode,
    TitleMatch,
    AliasMatch,
    TitlePartial,
    TitleUnknown,
    YearMatch,
    Episode,
    SeasonPack,
    EpisodeUntold,
    Collection,
    #[serde(rename = "2160p")]
    P2160,
    #[serde(rename = "1440p")]
    P1440,
    #[serde(rename = "1080p")]
    P1080,
    #[serde(rename = "720p")]
    P720,
    LowResolution,
    Remux,
    Disc,
    Web,
    Broadcast,
    FilmedInCinema,
    FullDisc,
    DolbyVisionOnly,
    DolbyVisionAvoided,
    Hdr,
    HdrAvoided,
    OldCodec,
    NewCodec,
    CannotPlay,
    CannotSound,
    CannotOpen,
    Language,
    ManyLanguages,
    OtherLanguage,
    LanguageDiffers,
    ManySeeders,
    Seeders,
    NoSeeders,
    TooSmall,
    TooLarge,
    OverResolution,
    OverSize,
    OverBitrate,
}

/// Why a torrent is never played by itself: a word for programs, and a sentence's part for people.
pub type PutAside = (&'static str, &'static str);

impl Merit {
    /// Every merit.
    pub const ALL: [Self; 57] = [
        Self::Refused,
        Self::Executable,
        Self::NoVideo,
        Self::Archive,
        Self::PasswordNote,
        Self::TitleDiffers,
        Self::YearDiffers,
        Self::SeasonDiffers,
        Self::EpisodeDiffers,
        Self::NotAFilm,
        Self::Extra,
        Self::ExcludedWord,
        Self::NotCached,
        Self::LanguageNotTold,
        Self::Cached,
        Self::VerifiedEpisode,
        Self::TitleMatch,
        Self::AliasMatch,
        Self::TitlePartial,
        Self::TitleUnknown,
        Self::YearMatch,
        Self::Episode,
        Self::SeasonPack,
        Self::EpisodeUntold,
        Self::Collection,
        Self::P2160,
        Self::P1440,
        Self::P1080,
        Self::P720,
        Self::LowResolution,
        Self::Remux,
        Self::Disc,
        Self::Web,
        Self::Broadcast,
        Self::FilmedInCinema,
        Self::FullDisc,
        Self::DolbyVisionOnly,
        Self::DolbyVisionAvoided,
        Self::Hdr,
        Self::HdrAvoided,
        Self::OldCodec,
        Self::NewCodec,
        Self::CannotPlay,
        Self::CannotSound,
        Self::CannotOpen,
        Self::Language,
        Self::ManyLanguages,
        Self::OtherLanguage,
        Self::LanguageDiffers,
        Self::ManySeeders,
        Self::Seeders,
        Self::NoSeeders,
        Self::TooSmall,
        Self::TooLarge,
        Self::OverResolution,
        Self::OverSize,
        Self::OverBitrate,
    ];

    /// Why a torrent with this merit is never played by itself; `None` where it may be. Who asks for
    /// it by its hash gets it.
    #[must_use]
    pub const fn puts_aside(self) -> Option<PutAside> {
        const OTHER: PutAside = ("another_title", "it is another film or episode");
        const DUBIOUS: &str = "dubious_files";
        Some(match self {
            Self::Refused => ("refused_451", "the store refuses it for legal reasons (451)"),
            Self::Executable => (DUBIOUS, "a program is among its files"),
            Self::NoVideo => (DUBIOUS, "none of its files is a video"),
            Self::Archive => (DUBIOUS, "it is an archive, which no player opens"),
            Self::PasswordNote => (DUBIOUS, "it asks for a password"),
            Self::TitleDiffers
            | Self::YearDiffers
            | Self::SeasonDiffers
            | Self::EpisodeDiffers
            | Self::NotAFilm => OTHER,
            Self::Extra => ("extra", "it is a trailer or an extra, not the film"),
            Self::ExcludedWord => ("excluded_word", "its name holds a word that you avoid"),
            Self::NotCached => ("not_cached", "no store has it at once, and you want no other"),
            Self::LanguageNotTold => ("language", "it does not say that it is in your languages"),
            _ => return None,
        })
    }

    /// What it is worth. Each rank of thousands outweighs all below it: what may not be played
    /// stands last, what is another film before that, then what goes beyond the owner's limits, then
    /// what is not at once there. A resolution's place on the owner's ladder counts besides.
    #[must_use]
    pub const fn points(self) -> f64 {
        match self {
            Self::Refused => -200_000.0,
            Self::Executable | Self::NoVideo | Self::Archive | Self::PasswordNote => -100_000.0,
            Self::ExcludedWord => -60_000.0,
            Self::TitleDiffers => -40_000.0,
            Self::YearDiffers | Self::SeasonDiffers | Self::NotAFilm | Self::Extra => -30_000.0,
            Self::EpisodeDiffers | Self::NotCached | Self::LanguageNotTold => -20_000.0,
            // And behind all that is called as the title is (`Candidate::tier`), whatever speaks
            // against that: a wrong film is worse than a poor one.
            Self::TitleUnknown => -15_000.0,
            Self::FilmedInCinema
            | Self::CannotPlay
            | Self::CannotSound
            | Self::CannotOpen
            | Self::LanguageDiffers
            | Self::OverResolution
            | Self::OverSize
            | Self::OverBitrate => -12_000.0,
            Self::Cached => 10_000.0,
            Self::HdrAvoided | Self::DolbyVisionAvoided => -2000.0,
            Self::TooSmall | Self::FullDisc => -1500.0,
            Self::VerifiedEpisode => 1200.0,
            Self::TitleMatch => 1000.0,
            Self::AliasMatch => 900.0,
            Self::Language => 800.0,
            Self::DolbyVisionOnly => -600.0,
            Self::Episode => 600.0,
            Self::SeasonPack => 500.0,
            Self::ManyLanguages => 400.0,
            Self::TooLarge | Self::NoSeeders => -300.0,
            Self::TitlePartial => 200.0,
            Self::OtherLanguage => -150.0,
            Self::YearMatch => 100.0,
            Self::Disc | Self::Web => 80.0,
            Self::OldCodec => -80.0,
            Self::Remux | Self::Hdr => 60.0,
            Self::NewCodec => -60.0,
            Self::Collection | Self::EpisodeUntold => -50.0,
            Self::Broadcast => 30.0,
            // A resolution counts by its place on the ladder, seeders by their number.
            Self::P2160
            | Self::P1440
            | Self::P1080
            | Self::P720
            | Self::LowResolution
            | Self::ManySeeders
            | Self::Seeders => 0.0,
        }
    }
}
