//! What is kept: which files lie on the disk, how much room they may take, which of them go first,
//! and a file of the disk as a representation.
//!
//! Nothing here knows what a file is called by people or who reads it; that is the story's. And
//! nothing here removes what has not a name of ours: `<info hash>/<number>.<extension>` is what the
//! swarm writes, `<info hash>/<media id>.<extension>` a copy of what a store sent. Whatever else lies
//! in the folder is its owner's, but for `library.id`, which says which library it is.

mod copy;
mod disk;
mod disk_file;
mod files;
mod identity;
mod moving;
mod ranges;
mod rules;
mod space;

pub use copy::Copy;
pub use disk_file::DiskFile;
pub use files::{File, Name, Root, copy_name};
pub use identity::LibraryId;
pub use moving::{finish_move, prepare_move, recover};
pub use ranges::Ranges;
pub use rules::{Item, Rules, Spared, Why};
pub use space::Space;
