//! Why nothing plays, in words for whoever asked.

use super::{BadIndex, Passed, TorrentError};
use crate::media::StremioId;
use crate::select::BadPreference;

/// Why nothing plays. One sentence each.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No index lists it.
    #[error("no index lists {id}; look at it again later, or try another title")]
    NothingFound {
        /// What was asked.
        id: StremioId,
    },
    /// No index answered.
    #[error("none of the indexes answered ({why}); check the network, then try again")]
    NoIndex {
        /// The first index's sentence.
        why: String,
    },
    /// No index that is on understands ids of this kind.
    #[error("{}", not_understood(&id.to_string()))]
    NotUnderstood {
        /// What was asked.
        id: StremioId,
    },
    /// There is neither a store nor consent for peers.
    #[error(
        "there is no way to get {id}: set a debrid token or allow peer-to-peer on the set-up page"
    )]
    NoWay {
        /// What was asked.
        id: StremioId,
    },
    /// Every candidate was tried or passed over.
    #[error("none of the {tried} candidates for {id} can be played; the best of them: {why}")]
    NoneLeft {
        /// What was asked.
        id: StremioId,
        /// How many were looked at.
        tried: usize,
        /// Why the first was passed over.
        why: String,
        /// All that was passed over.
        passed_over: Vec<Passed>,
    },
    /// The link names nothing that is known here.
    #[error("this link leads to nothing that is known here; choose the title again")]
    UnknownMedia,
    /// Its source does not give it any more.
    #[error("{name} cannot be opened again: {why}")]
    Gone {
        /// The file's name.
        name: String,
        /// The source's sentence.
        why: String,
    },
    /// The catalogue has no such folder or film.
    #[error("the catalogue has nothing called {id}; open its first page again")]
    NoSuchNode {
        /// What was asked.
        id: String,
    },
    /// Somebody reads what is to be removed or moved.
    #[error("{title} is being watched; try again when nobody watches it")]
    Watched {
        /// Its name.
        title: String,
    },
    /// No place is called so.
    #[error("no place is called {place}; it is library, permanent, or a name of library.places")]
    NoPlace {
        /// What was asked.
        place: String,
    },
    /// A place's folder is not there.
    #[error("the folder of {place} is not there; once its disk is, the title is moved by itself")]
    PlaceAway {
        /// Which.
        place: String,
    },
    /// A title that shall be here whole is not.
    #[error("it is not here whole yet: {why}; it is tried again by itself")]
    NotCopied {
        /// The first reason.
        why: String,
    },
    /// The library's disk does not do what it should.
    #[error("the library's disk does not work ({why}); check it, then try again")]
    Disk {
        /// What the system says.
        why: String,
    },
    /// The candidate that was asked for is not among those found.
    #[error("{info_hash} is not among the candidates of {id}; search again")]
    NotACandidate {
        /// What was asked.
        id: StremioId,
        /// The hash.
        info_hash: crate::torrent::InfoHash,
    },
    /// The path is none that is passed on.
    #[error(transparent)]
    NotRelayed(#[from] crate::index::NotRelayed),
    /// The index is switched off.
    #[error("{index} is switched off; set index.{index}.enabled to true")]
    IndexOff {
        /// Which.
        index: crate::torrent::IndexName,
    },
    /// The index has nothing there.
    #[error("{index} has nothing at this address: check it for a typing error")]
    IndexHasNot {
        /// Which.
        index: crate::torrent::IndexName,
    },
    /// The index does not answer.
    #[error("{why}")]
    IndexFailed {
        /// Its sentence.
        why: String,
    },
    /// The owner's word on peer-to-peer does not count here.
    #[error("peer-to-peer is decided by swarm.enabled in the configuration; change it there")]
    SwarmIsFixed,
    /// The indexes cannot be changed so.
    #[error(transparent)]
    Index(#[from] BadIndex),
    /// Nobody tells of it.
    #[error("nobody tells of a title {id}; check the id, or search by name")]
    UnknownTitle {
        /// What was asked.
        id: StremioId,
    },
    /// It cannot be a token.
    #[error("a token is letters, digits and signs without spaces or line breaks; paste it again")]
    NoToken,
    /// A preference that cannot be.
    #[error(transparent)]
    Preference(#[from] BadPreference),
    /// Nothing that peers send of it is right.
    #[error(
        "{info_hash} is not opened for a day: nothing that its peers sent was right; choose another release"
    )]
    NeverVerifies {
        /// Which.
        info_hash: crate::torrent::InfoHash,
    },
    /// A file is not what its name says.
    #[error(
        "{name} is not passed on: by its first bytes it is {what}, no film; choose another release"
    )]
    NotAFilm {
        /// The file's name.
        name: String,
        /// What it is.
        what: String,
    },
    /// A link to subtitles names none that are known.
    #[error("this link leads to no subtitles that are known here; open the film's page again")]
    NoSubtitle,
    /// Subtitles that cannot be read.
    #[error(transparent)]
    Subtitle(#[from] crate::subtitle::Error),
    /// A torrent that a program names.
    #[error(transparent)]
    Torrent(#[from] TorrentError),
    /// The token is not as it should be.
    #[error(transparent)]
    Debrid(#[from] crate::debrid::Error),
    /// Peers.
    #[error(transparent)]
    Swarm(#[from] crate::swarm::Error),
    /// Mirrors.
    #[error(transparent)]
    Mirror(#[from] crate::mirror::Error),
    /// Titles.
    #[error(transparent)]
    Title(#[from] crate::title::Error),
    /// The state cannot be written or read.
    #[error(transparent)]
    State(#[from] crate::durable::Error),
}

impl Error {
    /// The room's own error, where it only passes one on.
    pub(super) fn told(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Self::Debrid(error) => error,
            Self::Swarm(error) => error,
            other => other,
        }
    }
}

/// What to do with an id that no index which is on understands.
#[must_use]
pub fn not_understood(id: &str) -> String {
    match id.split_once(':').map(|(family, _)| family) {
        Some("kitsu") => "no index that is on understands kitsu ids; use a tt id".to_owned(),
        Some("tmdb") => {
            "it is not known which title at IMDb this tmdb id is of; set title.tmdb_key to a key for \
             TMDB, or use a tt id"
                .to_owned()
        }
        Some(family) if !family.starts_with("tt") => {
            format!("no index that is on understands {family} ids; use a kitsu: or tt id")
        }
        _ => format!("no index that is on understands {id}; switch on another index"),
    }
}
