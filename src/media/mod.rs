//! What is asked for: the words of films, series and episodes. Pure.

mod query;
mod stremio_id;

pub use query::{AnimePlace, Query, Title, Wanted};
pub use stremio_id::{AnimeBase, BadId, Episode, ImdbId, StremioId};
