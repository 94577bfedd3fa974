use super::*;
use crate::media::{AnimePlace, Title};

const INDEX: IndexName = IndexName::StremThru;

fn feed(items: &str) -> String {
    format!("<rss xmlns:torznab='t'><channel><title>x</title>{items}</channel></rss>")
}

fn item(inner: &str) -> String {
    feed(&format!("<item>{inner}</item>"))
}

fn shown(search: &Search) -> String {
    let pairs: Vec<String> = search.iter().map(|(key, text)| format!("{key}={text}")).collect();
    pairs.join("&")
}

#[test]
fn a_hash_is_found_wherever_an_item_tells_it() {
    let hex = "a".repeat(40);
    let base32 = "VKVKVKVKVKVKVKVKVKVKVKVKVKVKVKVK";
    let attribute =
        |name: &str, value: &str| format!("<torznab:attr name='{name}' value='{value}'/>");
    for (inner, found) in [
        (attribute("infohash", &hex), true),
        (attribute("infohash", &hex.to_uppercase()), true),
        (attribute("InfoHash", base32), true),
        (
            attribute(
                "magneturl",
                &format!("magnet:?xt=urn:btih:{hex}&amp;tr=udp%3A%2F%2Fa.example%3A1"),
            ),
            true,
        ),
        (attribute("magneturl", &format!("magnet:?xt=urn:btih:{base32}")), true),
        (format!("<newznab:attr name='infohash' value='{hex}'/>"), true),
        (format!("<enclosure url='magnet:?xt=urn:btih:{hex}' length='0'/>"), true),
        (format!("<link>magnet:?xt=urn:btih:{hex}</link>"), true),
        (format!("<guid>magnet:?xt=urn:btih:{hex}</guid>"), true),
        (format!("<nyaa:infoHash>{hex}</nyaa:infoHash>"), true),
        // The attribute is broken, the magnet is not.
        (attribute("infohash", "abc") + &format!("<link>magnet:?xt=urn:btih:{hex}</link>"), true),
        ("<link>https://a.example/x.torrent</link>".to_owned(), false),
        (format!("<title>Invalid Magnet</title>{}", attribute("infohash", &hex)), false),
        (attribute("infohash", ""), false),
        (String::new(), false),
    ] {
        let read = read(item(&inner).as_bytes(), INDEX).unwrap();
        let hashes: Vec<String> = read.iter().map(|row| row.info_hash.to_string()).collect();
        assert_eq!(hashes, vec![hex.clone(); usize::from(found)], "{inner}");
    }
}

#[test]
fn numbers_are_read_from_attributes_elements_and_words() {
    let hash = format!("<torznab:attr name='infohash' value='{}'/>", "a".repeat(40));
    for (inner, size, seeders) in [
        (
            "<torznab:attr name='size' value='7'/><torznab:attr name='seeders' value='3'/>",
            Some(7),
            Some(3),
        ),
        ("<size>7</size><enclosure url='x' length='9'/>", Some(7), None),
        (
            "<size>0</size><enclosure url='x' length='0'/><enclosure url='y' length='9'/>",
            Some(9),
            None,
        ),
        ("<nyaa:size>734 Bytes</nyaa:size><nyaa:seeders>0</nyaa:seeders>", Some(734), Some(0)),
        ("<torznab:attr name='seeders' value='-1'/><size>x</size>", None, None),
        ("<torznab:attr name='peers' value='5'/>", None, None),
    ] {
        let read = read(item(&(hash.clone() + inner)).as_bytes(), INDEX).unwrap();
        assert_eq!((read[0].size_bytes, read[0].seeders), (size, seeders), "{inner}");
    }
}

#[test]
fn an_error_with_status_200_is_a_sentence_without_a_key() {
    let key = "0123456789abcdef0123456789abcdef";
    for (body, wanted) in [
        (
            "<error code='201' description='Incorrect parameter: o'/>".to_owned(),
            "answered with error 201: Incorrect parameter: o",
        ),
        (
            format!("<?xml version='1.0'?><error code='100' description='Invalid API key {key}'/>"),
            "does not accept the key in its address (error 100: Invalid API key ***); copy the address anew",
        ),
        (
            format!("<error code='900' description='/api?apikey={key}&amp;t=x'/>"),
            "answered with error 900: /api?apikey=***&t=x",
        ),
        (
            "<error code='500' description='Request limit reached'/>".to_owned(),
            "asks for fewer requests (429)",
        ),
        ("<error/>".to_owned(), "answered with error 0: "),
        (
            "<html><body>log in</body></html>".to_owned(),
            "sent a web page where a feed was expected (a login page of the network?)",
        ),
        (
            "<!doctype html><html>".to_owned(),
            "sent a web page where a feed was expected (a login page of the network?)",
        ),
        ("<!DOCTYPE rss><rss/>".to_owned(), "sent XML with a document type, which is refused"),
        ("<opml/>".to_owned(), "answered without a list of torrents"),
        ("{}".to_owned(), "sent something else than a feed"),
        (String::new(), "sent something else than a feed"),
        ("<rss><channel><item><title>a".to_owned(), "sent a feed that is cut short or damaged"),
    ] {
        let error = read(body.as_bytes(), INDEX).unwrap_err().to_string();
        assert_eq!(error, wanted, "{body}");
    }
    assert!(read(feed("").as_bytes(), INDEX).unwrap().is_empty());
    let cut = feed(&format!("<item><infohash>{}</infohash></item><item><tit", "a".repeat(40)));
    assert_eq!(read(cut.as_bytes(), INDEX).unwrap().len(), 1, "what was whole stands");
}

#[test]
fn the_address_keeps_its_key_and_nothing_that_we_ask() {
    for (base, wanted) in [
        ("http://h:1/1/api?apikey=K", "http://h:1/1/api?apikey=K&t=search&q=a+b"),
        (
            "http://h:1/torznab/?t=caps&apikey=K&q=x#y",
            "http://h:1/torznab/?apikey=K&t=search&q=a+b",
        ),
        ("https://h/v0/torznab/api", "https://h/v0/torznab/api?t=search&q=a+b"),
    ] {
        let url = address(&base.parse().unwrap(), &[("t", "search"), ("q", "a b")]);
        assert_eq!(url.as_str(), wanted);
    }
}

#[test]
fn it_is_asked_for_what_it_can() {
    let able = |film_by_imdb, series_by_imdb, series_by_number| Abilities {
        film_by_imdb,
        series_by_imdb,
        series_by_number,
    };
    let (all, none) = (able(true, true, true), Abilities::default());
    let title = |anime: bool| Title {
        name: "Harbour: Lights".to_owned(),
        aliases: vec!["Minato".to_owned()],
        year: Some(2021),
        kitsu: anime.then_some(AnimePlace { id: 5, episode: Some(2) }),
        is_anime: anime,
        ..Title::default()
    };
    for (id, title, able, wanted) in [
        ("tt9900001", Some(title(false)), all, &["t=movie&imdbid=tt9900001&limit=150"][..]),
        ("tt9900001", None, all, &["t=movie&imdbid=tt9900001&limit=150"]),
        ("tt9900001", None, none, &[]),
        (
            "tt9900001",
            Some(title(false)),
            none,
            &["t=search&q=Harbour Lights 2021&limit=150", "t=search&q=Minato 2021&limit=150"],
        ),
        (
            "tt9900001:1:2",
            Some(title(false)),
            all,
            &[
                "t=tvsearch&imdbid=tt9900001&season=1&ep=2&limit=150",
                "t=tvsearch&imdbid=tt9900001&season=1&limit=150",
            ],
        ),
        (
            "tt9900001:1:2",
            Some(title(false)),
            able(false, false, true),
            &[
                "t=tvsearch&q=Harbour Lights&season=1&ep=2&limit=150",
                "t=tvsearch&q=Minato&season=1&ep=2&limit=150",
            ],
        ),
        (
            "tt9900001:1:2",
            Some(title(false)),
            none,
            &["t=search&q=Harbour Lights S01E02&limit=150", "t=search&q=Minato S01E02&limit=150"],
        ),
        (
            "tt9900001:1:2",
            Some(title(true)),
            all,
            &[
                "t=tvsearch&imdbid=tt9900001&season=1&ep=2&limit=150",
                "t=search&q=Harbour Lights 02&limit=150",
            ],
        ),
        (
            "kitsu:5:2",
            Some(title(true)),
            none,
            &["t=search&q=Harbour Lights 02&limit=150", "t=search&q=Minato 02&limit=150"],
        ),
        ("kitsu:5:2", None, all, &[]),
        (
            "kitsu:5:2",
            Some(Title { absolute: Some(28), ..title(true) }),
            none,
            &["t=search&q=Harbour Lights 02&limit=150", "t=search&q=Harbour Lights 28&limit=150"],
        ),
        (
            "tt9900001:1:2",
            Some(Title { absolute: Some(28), ..title(true) }),
            all,
            &[
                "t=tvsearch&imdbid=tt9900001&season=1&ep=2&limit=150",
                "t=search&q=Harbour Lights 28&limit=150",
            ],
        ),
    ] {
        let query = Query { id: id.parse().unwrap(), title };
        let asked: Vec<String> = searches(&query, able).iter().map(shown).collect();
        assert_eq!(asked, wanted, "{id} {able:?}");
    }
}

#[test]
fn abilities_are_read_from_caps() {
    let caps = |inner: &str| format!("<caps><searching>{inner}</searching></caps>");
    let film = "<movie-search available='yes' supportedParams='q,imdbid'/>";
    let series = "<tv-search available='yes' supportedParams='q, season,ep,imdbid'/>";
    for (inner, wanted) in [
        ("", (false, false, false)),
        (film, (true, false, false)),
        (series, (false, true, true)),
        ("<tv-search available='yes' supportedParams='q,season,ep'/>", (false, false, true)),
        ("<tv-search available='no' supportedParams='q,season,ep,imdbid'/>", (false, false, false)),
        ("<tv-search available='yes' supportedParams='q,imdbid'/>", (false, false, false)),
    ] {
        let able = abilities(&caps(inner)).unwrap();
        assert_eq!(
            (able.film_by_imdb, able.series_by_imdb, able.series_by_number),
            wanted,
            "{inner}"
        );
    }
    assert!(abilities("<error code='100' description='no'/>").is_err());
}

proptest::proptest! {
    #[test]
    fn never_panics_and_reads_back_what_a_feed_says(
        junk in "(<[a-z:]{1,8}( name='(size|infohash|magneturl)')?( value='[^'<]{0,9}')?/?>|</[a-z]{1,4}>|.){0,30}",
        title in "[A-Za-z0-9&<>'\" .é-]{1,40}",
        size in 1_u64..u64::from(u32::MAX),
        seeders in 0_u32..99_999,
    ) {
        let _ = read(junk.as_bytes(), INDEX);
        let _ = read(item(&junk).as_bytes(), INDEX);
        let _ = abilities(&junk);
        let hash = "b".repeat(40);
        let escaped = crate::xml::escape(&title);
        let body = item(&format!(
            "<title>{escaped}</title><torznab:attr name='infohash' value='{hash}'/>\
             <torznab:attr name='size' value='{size}'/><torznab:attr name='seeders' value='{seeders}'/>"
        ));
        let read = read(body.as_bytes(), INDEX).unwrap();
        proptest::prop_assert_eq!(&read[0].name, title.trim());
        proptest::prop_assert_eq!((read[0].size_bytes, read[0].seeders), (Some(size), Some(seeders)));
    }
}
