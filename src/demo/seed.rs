//! The peer that has the films: everything that is said to be seeded, on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::demo::household::{Household, Release};
use crate::swarm::{Error, Seeder};

/// Seeds from `folder`, on a port of its own.
pub(super) async fn start(household: &Household, folder: &Path) -> Result<Seeder, Error> {
    let seeded = household.releases.iter().filter(|release| release.recipe.seeded);
    let torrents = seeded.map(|release| (release.metainfo.clone(), contents(release))).collect();
    Seeder::start(torrents, folder, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
}

fn contents(release: &Release) -> Vec<(String, Vec<u8>)> {
    let files = release.recipe.files.iter();
    files.map(|file| (file.path.to_owned(), file.bytes.to_vec())).collect()
}
