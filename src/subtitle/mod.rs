//! Subtitles: which files beside a film are its own, what their names say, and what is in them; and
//! where others are found ([`OpenSubtitles`]).
//!
//! Names and bytes come from strangers. Whatever the format and the encoding, it is read into cues
//! ([`Subtitle`]) and written out anew as `SubRip` or WebVTT in UTF-8, so that nothing of a
//! stranger's file is passed on but times, text, and three kinds of style.

mod beside;
mod cue;
mod format;
mod language;
mod name;
mod open_subtitles;
mod table;
mod text;

pub use beside::{Beside, MOST_BYTES, beside, is_subtitle};
pub use language::Language;
pub use name::{Named, read as read_name};
pub use open_subtitles::{Offer, OpenSubtitles, Wanted, read_offers};
pub use text::decode;

use crate::fetch;

/// Why a file's subtitles cannot be shown. One sentence each.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is larger than subtitles are.
    #[error("this file is too large for subtitles; choose others")]
    TooLarge,
    /// It is no text.
    #[error("this file holds no text, perhaps pictures of subtitles; choose others")]
    NotText,
    /// No cue was found in it.
    #[error("no subtitles were found in this file; choose others")]
    Empty,
    /// `OpenSubtitles` said that it was asked too often, or said nothing.
    #[error(
        "OpenSubtitles did not answer, or was asked too often; it is asked again in {seconds} s"
    )]
    Resting {
        /// How long it is left alone.
        seconds: u64,
    },
    /// It tells of titles by their ids at `IMDb` alone.
    #[error("OpenSubtitles knows titles by their IMDb ids, and this one has none that is known")]
    NotAtImdb,
    /// What it offered has no address that can be asked.
    #[error("OpenSubtitles gives no address for these subtitles; choose others")]
    NoAddress,
    /// It does not answer.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
}

/// What somebody says of a file's bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// The language.
    pub language: Option<Language>,
    /// The name of the encoding.
    pub encoding: Option<&'a str>,
    /// Frames a second of the film that it was made for.
    pub frames_s: Option<f64>,
}

/// The subtitles of a film: what is shown when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subtitle(Vec<cue::Cue>);

impl Subtitle {
    /// Reads a file in whichever format and encoding: `SubRip`, WebVTT, ASS, SSA, `MicroDVD`.
    pub fn read(bytes: &[u8], hints: Hints) -> Result<Self, Error> {
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Error::TooLarge);
        }
        let text = decode(bytes, hints.language, hints.encoding)?;
        let cues = format::read(&text, hints.frames_s);
        if cues.is_empty() { Err(Error::Empty) } else { Ok(Self(cues)) }
    }

    /// As `SubRip`.
    #[must_use]
    pub fn srt(&self) -> String {
        format::write_srt(&self.0)
    }

    /// As WebVTT.
    #[must_use]
    pub fn vtt(&self) -> String {
        format::write_vtt(&self.0)
    }

    /// How many cues there are.
    #[must_use]
    pub fn cues(&self) -> usize {
        self.0.len()
    }
}
