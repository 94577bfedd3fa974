//! Why a file or a torrent stands where it stands: named reasons, each with its points.

use serde::Serialize;

/// Why a file was chosen, or passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The crowd of `StremThru` has verified that it is this episode.
    VerifiedEpisode,
    /// The number fits, and the season, or no season is told.
    ExactEpisode,
    /// One of several episodes in one file.
    MultiEpisode,
    /// It is named by the day on which the episode was first shown.
    AirDate,
    /// The number fits in a count without seasons.
    AbsoluteEpisode,
    /// The number fits, and of several seasons it cannot be told which.
    EpisodeOnly,
    /// It is called as the torrent is.
    ExactName,
    /// It is called by another of the title's names.
    Alias,
    /// It is called by the title.
    Title,
    /// It is the file that an index pointed at.
    Index,
    /// There is no other video.
    OnlyVideo,
    /// Passed over: a piece of the film to judge its picture.
    Sample,
    /// Passed over: an opening, a trailer, a making-of.
    Extra,
    /// Passed over: its extension is none of video.
    NotVideo,
    /// Passed over: the store gives no link for it, but does for others.
    NoLink,
    /// Passed over: it is of another season.
    SeasonContradicts,
    /// Passed over: it is another episode, or does not say which.
    NoEpisode,
    /// Passed over: it names another film.
    TitleDiffers,
}

impl Reason {
    /// What it is worth; `None` where it passes the file over.
    #[must_use]
    pub const fn points(self) -> Option<f64> {
        Some(match self {
            Self::VerifiedEpisode => 2000.0,
            Self::ExactEpisode => 1000.0,
            Self::AirDate => 900.0,
            Self::AbsoluteEpisode => 800.0,
            Self::MultiEpisode => 500.0,
            Self::OnlyVideo => 400.0,
            Self::EpisodeOnly => 200.0,
            Self::ExactName => 100.0,
            Self::Alias | Self::Title => 50.0,
            Self::Index => 25.0,
            _ => return None,
        })
    }
}

/// Why a torrent stands where it stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; what they are worth stands in points()")]
pub enum Merit {
    Refused,
    Executable,
    NoVideo,
    TitleDiffers,
    YearDiffers,
    SeasonDiffers,
    EpisodeDiffers,
    NotAFilm,
    Cached,
    VerifiedEpisode,
    TitleMatch,
    AliasMatch,
    TitlePartial,
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
    DolbyVisionOnly,
    OldCodec,
    ManySeeders,
    Seeders,
    NoSeeders,
    TooSmall,
    TooLarge,
}

impl Merit {
    /// Whether it says that the torrent holds something else than what is asked.
    #[must_use]
    pub const fn is_of_another_title(self) -> bool {
        matches!(
            self,
            Self::TitleDiffers
                | Self::YearDiffers
                | Self::SeasonDiffers
                | Self::EpisodeDiffers
                | Self::NotAFilm
                | Self::Executable
                | Self::NoVideo
        )
    }

    /// What it is worth. Each rank of thousands outweighs all below it: what may not be played
    /// stands last, what is another film before that, then what is not at once there.
    ///
    /// 1080p stands before 2160p: every set plays it, a weak Wi-Fi carries it, and from a sofa few
    /// see the difference. Both are good, and what a household prefers may be asked later.
    #[must_use]
    pub const fn points(self) -> f64 {
        match self {
            Self::Refused => -200_000.0,
            Self::Executable | Self::NoVideo => -100_000.0,
            Self::TitleDiffers => -40_000.0,
            Self::YearDiffers | Self::SeasonDiffers | Self::NotAFilm => -30_000.0,
            Self::EpisodeDiffers => -20_000.0,
            Self::FilmedInCinema => -12_000.0,
            Self::Cached => 10_000.0,
            Self::TooSmall => -1500.0,
            Self::VerifiedEpisode => 1200.0,
            Self::TitleMatch => 1000.0,
            Self::AliasMatch => 900.0,
            Self::TitlePartial => 200.0,
            Self::Episode => 600.0,
            Self::SeasonPack => 500.0,
            Self::P1080 => 400.0,
            Self::P2160 => 350.0,
            Self::P1440 => 300.0,
            Self::P720 => 250.0,
            Self::TooLarge | Self::NoSeeders => -300.0,
            Self::YearMatch | Self::LowResolution => 100.0,
            Self::Disc | Self::Web => 80.0,
            Self::Remux => 60.0,
            Self::Broadcast => 30.0,
            Self::Collection | Self::EpisodeUntold => -50.0,
            Self::DolbyVisionOnly | Self::OldCodec => -80.0,
            // The number itself counts: see `rank`.
            Self::ManySeeders | Self::Seeders => 0.0,
        }
    }
}
