//! What is asked for: the words of films, series and episodes; and what a film is by its bytes. Pure.

mod clock;
mod content;
mod dimensions;
mod length;
mod query;
mod stremio_id;
mod video_hash;

pub use clock::Clock;
pub use content::{Container, Content, Other, TELLING, content_of, passes};
pub use dimensions::dimensions;
pub use length::{Runs, runs};
pub use query::{AnimePlace, Query, Title, Wanted};
pub use stremio_id::{AnimeBase, BadId, Episode, ImdbId, StremioId};
pub use video_hash::{ENDS, video_hash};
