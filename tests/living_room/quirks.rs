//! What each maker's set asks and wants, replayed with its own words.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::shelf::{self, TRAPS};
use crate::support::http::{Answer, ask};
use crate::support::server::{Server, credenza};
use crate::support::until;

const LIMIT: Duration = Duration::from_secs(60);
pub const SAMSUNG: &str = "DLNADOC/1.50 SEC_HHP_[TV] Samsung Q7 Series (49)/1.0";
pub const OLD_SAMSUNG: &str = "DLNADOC/1.50 SEC_HHP_[TV]UE40D7000/1.0";
const LG: &str = "Linux/3.16 UPnP/1.0 LGE WebOS TV LGE_DLNA_SDK/1.6.0/04.30.13 DLNADOC/1.50";
pub const KODI: &str = "Kodi/20.5 (X11; Linux x86_64)";

/// A media server on loopback with these titles on its shelf; nothing of it is announced.
pub fn served(titles: &[String]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    shelf::fill(&data, titles);
    let mut command = credenza(&data);
    command.env("CREDENZA_LAN_UPNP", "true").env("CREDENZA_ACCESS_AUTH_REQUIRED", "false");
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "debug"]);
    Server::start(command, data, Some(folder))
}

/// A media server on a data folder that outlives it.
pub fn on(data: &Path, environment: &[(&str, &str)]) -> Server {
    let mut command = credenza(data);
    command.env("CREDENZA_LAN_UPNP", "true").envs(environment.iter().copied());
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    Server::start(command, data.to_owned(), None)
}

/// A call as a set makes it.
pub fn call(server: &Server, agent: &str, service: &str, action: &str, arguments: &str) -> Answer {
    call_with(server, agent, &[], (service, action, arguments))
}

/// The same with more headers.
fn call_with(
    server: &Server,
    agent: &str,
    more: &[(&str, &str)],
    (service, action, arguments): (&str, &str, &str),
) -> Answer {
    let kind = match service {
        "registrar" => "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
        "connection-manager" => "urn:schemas-upnp-org:service:ConnectionManager:1",
        _ => "urn:schemas-upnp-org:service:ContentDirectory:1",
    };
    let body = format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:{action} xmlns:u=\"{kind}\">{arguments}</u:{action}></s:Body></s:Envelope>"
    );
    let ask = ask("POST", &format!("{}/dlna/control/{service}", server.base));
    let ask = more.iter().fold(ask, |ask, (name, value)| ask.with(name, value));
    ask.with("User-Agent", agent)
        .with("SOAPACTION", &format!("\"{kind}#{action}\""))
        .bytes("text/xml; charset=\"utf-8\"", body.as_bytes())
        .send()
}

pub fn browse(server: &Server, agent: &str, id: &str, flag: &str) -> Answer {
    let arguments = format!(
        "<ObjectID>{id}</ObjectID><BrowseFlag>{flag}</BrowseFlag><Filter>*</Filter>\
         <StartingIndex>0</StartingIndex><RequestedCount>0</RequestedCount><SortCriteria/>"
    );
    call(server, agent, "content-directory", "Browse", &arguments)
}

/// The list in an answer, with one layer of escapes taken off.
pub fn list(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let result = text.split("<Result>").nth(1).unwrap().split("</Result>").next().unwrap();
    assert!(!result.contains("&#"), "named references alone");
    credenza::xml::unescape(result).into_owned()
}

/// The id of the first film of a list.
fn first(list: &str) -> String {
    list.split("<item id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn each_set_is_told_in_its_own_words() {
    let server = served(&[TRAPS.to_owned()]);
    for (agent, wanted, unwanted, at) in [
        (SAMSUNG, "http-get:*:video/x-mkv:DLNA.ORG_OP=01", "x-matroska", "BM=61500"),
        (LG, "http-get:*:video/x-matroska:DLNA.ORG_OP=01", "x-mkv", "BM=61"),
        (KODI, "http-get:*:video/x-matroska:DLNA.ORG_OP=01", "x-mkv", "BM=61"),
        ("Nobody's set/1.0", "http-get:*:video/x-matroska:DLNA.ORG_OP=01", "x-mkv", "BM=61"),
    ] {
        let list = list(&browse(&server, agent, "continue", "BrowseDirectChildren"));
        assert!(list.contains(wanted) && !list.contains(unwanted), "{agent}: {list}");
        assert!(list.contains("Tom &amp; Jerry &lt;1&gt; &quot;q&quot; é 日本"), "{list}");
        assert!(list.contains("xmlns:sec=\"http://www.sec.co.kr/\""));
        assert!(list.contains(&format!("{at}</sec:dcmInfo>")), "{agent}: {list}");
    }
    // Samsung asks for the root by no name.
    let root = list(&browse(&server, SAMSUNG, "", "BrowseDirectChildren"));
    assert!(root.contains("<container id=\"continue\" parentID=\"0\""), "{root}");
    let features = call(&server, SAMSUNG, "content-directory", "X_GetFeatureList", "");
    assert!(features.text().contains("samsung.com_BASICVIEW"), "{}", features.text());
    let order = browse(&server, LG, "0", "BrowseMetadata").text();
    let at = |name: &str| order.find(&format!("<{name}>")).unwrap();
    assert!(at("Result") < at("NumberReturned") && at("NumberReturned") < at("TotalMatches"));
    assert!(at("TotalMatches") < at("UpdateID"));
    // Windows wants to be let in.
    let let_in =
        call(&server, "Windows-Media-Player/12.0", "registrar", "IsAuthorized", "<DeviceID/>");
    assert!(let_in.text().contains("<Result>1</Result>"), "{}", let_in.text());

    let sets = server.owner("GET", "/api/sets").send().json();
    let profile = |agent: &str| {
        let rows = sets["sets"].as_array().unwrap();
        rows.iter().find(|row| row["user_agent"] == agent).map(|row| row["profile"].clone())
    };
    assert_eq!(profile("Nobody's set/1.0"), Some(Value::from("unknown")));
    assert_eq!(profile(KODI), Some(Value::from("Kodi")));
    assert_eq!(server.get("/api/sets").status, 401, "the owner alone sees who is in the house");
}

/// Some sets say in a header of their maker's what they are, and in `User-Agent` only what they are made
/// with; some control points say how their set is called.
#[test]
fn a_set_is_known_by_whichever_header_says_what_it_is() {
    const PLAIN: &str = "UPnP/1.0";
    let server = served(&["A film".to_owned()]);
    let films = "<ObjectID>continue</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag>\
                 <Filter>*</Filter><StartingIndex>0</StartingIndex><RequestedCount>0</RequestedCount>\
                 <SortCriteria/>";
    let bravia = "av=5.0; cn=\"Sony Corporation\"; mn=\"BRAVIA KDL-55W805A\"; mv=\"1.7\"";
    let console = "av=5.0; hn=\"\"; cn=\"Sony Computer Entertainment Inc.\"; mn=\"PLAYSTATION 3\"";
    for (header, value, profile) in [
        ("X-AV-Client-Info", bravia, "Sony Bravia"),
        ("X-AV-Client-Info", console, "PlayStation 3"),
        ("FriendlyName.DLNA.ORG", "[TV] Samsung Q7 Series (49)", "Samsung"),
        ("FriendlyName.DLNA.ORG", "Kodi (bedroom)", "Kodi"),
        ("FriendlyName.DLNA.ORG", "Nobody's", "unknown"),
    ] {
        let more = [(header, value)];
        let answer = call_with(&server, PLAIN, &more, ("content-directory", "Browse", films));
        assert_eq!(answer.status, 200, "{value}: {}", answer.text());
        let sets = server.owner("GET", "/api/sets").send().json();
        let newest = &sets["sets"][0];
        let given = newest["profile"].as_str().unwrap();
        println!("{header}: {value}: {given}");
        assert!(given.starts_with(profile), "{value}: {newest}");
        // Whoever reports a set that nobody knows can tell all that it said.
        assert!(newest.to_string().contains(&Value::from(value).to_string()), "{newest}");
    }
}

#[test]
fn a_list_comes_in_the_order_that_a_set_asks_for() {
    let server = served(&["B film 10", "A film", "B film 2"].map(str::to_owned));
    for (criteria, expected) in [
        // As the folder has it: letter by letter.
        ("", ["A film", "B film 10", "B film 2"]),
        ("+dc:title", ["A film", "B film 2", "B film 10"]),
        ("-dc:title", ["B film 10", "B film 2", "A film"]),
        ("+upnp:class,-dc:title", ["B film 10", "B film 2", "A film"]),
        ("-upnp:class", ["A film", "B film 10", "B film 2"]),
    ] {
        let arguments = format!(
            "<ObjectID>pinned</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag>\
             <Filter>*</Filter><StartingIndex>0</StartingIndex><RequestedCount>0</RequestedCount>\
             <SortCriteria>{criteria}</SortCriteria>"
        );
        let list = list(&call(&server, KODI, "content-directory", "Browse", &arguments));
        let titles = list.split("<dc:title>").skip(1);
        let titles: Vec<&str> = titles.map(|rest| rest.split('<').next().unwrap()).collect();
        assert_eq!(titles, expected, "{criteria}");
    }
}

#[test]
fn a_bookmark_goes_on_in_seconds_or_milliseconds_as_the_set_counts() {
    let server = served(&["A film".to_owned()]);
    let id = first(&list(&browse(&server, SAMSUNG, "continue", "BrowseDirectChildren")));
    let at = || {
        let shelf = server.owner("GET", "/api/library").send().json();
        shelf["titles"][0]["position_s"].as_f64().unwrap()
    };
    for (agent, said, seconds) in
        [(SAMSUNG, "95000", 95.0), (OLD_SAMSUNG, "100", 100.0), (SAMSUNG, "0", 0.0)]
    {
        let arguments = format!(
            "<CategoryType>VIDEO</CategoryType><RID>0</RID><ObjectID>{id}</ObjectID>\
             <PosSecond>{said}</PosSecond>"
        );
        let set = call(&server, agent, "content-directory", "X_SetBookmark", &arguments);
        assert_eq!(set.status, 200, "{}", set.text());
        assert!((at() - seconds).abs() < 0.5, "{agent} {said}: {}", at());
        // What a set has told, it is told again; at the beginning there is nowhere to go on.
        let told = list(&browse(&server, agent, "continue", "BrowseDirectChildren"));
        let again = told.contains(&format!("BM={said}</sec:dcmInfo>"));
        assert!(again == (seconds > 0.0), "{agent} {said}: {told}");
        let kodi = list(&browse(&server, KODI, "continue", "BrowseDirectChildren"));
        let whole = format!("<upnp:lastPlaybackPosition>{seconds}</upnp:lastPlaybackPosition>");
        assert!(kodi.contains(&whole) == (seconds > 0.0), "{agent} {said}: {kodi}");
    }
    let nobody = "<CategoryType/><RID/><ObjectID>nobody</ObjectID><PosSecond>1</PosSecond>";
    let refused = call(&server, SAMSUNG, "content-directory", "X_SetBookmark", nobody);
    assert!(refused.text().contains("<errorCode>701</errorCode>"), "{}", refused.text());
}

#[test]
fn the_device_has_its_pictures_and_one_name_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let server = on(folder.path(), &[]);
    let description = server.get("/dlna/description.xml");
    let media_type = description.header("content-type").unwrap();
    assert_eq!((description.status, media_type), (200, "text/xml; charset=\"utf-8\""));
    let text = description.text();
    for wanted in [
        "<dlna:X_DLNADOC>DMS-1.50</dlna:X_DLNADOC>",
        "<sec:ProductCap>smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec</sec:ProductCap>",
        "<presentationURL>/</presentationURL>",
        "<deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType>",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
    for (file, media_type) in [
        ("icon-120.png", "image/png"),
        ("icon-48.png", "image/png"),
        ("icon-120.jpg", "image/jpeg"),
        ("icon-48.jpg", "image/jpeg"),
    ] {
        assert!(text.contains(&format!("<url>/dlna/{file}</url>")));
        let answer = server.get(&format!("/dlna/{file}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)));
    }
    let uuid = |text: &str| text.split("<UDN>").nth(1).unwrap()[..41].to_owned();
    let first = uuid(&text);
    assert_eq!(server.stop(), 0);
    let renamed = on(folder.path(), &[("CREDENZA_LAN_NAME", "Another name")]);
    let text = renamed.get("/dlna/description.xml").text();
    assert!(text.contains("<friendlyName>Another name</friendlyName>"), "{text}");
    assert_eq!(uuid(&text), first);
}

/// A Samsung looks for subtitles in the answer to its request for the film, and in the list; Kodi in the
/// list.
#[test]
fn subtitles_are_told_with_the_film_and_in_the_list() {
    let server = Server::demo_with(&[("CREDENZA_LAN_UPNP", "true")]);
    let url = server.play(super::FILM)["url"].as_str().unwrap().to_owned();
    let asked = |agent: &str, lines: &[(&str, &str)]| {
        let ask = ask("HEAD", &url).with("User-Agent", agent);
        lines.iter().fold(ask, |ask, (name, value)| ask.with(name, value)).send()
    };
    // The film begins; what lies beside it comes behind.
    let first = ask("GET", &url).with("Range", "bytes=0-0").with("User-Agent", SAMSUNG).send();
    assert_eq!(first.status, 206);
    let told = until("the subtitles", LIMIT, || {
        let answer = asked(SAMSUNG, &[("getCaptionInfo.sec", "1")]);
        assert_eq!(answer.status, 200);
        answer.header("captioninfo.sec").map(str::to_owned)
    });
    println!("{told}");
    assert!(told.starts_with(&server.base) && told.contains(".srt"), "{told}");
    let subtitles = ask("GET", &told).with("User-Agent", SAMSUNG).send();
    assert!(subtitles.status == 200 && subtitles.text().contains("-->"), "{}", subtitles.text());
    // Without the mark of UTF-8 it takes them for Latin-1.
    assert!(subtitles.body.starts_with(b"\xEF\xBB\xBF"), "{}", subtitles.text());
    assert!(asked(SAMSUNG, &[]).header("captioninfo.sec").is_some(), "also without asking");
    assert!(asked(KODI, &[]).header("captioninfo.sec").is_none());
    assert!(asked(LG, &[]).header("contentfeatures.dlna.org").unwrap().contains("DLNA.ORG_OP=01"));

    let media_id = url.split("/v/").nth(1).unwrap().split('.').nth(1).unwrap().as_bytes();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(media_id).unwrap();
    let path = format!("/api/library/{}", String::from_utf8(media_id).unwrap());
    let at = serde_json::json!({"position_s": 5, "duration_s": 60});
    assert_eq!(server.owner("PUT", &path).json(&at).send().status, 200);
    for (agent, wanted, unwanted) in [
        (SAMSUNG, "<sec:CaptionInfoEx sec:type=\"srt\">http", "text/srt"),
        (KODI, "<res protocolInfo=\"http-get:*:text/srt:*\">http", "sec:CaptionInfo"),
        ("Panasonic MIL DLNA CP UPnP/1.0 DLNADOC/1.50", "pv:subtitleFileUri=\"http", "text/srt"),
    ] {
        let list = list(&browse(&server, agent, "continue", "BrowseDirectChildren"));
        assert!(list.contains(wanted) && !list.contains(unwanted), "{agent}: {list}");
    }
    let length = asked(SAMSUNG, &[("getMediaInfo.sec", "1")]);
    assert_eq!(length.header("mediainfo.sec"), Some("SEC_Duration=60000;"));
}
