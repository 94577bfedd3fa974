//! What must be done again and again while the house stands.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{HostList, MediaKeys};
use crate::lan::Names;
use crate::mirror::Mirrors;
use crate::playback::Playback;
use crate::release;
use crate::select::Profile;
use crate::title::anime_map::Refresh;

/// How often the cache is tended.
const CACHE_CARE: Duration = Duration::from_secs(60);
/// How often it is looked at what peers send.
const TRANSFER_CARE: Duration = Duration::from_secs(10);
/// How often what was learnt of the mirrors is written: a card wears.
const MIRROR_CARE: Duration = Duration::from_secs(5 * 60);
/// How long after the start large things may be done: whoever started the house wants something.
const SETTLED: Duration = Duration::from_secs(5);
/// How often the key of media links changes; the one before it is still taken.
const KEY_LIFE: Duration = Duration::from_secs(12 * 3600);

/// What is cared for.
pub(super) struct House {
    pub(super) playback: Arc<Playback>,
    pub(super) media_keys: Arc<MediaKeys>,
    pub(super) mirrors: Mirrors,
    pub(super) anime_map: Refresh,
}

/// Begins all that must be done again and again.
pub(super) fn begin(house: House, tasks: &TaskTracker, shutdown: &CancellationToken) {
    let House { playback, media_keys, mirrors, anime_map } = house;
    tasks.spawn(warm_up(shutdown.clone()));
    tasks.spawn(rotate_keys(media_keys, shutdown.clone()));
    tasks.spawn(tend_cache(Arc::clone(&playback), shutdown.clone()));
    tasks.spawn(watch_transfers(Arc::clone(&playback), shutdown.clone()));
    tasks.spawn(tend_library(playback, shutdown.clone()));
    tasks.spawn(keep_mirrors(mirrors, shutdown.clone()));
    tasks.spawn(refresh_anime_map(anime_map, shutdown.clone()));
}

/// The key's age is counted in uptime: a box without a clock must not lose its links.
async fn rotate_keys(keys: Arc<MediaKeys>, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(KEY_LIFE);
    ticks.tick().await;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {
                // It waits for the disk.
                if let Err(error) = tokio::task::block_in_place(|| keys.rotate()) {
                    tracing::warn!(%error, "the key of media links could not be changed");
                }
            }
        }
    }
}

/// Keeps the cache small: the engine below it frees nothing by itself.
async fn tend_cache(playback: Arc<Playback>, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(CACHE_CARE);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => playback.tend().await,
        }
    }
}

/// Looks at what peers send.
async fn watch_transfers(playback: Arc<Playback>, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(TRANSFER_CARE);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => playback.watch_transfers().await,
        }
    }
}

/// Keeps the library within its bounds, makes whole what shall be, and lets who watches go first.
async fn tend_library(playback: Arc<Playback>, shutdown: CancellationToken) {
    let (tending, listing) = (Arc::clone(&playback), Arc::clone(&playback));
    let (sharing, keeping) = (Arc::clone(&playback), playback);
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tending.tend_shelf_always() => {}
        () = listing.list_always() => {}
        () = sharing.share_the_line_always() => {}
        () = keeping.keep_all() => {}
    }
}

/// Keeps how the mirrors have done.
async fn keep_mirrors(mirrors: Mirrors, shutdown: CancellationToken) {
    let mut ends = false;
    while !ends {
        tokio::select! {
            () = shutdown.cancelled() => ends = true,
            () = tokio::time::sleep(MIRROR_CARE) => {}
        }
        // It waits for the disk.
        if let Err(error) = tokio::task::block_in_place(|| mirrors.keep()) {
            tracing::warn!(%error, "how the mirrors have done could not be kept");
        }
    }
}

/// The reader of names compiles its patterns when it first needs them, which takes a fraction of a
/// second that the first viewer need not wait for; and neither need those who wait for the box itself.
/// The same of the table of sets, which is read for the first who asks.
async fn warm_up(shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(SETTLED) => {
            release::warm_up();
            let _ = Profile::unknown();
        }
    }
}

/// Fetches a newer map of anime ids, soon after the start where there is none but the one built in.
async fn refresh_anime_map(refresh: Refresh, shutdown: CancellationToken) {
    let mut wait = refresh.due().max(SETTLED);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            next = refresh.run() => wait = next,
        }
    }
}

/// Another machine may have had our name first; then we are asked by the one that we got.
pub(super) async fn follow_name(
    mut names: watch::Receiver<Names>,
    hosts: Arc<HostList>,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = names.changed() => if changed.is_err() { return },
        }
        let name = names.borrow_and_update().host.clone();
        tracing::info!(name, "the name in the local network has changed");
        hosts.rename(&name);
    }
}
