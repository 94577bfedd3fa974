//! The traps of the torrent engine, each met and kept shut: a new version of it must pass here.

use std::fmt::Write as _;
use std::io;
use std::process::Command;
use std::time::Duration;

use credenza::representation::Representation as _;
use credenza::swarm::{Error, Options};
use credenza::torrent::Magnet;
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::support::hostile;
use crate::support::seeder::{Torrent, libtorrent};
use crate::support::skip;
use crate::support::tracker::Tracker;
use crate::swarm::{names, options, read, swarm};

const MIB: usize = 1 << 20;

/// Eight streams that wait for pieces held all permits that writing needs: nothing ever came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_waiting_readers_do_not_lock_each_other_out() {
    let torrent = Torrent::single("film.mkv", 24 * MIB, 64 << 10);
    let tracker = Tracker::start();
    let Some(peer) = libtorrent(&torrent, 8_000_000) else {
        return skip("needs Python with libtorrent (tests/run makes it)");
    };
    tracker.add(torrent.info_hash, peer.addr);
    let library = tempfile::tempdir().unwrap();
    let swarm = swarm(options(library.path(), &tracker));
    let file = swarm.open(&torrent.magnet(&tracker), 0).await.unwrap();
    let readers = (0..40).map(|reader| {
        let start = reader * 24 * MIB / 40;
        let file = &file;
        let source = &torrent.files[0].1;
        async move {
            let range = start..start + 100_000;
            assert!(read(file, range.clone()).await.unwrap() == source[range]);
        }
    });
    let all = timeout(Duration::from_secs(60), join_all(readers)).await;
    assert!(all.is_ok(), "the readers hang: {:?}", swarm.status(&torrent.info_hash));
    swarm.stop().await;
}

/// Files not asked for were made too, each with a descriptor: 20,000 of them ended the process's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_files_only_the_one_asked_for_is_made() {
    let files = (0..2_000).map(|index| (format!("{index}.mkv"), vec![7; 16 << 10])).collect();
    let torrent = Torrent::new("Many", files, 16 << 10);
    let tracker = Tracker::start();
    let library = tempfile::tempdir().unwrap();
    let swarm = swarm(Options {
        patience: Duration::from_millis(300),
        ..options(library.path(), &tracker)
    });
    swarm.add_metainfo(&torrent.bytes).unwrap();
    let before = descriptors();
    let file = swarm.open(&Magnet::new(torrent.info_hash), 1_000).await.unwrap();
    assert!(read(&file, 0..1).await.is_err());
    assert_eq!(names(library.path()), [format!("{}/1000.mkv", torrent.info_hash)]);
    assert!(descriptors() < before + 200, "{} descriptors, {before} before", descriptors());
    assert!(matches!(
        swarm.open(&Magnet::new(torrent.info_hash), 2_000).await,
        Err(Error::NoFile(2_000))
    ));
    swarm.stop().await;
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// The engine's stream waits for a missing piece without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_piece_that_nobody_has_ends_in_a_sentence() {
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let tracker = Tracker::start();
    let library = tempfile::tempdir().unwrap();
    let swarm =
        swarm(Options { patience: Duration::from_secs(1), ..options(library.path(), &tracker) });
    swarm.add_metainfo(&torrent.bytes).unwrap();
    let file = swarm.open(&Magnet::new(torrent.info_hash), 0).await.unwrap();
    assert_eq!(file.len(), MIB as u64);
    let error = timeout(Duration::from_secs(10), read(&file, 0..10)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("no peer has sent the next piece for 1 s"), "{error}");
    swarm.stop().await;
}

/// librqbit 9.0 overflowed its stack, which nothing can catch.
#[test]
fn nested_bencode_is_an_error_to_the_engine_and_no_end_of_the_process() {
    let nested = hostile::nested_list();
    let info = [b"d4:info".as_slice(), &nested, b"e"].concat();
    let more = [b"d1:x".as_slice(), &nested, b"e"].concat();
    for bytes in [&nested, &info, &more] {
        assert!(librqbit::torrent_from_bytes(bytes).is_err());
    }
}

/// Without a CA store no session starts, even for torrents alone; `SSL_CERT_FILE` is the way out.
#[test]
fn without_certificates_the_engine_says_so_and_a_file_of_them_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    let mut pem = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let body = data_encoding::BASE64.encode(root);
        write!(pem, "-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").unwrap();
    }
    std::fs::write(&roots, pem).unwrap();
    for (file, word) in [(folder.path().join("none.pem"), "NoRoots"), (roots, "NoMetadata")] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "engine::child_that_starts_a_session", "--ignored", "--nocapture"])
            .env("SSL_CERT_FILE", file)
            .env("SSL_CERT_DIR", folder.path().join("none"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test above in a process of its own, whose environment it is about"]
async fn child_that_starts_a_session() {
    let tracker = Tracker::start();
    let library = tempfile::tempdir().unwrap();
    let options = Options { metadata_timeout: Duration::ZERO, ..options(library.path(), &tracker) };
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let error = swarm(options).resolve(&torrent.magnet(&tracker)).await.unwrap_err();
    println!("{error:?}");
}
