//! Batches and single episodes: the rules of the seed's section 9, a case a line, and what they must
//! not match.

use credenza::release;

/// The seed's ten patterns for batches, in their order, with two or three names each.
#[test]
fn each_pattern_of_a_batch_is_one() {
    for name in [
        // \d+ [-~] \d{2,}
        "Show 1-100 [1080p]",
        "[G] Show 01~50 [BD]",
        "[G] Show 001-928 [1080p]",
        "Show - 05-06 [1080p]",
        // S\d+ - S\d+
        "Show S01-S22 1080p",
        "Show S01 - S22",
        // batch, complete, collection, all episodes
        "[G] Show (Batch)",
        "[G] Show [BATCH] [720p]",
        "Show Complete 720p",
        "Show.The.Complete.Series.720p",
        "Show Collection 1080p",
        "Show All Episodes 720p",
        "Show all episode",
        // [ \d+ [-~] \d+ ] and ( \d+ [-~] \d+ )
        "[G] Show [1-100]",
        "[G] Show [001~100]",
        "[G] Show (1-100)",
        "[G] Show (001 ~ 100) 720p",
        "[G] Show (0001-1071+Movies+Specials) [1080p]",
        // Season \d+ - \d+
        "Show Season 1-20 1080p",
        "Show Season 1 - 20",
        // S\d+-S\d+
        "Show.S01-S21.1080p",
        // Besides: a season, several episodes.
        "Show.S01.1080p",
        "Show S01E01-02",
        "Show.S01E01E02.1080p",
        "Show.E01-E10",
        "Show - S02 - E01 \u{e0} E12 - [1080p]",
    ] {
        let release = release::parse(name);
        assert!(release.batch, "{name}: {release:?}");
        assert!((0..130).all(|number| !release.is_single_episode(number)), "{name}");
    }
}

#[test]
fn what_only_looks_like_a_batch_is_none() {
    for name in [
        "Show - 116 - 360 Degrees.mkv",
        "Film 2001-2011 1080p",
        "Show 2024-03-12 720p",
        "Show.2024.03.12.720p",
        "[G] Show - 05 (720p-1080p)",
        "Show.S01E05.1080p.x264-13GRP",
        "Show.S01E05.720p-1080p",
        "Film.1920x1080",
        "Show.S01E01.Part.1-2",
        "Show (2011-2014) S01E02",
        "9-1-1.S03E02.1080p",
        "Show 24-7 2019",
        "[G] Some Collection - 05 [720p].mkv",
        "Collection.of.Tales.S01E03.1080p",
        "Complete Stranger 2024 1080p",
        "Film 2019 1080p WEB-DL",
        "Show",
    ] {
        assert!(!release::parse(name).batch, "{name}: {:?}", release::parse(name));
    }
}

/// The seed's thirteen patterns for a single episode, in their order, and forms besides.
#[test]
fn each_pattern_of_a_single_episode_is_one() {
    for (name, number) in [
        ("Show E01", 1),
        ("Show Ep01", 1),
        ("Show Ep.01 1080p", 1),
        ("Show E001", 1),
        ("Show Ep001", 1),
        ("Show Episode 01", 1),
        ("Show Episode 001 [720p]", 1),
        ("[G] Show - 01", 1),
        ("[G] Show - 001 [1080p]", 1),
        ("[G] Show [01]", 1),
        ("[G] Show [001]", 1),
        ("[G] Show (01)", 1),
        ("[G] Show (001)", 1),
        ("Show.S01E01", 1),
        ("Show S01E01 1080p", 1),
        ("[G] Show 01v2", 1),
        ("[G] Show 001v2 [1080p]", 1),
        ("[G] Show - 01v2 [1080p]", 1),
        ("[G] Show - 01 END [1080p]", 1),
        ("[G] Show - 1", 1),
        ("Show 2x05", 5),
        ("[G] Show S2 - 05", 5),
        ("[G] Show - 1098 [1080p].mkv", 1098),
        ("Show - 116 - 360 Degrees.mkv", 116),
    ] {
        let release = release::parse(name);
        assert!(release.is_single_episode(number), "{name}: {release:?}");
        assert!(!release.is_single_episode(number + 1), "{name}");
    }
}

#[test]
fn what_does_not_say_its_episode_is_no_single_episode() {
    for (name, number) in [
        ("Show", 1),
        ("Show 1080p", 1080),
        ("Show.1080p.x264", 264),
        ("Film 2019", 19),
        ("Film.1920x1080.mkv", 1080),
        ("Show.S01", 1),
        ("Show S01 1080p", 1),
        ("Show S02E10", 2),
        ("Show S01E10", 1),
        ("[G] Show - 10", 1),
        ("[G] Show - 101", 1),
        ("[G] Show - 12.5", 12),
        ("Show 2024-03-01 720p", 1),
        ("Show.DDP5.1.1080p", 5),
        ("Apollo 13 (1995)", 13),
        ("[G] Show - 01-13 [1080p]", 1),
        ("Show (Batch) - 01", 2),
    ] {
        let release = release::parse(name);
        assert!(!release.is_single_episode(number), "{name}: {release:?}");
    }
}
