//! What is told of a film's subtitles.

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::subtitle::{Beside, Language, Named, Offer, read_name};
use crate::torrent::{TorrentFile, stated_name};

/// Most that are told of one film.
const MOST: usize = 60;
/// Longest name of a file that is told, in bytes.
const LONGEST_NAME: usize = 200;

/// Where subtitles come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubtitleSource {
    /// The film's own torrent.
    Torrent,
    /// `OpenSubtitles`.
    OpenSubtitles,
}

/// What the second part of a key begins with, by the source.
pub(super) const FROM_TORRENT: char = 't';
pub(super) const FROM_ONLINE: char = 'o';

/// Subtitles of a film, not opened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubtitleLine {
    /// The name of their bytes, to be signed: the film's media id, a colon, which of its subtitles. Of
    /// the same it is always the same.
    #[serde(skip)]
    pub key: String,
    /// ISO 639-2/B, where it is known.
    pub language: Option<String>,
    /// For people: the language's name and what else tells it apart.
    pub label: String,
    /// Only what is said in a foreign language, and signs.
    pub forced: bool,
    /// With sounds, for the hard of hearing.
    pub sdh: bool,
    /// Where they come from.
    pub source: SubtitleSource,
    /// What their file is called there.
    pub name: Option<String>,
    /// Whether they are known to be made for this very file.
    pub fits: bool,
    #[serde(skip)]
    spoken: Option<Language>,
}

impl SubtitleLine {
    /// Those of a file beside the film.
    pub(super) fn beside(media_id: &str, one: &Beside) -> Self {
        let Named { language, forced, sdh, .. } = one.named;
        Self {
            key: format!("{media_id}:{FROM_TORRENT}{}", number(&one.file)),
            language: language.map(|language| language.code().to_owned()),
            label: label(language, forced, sdh),
            forced,
            sdh,
            source: SubtitleSource::Torrent,
            name: Some(stated_name(one.file.base_name(), LONGEST_NAME)),
            fits: true,
            spoken: language,
        }
    }

    /// Those that were offered.
    pub(super) fn online(media_id: &str, offer: &Offer) -> Self {
        let language = offer.language();
        let named = offer.name.as_deref().map(|name| read_name(name, None)).unwrap_or_default();
        let label = label(language, named.forced, named.sdh);
        Self {
            key: format!("{media_id}:{FROM_ONLINE}{}", offer.id),
            language: language.map(|language| language.code().to_owned()),
            label: format!("{label}, OpenSubtitles"),
            forced: named.forced,
            sdh: named.sdh,
            source: SubtitleSource::OpenSubtitles,
            name: offer.name.clone(),
            fits: offer.by_hash,
            spoken: language,
        }
    }

    /// Their language as web pages name it (BCP 47); `und` where it is not known.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.spoken.map_or("und", Language::tag)
    }

    /// How wanted their language is, 0 the most; `None` where it is not among `languages`, codes of
    /// two letters.
    pub(super) fn rank(&self, languages: &[String]) -> Option<usize> {
        let code = self.spoken?.two_letters()?;
        languages.iter().position(|wanted| wanted == code)
    }
}

/// In the order in which they are told: the household's languages, what says none, the others; whole
/// before what is forced, and those made for this file before others.
pub(super) fn sorted(mut lines: Vec<SubtitleLine>, languages: &[String]) -> Vec<SubtitleLine> {
    lines.sort_by_cached_key(|line| {
        let unknown = line.language.is_none();
        let rank = line.rank(languages).unwrap_or(languages.len() + usize::from(!unknown));
        let name = line.spoken.map(Language::name);
        (rank, name, line.forced, !line.fits, line.source, line.sdh)
    });
    lines.truncate(MOST);
    number_labels(&mut lines);
    lines
}

/// Labels that are the same get numbers.
fn number_labels(lines: &mut [SubtitleLine]) {
    let labels: Vec<String> = lines.iter().map(|line| line.label.clone()).collect();
    for (place, line) in lines.iter_mut().enumerate() {
        let before = labels[..place].iter().filter(|label| **label == line.label).count();
        if before > 0 {
            line.label = format!("{} {}", line.label, before + 1);
        }
    }
}

fn label(language: Option<Language>, forced: bool, sdh: bool) -> String {
    let name = language.map_or_else(|| "Subtitles".to_owned(), Language::name);
    match (forced, sdh) {
        (true, true) => format!("{name} (forced, SDH)"),
        (true, false) => format!("{name} (forced)"),
        (false, true) => format!("{name} (SDH)"),
        (false, false) => name,
    }
}

/// Which file of its torrent it is: of its name, of the folder it is in and of its size, since stores
/// write paths in their own way and give files numbers of their own.
fn number(file: &TorrentFile) -> String {
    let mut parts = file.name.rsplit(['/', '\\']);
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let size = file.size_bytes.unwrap_or(0);
    HEXLOWER.encode(&Sha256::digest(format!("{folder}/{name}/{size}"))[..5])
}
