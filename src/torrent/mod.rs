//! What is found: the words of torrents (BEP 3, 9), pure, with no runtime and no wire.

mod availability;
mod file;
mod found;
mod index_name;
mod info_hash;
mod magnet;
pub mod metainfo;
mod stated;
mod told;

pub use availability::{Availability, Store};
pub use file::{TorrentFile, entity_tag, mark_twins};
pub use found::{Torrent, Unique, unique};
pub use index_name::{AddedName, BadIndexName, IndexName};
pub use info_hash::{BadInfoHash, InfoHash};
pub use magnet::{BadMagnet, Magnet};
pub use stated::{Stated, stated_name, stated_number, stated_size};
pub use told::{Name, Told};
