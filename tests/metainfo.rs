//! Torrents of strangers: each hostile one is refused in one sentence, and none does harm.

use credenza::torrent::metainfo::{Metainfo, build};

use crate::support::hostile;

#[test]
fn hostile_torrents_are_each_refused_in_one_sentence() {
    for (what, bytes, word) in hostile::table() {
        let refused = Metainfo::read(&bytes).expect_err(what).to_string();
        assert!(refused.contains(word), "{what}: {refused}");
        let plain = refused.chars().all(|c| !c.is_control()) && refused.len() < 300;
        assert!(plain, "{what}: {refused:?}");
    }
}

#[test]
fn names_that_only_look_like_trouble_are_taken() {
    for name in ["Con Air (1997).mkv", "auxiliary.mkv", "nullify.mkv", "COM10.mkv", ".hidden.mkv"] {
        let built = build("n", &[(name, b"text")], 16_384, &[]);
        assert_eq!(Metainfo::read(&built).unwrap().files[0].name, name);
    }
    let deep = ["a"; 16].join("/");
    assert!(Metainfo::read(&build("n", &[(deep, b"text")], 16_384, &[])).is_ok());
}

#[test]
fn ten_thousand_files_are_read_and_one_more_is_not() {
    assert_eq!(Metainfo::read(&hostile::many_files(10_000)).unwrap().files.len(), 10_000);
    assert!(Metainfo::read(&hostile::many_files(10_001)).is_err());
}

#[test]
fn a_torrent_without_a_video_is_sound() {
    let read = Metainfo::read(&build("n", &[("read me.txt", b"text")], 16_384, &[])).unwrap();
    assert_eq!(read.files[0].name, "read me.txt");
}
