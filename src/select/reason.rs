//! Why a file is chosen or passed over: named reasons, each with its points.

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
    /// Passed over: a piece of the film to judge its picture, by its name or by its size.
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
    /// Passed over: the film begins in another file (CD1, `VTS_01_1.VOB`).
    LaterPart,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 19] = [
        Self::VerifiedEpisode,
        Self::ExactEpisode,
        Self::MultiEpisode,
        Self::AirDate,
        Self::AbsoluteEpisode,
        Self::EpisodeOnly,
        Self::ExactName,
        Self::Alias,
        Self::Title,
        Self::Index,
        Self::OnlyVideo,
        Self::Sample,
        Self::Extra,
        Self::NotVideo,
        Self::NoLink,
        Self::SeasonContradicts,
        Self::NoEpisode,
        Self::TitleDiffers,
        Self::LaterPart,
    ];

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
