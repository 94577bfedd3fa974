//! What nobody honest asks, and what is asked wrongly: faults in UPnP's words, bounds, and callbacks that
//! lead to nobody else.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::quirks::{browse, call, served};
use crate::support::http::{Ask, ask};
use crate::support::server::Server;
use crate::support::until;

const AGENT: &str = "DLNADOC/1.50";

#[test]
fn what_is_asked_wrongly_is_refused_in_upnps_words() {
    let server = served(&[]);
    let directory = "content-directory";
    for (action, arguments, code) in [
        ("DestroyObject", "<ObjectID>0</ObjectID>", 401),
        ("Browse", "", 402),
        ("Browse", "<ObjectID>0</ObjectID>", 402),
        ("Browse", "<ObjectID>0</ObjectID><BrowseFlag>BrowseAll</BrowseFlag>", 402),
        (
            "Browse",
            "<ObjectID>0</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag>\
             <StartingIndex>first</StartingIndex>",
            402,
        ),
        ("Browse", "<ObjectID>nobody</ObjectID><BrowseFlag>BrowseMetadata</BrowseFlag>", 701),
        ("Browse", "<ObjectID>../..</ObjectID><BrowseFlag>BrowseMetadata</BrowseFlag>", 701),
        ("Search", "<ContainerID>nobody</ContainerID><SearchCriteria>*</SearchCriteria>", 710),
    ] {
        let answer = call(&server, AGENT, directory, action, arguments);
        let text = answer.text();
        assert_eq!(answer.status, 500, "{action} {arguments}: {text}");
        assert!(text.contains(&format!("<errorCode>{code}</errorCode>")), "{action}: {text}");
        assert!(text.contains("<faultstring>UPnPError</faultstring>"));
    }
    // Music is no error: there is none.
    let music = "<ContainerID>0</ContainerID><SearchCriteria>upnp:class derivedfrom \
        &quot;object.item.audioItem&quot;</SearchCriteria>";
    let answer = call(&server, AGENT, directory, "Search", music);
    assert!(answer.text().contains("<TotalMatches>0</TotalMatches>"), "{}", answer.text());
    assert_eq!(server.get("/dlna/nobody.xml").status, 404);
    assert_eq!(server.get("/dlna/control/content-directory").status, 405);
}

#[test]
fn bombs_and_floods_end_at_the_door() {
    let server = served(&[]);
    let post = |body: &[u8]| {
        let ask = ask("POST", &format!("{}/dlna/control/content-directory", server.base));
        ask.with("SOAPACTION", "\"x#Browse\"").bytes("text/xml", body).send()
    };
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>\
        <x><Browse><ObjectID>&b;</ObjectID></Browse></x>";
    let answer = post(bomb.as_bytes());
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("<errorCode>402</errorCode>"), "{}", answer.text());
    let deep = post("<a>".repeat(10_000).as_bytes());
    assert!(deep.text().contains("<errorCode>402</errorCode>"), "{}", deep.text());
    let long = post(&vec![b'a'; 65_537]);
    assert_eq!(long.status, 413, "{}", long.text());
    assert_eq!(browse(&server, AGENT, "0", "BrowseMetadata").status, 200);
}

fn subscription(server: &Server, callback: &str) -> Ask {
    let ask = ask("SUBSCRIBE", &format!("{}/dlna/events/content-directory", server.base));
    ask.with("CALLBACK", callback).with("NT", "upnp:event").with("TIMEOUT", "Second-1800")
}

#[test]
fn a_subscriber_is_answered_at_once_and_told_at_its_own_address() {
    let server = served(&["A film".to_owned()]);
    let ear = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("<http://{}/events?x=1>", ear.local_addr().unwrap());
    let began = std::time::Instant::now();
    let answer = subscription(&server, &callback).send();
    println!("SUBSCRIBE answered after {:?}", began.elapsed());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("timeout"), Some("Second-300"));
    let sid = answer.header("sid").unwrap().to_owned();
    let heard = hear(&ear);
    assert!(heard.starts_with("NOTIFY /events?x=1 HTTP/1.1\r\n"), "{heard}");
    for line in [format!("SID: {sid}"), "SEQ: 0".to_owned(), "NTS: upnp:propchange".to_owned()] {
        assert!(heard.contains(&format!("\r\n{line}\r\n")), "{heard}");
    }
    let number = |heard: &str| {
        let text = heard.split("<SystemUpdateID>").nth(1).unwrap_or_else(|| panic!("{heard}"));
        text.split('<').next().unwrap().to_owned()
    };
    let first = number(&heard);
    // With the list the number changes, and the next word is the subscription's second (UDA 1.0, 4.2.1).
    let row = &server.owner("GET", "/api/library").send().json()["titles"][0];
    let path = format!("/api/library/{}", row["media_id"].as_str().unwrap());
    let change = serde_json::json!({"pinned": false});
    assert_eq!(server.owner("PUT", &path).json(&change).send().status, 200);
    let heard = hear(&ear);
    for line in [format!("SID: {sid}"), "SEQ: 1".to_owned(), "NTS: upnp:propchange".to_owned()] {
        assert!(heard.contains(&format!("\r\n{line}\r\n")), "{heard}");
    }
    assert_ne!(number(&heard), first);

    let path = format!("{}/dlna/events/content-directory", server.base);
    let renew = || ask("SUBSCRIBE", &path).with("SID", &sid).send().status;
    assert_eq!(renew(), 200);
    let both = ask("SUBSCRIBE", &path).with("SID", &sid).with("CALLBACK", &callback).send();
    assert_eq!(both.status, 400);
    assert_eq!(ask("UNSUBSCRIBE", &path).with("SID", "uuid:nobody").send().status, 412);
    assert_eq!(ask("UNSUBSCRIBE", &path).with("SID", &sid).send().status, 200);
    assert_eq!(renew(), 412);
}

/// One event, answered with 200.
fn hear(ear: &TcpListener) -> String {
    ear.set_nonblocking(true).unwrap();
    let taken = || ear.accept().ok().map(|(stream, _)| stream);
    let mut stream: TcpStream = until("an event", Duration::from_secs(60), taken);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    while !heard.ends_with(b"</e:propertyset>") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..count]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    String::from_utf8(heard).unwrap()
}

#[test]
fn thirty_callbacks_to_others_are_not_called() {
    let server = served(&[]);
    let others: Vec<TcpListener> =
        (2..32).map(|last| TcpListener::bind(format!("127.0.0.{last}:0")).unwrap()).collect();
    for ear in &others {
        let callback = format!("<http://{}/>", ear.local_addr().unwrap());
        assert_eq!(subscription(&server, &callback).send().status, 412, "{callback}");
        ear.set_nonblocking(true).unwrap();
    }
    // A subscription of its own is told meanwhile: whatever was to be called has been by then.
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("<http://{}/>", own.local_addr().unwrap());
    assert_eq!(subscription(&server, &callback).send().status, 200);
    hear(&own);
    for ear in &others {
        assert!(ear.accept().is_err(), "a stranger's callback was called");
    }
    for callback in ["", "<>", "http://127.0.0.1/", "<https://127.0.0.1/>", "<http://localhost/>"] {
        assert_eq!(subscription(&server, callback).send().status, 412, "{callback}");
    }
}
