//! A disk for films with bad blocks (F-06), and one that is slow or stands still (F-08).

use std::time::{Duration, Instant};

use super::{LIMIT, MIB};
use crate::library::Home;
use crate::support::disk::{PulledDisk, caches_can_be_dropped, drop_caches};
use crate::support::server::Server;
use crate::support::viewer::Viewer;
use crate::support::{skip, until};

/// A home with its films on this disk.
fn home_on(disk: &mut PulledDisk, films: &[usize]) -> (Home, String) {
    disk.plug();
    let config = format!("disk = \"{}\"\nreserve_bytes = 0", disk.mount().display());
    (Home::new(films, &config), config)
}

fn on_disk(home: &Home, disk: &PulledDisk, film: usize) -> std::path::PathBuf {
    let hash = home.films[film].info_hash.to_string();
    disk.mount().join("credenza").join(hash).join("0.mkv")
}

#[test]
fn f06_a_block_that_cannot_be_read_costs_that_block_and_no_other_film() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::new(64);
    let (mut home, config) = home_on(&mut disk, &[6, 3]);
    let (_, path) = home.have(0);
    let (_, other) = home.have(1);
    home.stop();
    let rots = |disk: &mut PulledDisk, home: &Home| {
        let extents = PulledDisk::sectors_of(&on_disk(home, disk, 0));
        // The sector in the middle of the film's longest part.
        let longest = extents.iter().max_by_key(|extent| extent.end - extent.start).unwrap();
        let bad = longest.start.midpoint(longest.end);
        disk.unplug();
        disk.goes_bad("read", [bad]);
        disk.plug();
    };
    rots(&mut disk, &home);

    // With somebody who has it, the film plays to its end; the part is fetched again.
    home.start(&config);
    let watched = Viewer::of(&format!("{}{path}", home.server().base), 0, 0).ends(LIMIT);
    assert!(
        watched.bytes == home.source(0),
        "{} bytes\n{}",
        watched.bytes.len(),
        home.server().log()
    );
    home.watch(1, &other);
    home.watch(0, &path);
    home.stop();

    // With nobody: what is before it plays, the end comes soon and not as a loop of tries, and the
    // other film is none the worse.
    home.no_peers();
    rots(&mut disk, &home);
    let alone = home
        .configuration("", &config)
        .replace("[swarm]\nenabled = true", "[swarm]\nenabled = false");
    home.server = Some(Server::serve_on(&home.data, &alone, None));
    let began = Instant::now();
    let got = home.server().get(&path);
    assert!(home.source(0).starts_with(&got.body) || got.status >= 400, "other bytes");
    assert!(got.body.len() < home.source(0).len());
    home.watch(1, &other);
    let tries = home.server().log().matches("the way by which a film came has failed").count();
    println!("broken off after {:?}, {} bytes, {tries} tries", began.elapsed(), got.body.len());
    assert!(tries < 40, "{tries} tries: it spins");
    assert_eq!(home.server().get("/health").status, 200);
}

#[test]
fn f06_blocks_that_cannot_be_written_never_pass_for_the_films() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    if !caches_can_be_dropped() {
        return skip("needs /proc/sys/vm/drop_caches: the film would be read from memory");
    }
    // Where the film comes to lie is known from a first time on the same disk.
    let mut disk = PulledDisk::new(64);
    let empty = std::fs::read(disk.image()).unwrap();
    let (mut home, config) = home_on(&mut disk, &[8]);
    let (id, path) = home.have(0);
    home.stop();
    let extents = PulledDisk::sectors_of(&on_disk(&home, &disk, 0));
    disk.unplug();
    std::fs::write(disk.image(), empty).unwrap();
    let bad = extents.iter().flat_map(|extent| (extent.start..extent.end).step_by(1500)).take(12);
    disk.goes_bad("write", bad.collect::<Vec<_>>());
    disk.plug();
    std::fs::remove_dir_all(home.data.join("library")).unwrap_or_default();

    home.start(&config);
    let url = format!("{}{path}", home.server().base);
    for round in 0..3 {
        let watched = Viewer::of(&url, 0, 0).ends(LIMIT);
        assert!(
            home.source(0).starts_with(&watched.bytes),
            "other bytes in round {round}\n{}",
            home.server().log()
        );
        // What the kernel has in memory it writes now, and forgets.
        let _ = std::process::Command::new("sync").arg("-f").arg(disk.mount()).status();
        // It does so long after; until then the program has heard of it: it flushes five to ten
        // seconds after a write.
        std::thread::park_timeout(Duration::from_secs(12));
        drop_caches();
    }
    println!("whole: {}", home.row(&id)["whole"]);
    assert_eq!(home.server().get("/health").status, 200);
    // Once the disk is well again, all of it is there.
    home.stop();
    disk.unplug();
    disk.goes_bad("write", []);
    disk.plug();
    home.start(&config);
    let mut last = 0;
    until("the whole film", LIMIT, || {
        let got = home.server().get(&path);
        assert!(got.status >= 400 || home.source(0).starts_with(&got.body), "other bytes");
        last = got.body.len();
        (last == home.source(0).len()).then_some(())
    });
}

#[test]
fn f08_a_disk_that_stands_still_or_crawls_does_not_hold_up_the_house() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::new(96);
    let (home, _) = home_on(&mut disk, &[6, 24]);
    let (_, whole) = home.have(0);
    let (_, coming) = home.choose(1);
    let base = home.server().base.clone();
    // One film comes from peers, one lies on the disk; 8 Mbit/s each.
    let rate = MIB;
    let viewers = [
        (1, Viewer::of(&format!("{base}{coming}"), 0, rate)),
        (0, Viewer::of(&format!("{base}{whole}"), 0, rate / 4)),
    ];
    for (_, one) in &viewers {
        one.has(MIB, LIMIT);
    }
    let mut answers = Vec::new();
    let mut ask_for = |time: Duration| {
        let ends = Instant::now() + time;
        while Instant::now() < ends {
            let asked = Instant::now();
            assert_eq!(home.server().get("/health").status, 200);
            assert_eq!(home.server().get("/api/status").status, 200);
            answers.push(asked.elapsed());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    };
    disk.stands_still(true);
    ask_for(Duration::from_secs(5));
    disk.stands_still(false);
    ask_for(Duration::from_secs(2));
    disk.is_paced(200_000);
    ask_for(Duration::from_secs(4));
    disk.is_paced(0);
    ask_for(Duration::from_secs(1));
    answers.sort();
    let (usual, slowest) = (answers[answers.len() * 95 / 100], answers[answers.len() - 1]);
    println!(
        "while the disk stood still or crawled, 95 of 100 answers took {usual:?}, one {slowest:?}"
    );
    // A machine that has much else to do holds up a single one; a task that waits for the disk, all.
    assert!(usual < Duration::from_millis(50), "the house was held up for {usual:?}");
    assert!(slowest < Duration::from_secs(2), "the house was held up for {slowest:?}");
    for (film, viewer) in viewers {
        let watched = viewer.ends(LIMIT);
        assert!(watched.bytes == home.source(film), "film {film}: other bytes");
        let stood = watched
            .stood_still(if film == 1 { rate } else { rate / 4 } * 9 / 10, Duration::from_secs(8));
        println!(
            "film {film} stood still for {stood:?}; longest without a byte {:?}",
            watched.longest_gap()
        );
        assert_eq!(stood, Duration::ZERO, "film {film} stood still");
    }
}
