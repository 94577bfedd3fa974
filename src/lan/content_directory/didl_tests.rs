use super::*;
use crate::playback::NodeId;
use crate::xml::{End, Step, walk};

fn film(title: &str) -> Node {
    let video = Video {
        media_id: "hash.0".to_owned(),
        link_name: "film.mkv".to_owned(),
        media_type: "video/x-matroska",
        size_bytes: Some(7_200_000),
        duration_s: Some(3723.5),
        resolution: Some((1920, 800)),
        position_s: Some(61.9),
        title_id: None,
        file_name: None,
    };
    Node {
        id: NodeId::parse("here.hash.0").unwrap(),
        parent: NodeId::parse("here"),
        title: title.to_owned(),
        changed: Some(1_000_000_000),
        picture: None,
        kind: NodeKind::Video(Box::new(video)),
    }
}

fn written(node: &Node, set: &Profile) -> String {
    let places = Places {
        film: "http://10.0.0.1/v/key/film.mkv?a=1&b=2".to_owned(),
        picture: Some("http://10.0.0.1/p".to_owned()),
        small_picture: Some("http://10.0.0.1/p/small.jpg".to_owned()),
        subtitles: vec!["http://10.0.0.1/s.srt".to_owned()],
    };
    let mut didl = Didl::default();
    didl.add(node, &places, set);
    didl.end()
}

#[test]
fn a_film_is_told_with_all_that_is_known_and_any_title() {
    let title = "Tom & Jerry <1> \"q\" é 日本";
    let text = written(&film(title), Profile::unknown());
    let mut seen = Vec::new();
    let end = walk(&text, |step| {
        if let Step::Closes(element) = step {
            seen.push(element.clone());
        }
    });
    assert_eq!(end, Ok(End::Whole));
    let named = |name: &str| seen.iter().find(|one| one.name == name).unwrap();
    assert_eq!((named("title").text.as_str(), named("date").text.as_str()), (title, "2001-09-09"));
    let res = named("res");
    assert_eq!(res.text, "http://10.0.0.1/v/key/film.mkv?a=1&b=2");
    for (name, value) in [
        ("duration", "1:02:03.500"),
        ("size", "7200000"),
        ("bitrate", "1933"),
        ("resolution", "1920x800"),
    ] {
        assert_eq!(res.attribute(name), Some(value), "{name}");
    }
    let info = res.attribute("protocolinfo").unwrap();
    assert!(info.starts_with("http-get:*:video/x-matroska:DLNA.ORG_OP=01"), "{info}");
    assert!(!text.contains("&#"), "named references alone");
    assert_eq!(named("dcminfo").text, "CREATIONDATE=0,FOLDER=Credenza,BM=61");
}

#[test]
fn each_set_gets_its_media_type_and_its_way_of_subtitles() {
    for (said, wanted, unwanted) in [
        ("SEC_HHP_[TV] Samsung Q7 Series (49)/1.0", "sec:CaptionInfoEx sec:type", "text/srt"),
        ("SEC_HHP_[TV] Samsung Q7 Series (49)/1.0", "video/x-mkv", "x-matroska"),
        ("Kodi/20.5", "http-get:*:text/srt:*", "sec:CaptionInfo"),
        ("Panasonic MIL DLNA CP", "pv:subtitleFileUri=", "text/srt"),
    ] {
        let text = written(&film("a"), Profile::of(&[said]).unwrap());
        assert!(text.contains(wanted) && !text.contains(unwanted), "{said}: {text}");
    }
}

#[test]
fn where_somebody_stopped_is_told_in_the_unit_that_the_set_reads() {
    for (said, bookmark, position) in [
        ("SEC_HHP_[TV] Samsung Q7 Series (49)/1.0", "BM=61900<", ">0:01:01.900<"),
        ("SEC_HHP_[TV]UE40D7000/1.0", "BM=61<", ">0:01:01.900<"),
        ("Kodi/20.5", "BM=61<", ">61<"),
    ] {
        let text = written(&film("a"), Profile::of(&[said]).unwrap());
        let position = format!("<upnp:lastPlaybackPosition{position}");
        assert!(text.contains(bookmark) && text.contains(&position), "{said}: {text}");
    }
}

#[test]
fn both_pictures_are_told_and_a_set_that_shows_small_ones_hears_of_that_first() {
    let whole = "<upnp:albumArtURI>http://10.0.0.1/p</upnp:albumArtURI>";
    let small = "<upnp:albumArtURI dlna:profileID=\"JPEG_TN\">http://10.0.0.1/p/small.jpg</upnp:albumArtURI>";
    for (said, wanted) in [
        ("Kodi/20.5", format!("{whole}{small}")),
        ("LGE_DLNA_SDK/1.6.0 [TV][LG]OLED55C3/1.0", format!("{small}{whole}")),
    ] {
        let text = written(&film("a"), Profile::of(&[said]).unwrap());
        assert!(text.contains(&wanted), "{said}: {text}");
    }
}

#[test]
fn what_is_not_known_of_a_film_is_left_out() {
    let mut node = film("a");
    if let NodeKind::Video(video) = &mut node.kind {
        (video.size_bytes, video.duration_s, video.resolution) = (None, None, None);
    }
    let text = written(&node, Profile::unknown());
    for absent in ["size=", "duration=", "bitrate=", "resolution="] {
        assert!(!text.contains(absent), "{absent} {text}");
    }
}

#[test]
fn days_are_told_as_players_read_them() {
    for (seconds, told) in
        [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (4_102_444_800, "2100-01-01")]
    {
        assert_eq!(day(seconds).as_deref(), Some(told));
    }
}

#[test]
fn the_root_has_no_parent() {
    let mut root = film("a");
    (root.parent, root.kind) = (None, NodeKind::Folder { children: Some(2) });
    let text = written(&root, Profile::unknown());
    assert!(text.contains("parentID=\"-1\" restricted=\"1\" searchable=\"1\" childCount=\"2\""));
}
