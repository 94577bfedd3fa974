//! What to play: which torrent of those found, and which file of a torrent. Pure.
//!
//! [`rank`] puts torrents in the order in which a living room would try them; [`pick`] chooses the
//! file. Both say why, in named reasons with points. The law of the choice is that a wrong film is
//! worse than none: a file whose season contradicts is never chosen, and of two films with an equal
//! claim neither is. Packs are not refused for being packs: only files are judged strictly.

mod choice;
mod episode;
mod extra;
mod film;
mod naming;
mod pick;
mod rank;
mod reading;
mod reason;
mod target;

pub use choice::{Considered, NoPick, Pick, PickedFile};
pub use pick::pick;
pub use rank::{Candidate, rank};
pub use reason::{Merit, Reason};
pub use target::Target;
