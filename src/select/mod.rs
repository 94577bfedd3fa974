//! What to play: which torrent of those found, and which file of a torrent. Pure.
//!
//! [`rank`] puts torrents in the order in which a living room would try them; [`pick`] chooses the
//! file. Both say why, in named reasons with points. The law of the choice is that a wrong film is
//! worse than none: a file whose season contradicts is never chosen, and of two films with an equal
//! claim neither is. Packs are not refused for being packs: only files are judged strictly.

mod called;
mod candidate;
mod choice;
mod disc;
mod dubious;
mod episode;
mod extra;
mod film;
mod judge;
mod merit;
mod naming;
mod pick;
mod picture;
mod preferences;
mod rank;
mod reading;
mod reason;
mod set;
mod target;
mod verified;
mod watched;

pub use candidate::Candidate;
pub use choice::{Considered, NoPick, Pick, PickedFile};
pub use merit::{Merit, PutAside};
pub use pick::pick;
pub use preferences::{BadPreference, Codec, DolbyVision, Hdr, Preferences, Resolution, Seeders};
pub use rank::{in_order, judged, rank, read_ahead};
pub use reason::Reason;
pub use set::{
    Bookmarks, Captions, Container, Pictures, Positions, Profile, SetLimits, Sound, for_set,
};
pub use target::Target;
