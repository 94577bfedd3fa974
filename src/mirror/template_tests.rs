use super::*;

const HASH: &str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

fn known(path: &str, index: Option<u32>) -> Known {
    let info_hash = HASH.parse().unwrap();
    Known {
        info_hash,
        path: path.to_owned(),
        index,
        size: Some(1),
        torrent_name: None,
        single_file: false,
    }
}

#[test]
fn places_are_filled_and_what_fills_them_is_escaped() {
    let file = known("Season 1/100% \u{e9} & more?.mkv", Some(3));
    for (template, filled) in [
        (
            "https://nas.example/{infoHash}/{fileName}",
            "https://nas.example/HASH/100%25%20%C3%A9%20%26%20more%3F.mkv",
        ),
        (
            "http://nas.example:8080/f?n={fileIndex}&h={INFOHASH}",
            "http://nas.example:8080/f?n=3&h=UPPER",
        ),
        (
            "https://nas.example?f={fileName}",
            "https://nas.example/?f=100%25%20%C3%A9%20%26%20more%3F.mkv",
        ),
        (" HTTPS://NAS.example/x/{infoHash}.mkv#part ", "https://nas.example/x/HASH.mkv"),
    ] {
        let url = Template::read(template).unwrap().fill(&file).unwrap();
        let filled = filled.replace("HASH", HASH).replace("UPPER", &HASH.to_uppercase());
        assert_eq!(url.as_str(), filled, "{template}");
    }
    let indexed = Template::read("https://nas.example/{infoHash}/{fileIndex}").unwrap();
    assert!(indexed.wants_index());
    assert_eq!(indexed.fill(&known("a.mkv", None)), None, "its place is not known");
    let named = Template::read("https://nas.example/{fileName}").unwrap();
    for name in ["..", "a/..", "."] {
        assert_eq!(named.fill(&known(name, None)), None, "{name}");
    }
}

#[test]
fn a_key_in_an_address_is_not_shown() {
    for (text, shown) in [
        ("https://nas.example/{infoHash}/{fileName}", "https://nas.example/{infoHash}/{fileName}"),
        (
            "https://nas.example/KEY/get/{infoHash}/{fileName}?apikey=KEY",
            "https://nas.example/\u{2026}/{infoHash}/{fileName}\u{2026}",
        ),
        ("https://nas.example/?k=KEY&f={fileName}", "https://nas.example/\u{2026}{fileName}"),
    ] {
        let template = Template::read(text).unwrap();
        assert_eq!(template.shown(), shown);
        assert!(!format!("{template:?}").contains("KEY"));
        let kept = serde_json::to_string(&template).unwrap();
        assert_eq!(serde_json::from_str::<Template>(&kept).unwrap(), template);
    }
}

#[test]
fn what_is_no_address_is_refused_in_a_sentence_without_it() {
    let long = format!("https://a.example/{{infoHash}}{}", "x".repeat(LONGEST));
    for (text, wanted) in [
        ("", BadTemplate::NotWeb),
        ("nas.example/KEY/{infoHash}", BadTemplate::NotWeb),
        ("ftp://nas.example/KEY/{infoHash}", BadTemplate::NotWeb),
        ("file:///etc/{fileName}", BadTemplate::NotWeb),
        ("https://me:KEY@nas.example/{infoHash}", BadTemplate::UserInfo),
        ("https://{fileName}/KEY", BadTemplate::Host),
        ("https://{infoHash}.nas.example/KEY", BadTemplate::Host),
        ("https://nas.example\\@{infoHash}", BadTemplate::NoPlace),
        ("https://nas.example/KEY", BadTemplate::NoPlace),
        ("https://nas.example/KEY/{fileIndex}", BadTemplate::NoPlace),
        ("https://nas.example/#{infoHash}", BadTemplate::NoPlace),
        ("https://nas.example/{infohash}/KEY", BadTemplate::UnknownPlace),
        ("https://nas.example/{infoHash}}", BadTemplate::UnknownPlace),
        ("https://nas.example/{{infoHash}}", BadTemplate::UnknownPlace),
        ("https://nas.example/\u{2026}/{infoHash}", BadTemplate::Cut),
        (&long, BadTemplate::TooLong),
    ] {
        let refused = Template::read(text).map(|read| read.text);
        // A backslash is a slash in a web address, so this one names its host and fills its path.
        if text.contains('\\') {
            assert!(refused.is_ok(), "{text}");
            continue;
        }
        let refused = refused.unwrap_err();
        assert_eq!(refused, wanted, "{text}");
        assert!(!refused.to_string().contains("KEY"));
    }
}

#[test]
fn a_cache_may_be_named_by_its_folder() {
    let known = known("a", None);
    for (text, filled) in [
        ("https://c.example/torrent/", "https://c.example/torrent/UPPER.torrent"),
        ("https://c.example", "https://c.example/UPPER.torrent"),
        ("https://c.example/{infoHash}", "https://c.example/HASH"),
    ] {
        let url = Template::read_cache(text).unwrap().fill(&known).unwrap();
        let filled = filled.replace("UPPER", &HASH.to_uppercase()).replace("HASH", HASH);
        assert_eq!(url.as_str(), filled, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_on_an_owners_text(text in ".{0,80}", more in "[a-z{}/:?#@.\\\\ ]{0,40}") {
        let _ = Template::read(&text);
        let read = Template::read(&format!("https://a.example{more}{{infoHash}}{text}"));
        if let Ok(template) = read {
            let _ = (template.shown(), template.fill(&known("a", Some(1))));
        }
    }

    #[test]
    fn no_name_of_a_file_leaves_its_place(name in "[^/\\\\]{1,60}", index: u32) {
        let template =
            Template::read("https://a.example:8443/x/{infoHash}/{fileName}/{fileIndex}?n={fileName}&z=1");
        let file = known(&name, Some(index));
        let Some(url) = template.unwrap().fill(&file) else {
            proptest::prop_assert!(!is_safe(&name));
            return Ok(());
        };
        proptest::prop_assert_eq!(url.origin().ascii_serialization(), "https://a.example:8443");
        proptest::prop_assert_eq!(url.fragment(), None);
        let parts: Vec<&str> = url.path_segments().unwrap().collect();
        proptest::prop_assert_eq!(parts.len(), 4);
        let read = percent_encoding::percent_decode_str(parts[2]).decode_utf8().unwrap();
        proptest::prop_assert_eq!(read.as_ref(), name.as_str());
        let query: Vec<_> = url.query_pairs().collect();
        proptest::prop_assert_eq!(query.len(), 2);
        proptest::prop_assert_eq!(query[0].1.as_ref(), name.as_str());
    }
}
