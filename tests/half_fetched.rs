//! A film that is here in part, opened again: the engine hashes all of it, gaps and all, and what is
//! here plays meanwhile. What is not right is never passed on.

use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use credenza::swarm::{Options, State};
use credenza::torrent::Magnet;
use sha1::Digest as _;
use tokio::time::timeout;

use crate::support::seeder::{Torrent, random};
use crate::support::tracker::Tracker;
use crate::swarm::{options, read, swarm};

/// Bytes of a piece, and how many of them are here of how many: what is here is a moment's work, and
/// all of it some seconds' also for a fast machine.
const PIECE: usize = 4 << 20;
const HERE: usize = 4;
const ALL: usize = 2048;

/// A film of 8 GiB of which nobody has more than its beginning, whose last piece is wrong.
fn film(content: &[u8]) -> Torrent {
    let mut pieces: Vec<u8> =
        content.chunks(PIECE).flat_map(|piece| sha1::Sha1::digest(piece).to_vec()).collect();
    pieces.truncate((HERE - 1) * 20);
    pieces.extend(random((ALL - HERE + 1) * 20));
    let head = format!(
        "d4:infod6:lengthi{}e4:name8:film.mkv12:piece lengthi{PIECE}e6:pieces{}:",
        PIECE * ALL,
        pieces.len()
    );
    Torrent::raw([head.as_bytes(), &pieces, b"ee"].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_here_of_a_large_film_plays_while_all_of_it_is_hashed() {
    let content = random(PIECE * HERE);
    let torrent = film(&content);
    let (tracker, library) = (Tracker::start(), tempfile::tempdir().unwrap());
    let folder = library.path().join(torrent.info_hash.to_string());
    std::fs::create_dir(&folder).unwrap();
    let lies = std::fs::File::create(folder.join("0.mkv")).unwrap();
    lies.write_all_at(&content, 0).unwrap();
    lies.set_len((PIECE * ALL) as u64).unwrap();
    let patience = Duration::from_secs(1);
    let swarm = swarm(Options { patience, ..options(library.path(), &tracker) });
    swarm.add_metainfo(&torrent.bytes).unwrap();
    let state = || swarm.status(&torrent.info_hash).unwrap().state;

    let began = Instant::now();
    let file = swarm.open(&Magnet::new(torrent.info_hash), 0).await.unwrap();
    let right = (HERE - 1) * PIECE;
    assert!(read(&file, 7..right).await.unwrap() == content[7..right]);
    println!("{right} bytes were read after {:?}", began.elapsed());
    assert_eq!(state(), State::Checking, "it has waited for all of it");
    // Not a byte of the wrong piece: that one is waited for, and nobody has it.
    let over = timeout(Duration::from_secs(120), read(&file, right - 5..right + 5)).await.unwrap();
    println!("all of it was hashed after {:?}", began.elapsed());
    assert!(over.is_err(), "bytes of a piece that is wrong");
    assert_eq!(state(), State::Downloading);
    assert!(read(&file, 0..right).await.unwrap() == content[..right], "by the engine");
    swarm.stop().await;
}
