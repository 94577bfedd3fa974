//! Looking for renderers (UPnP Device Architecture 1.0, section 1.2): a question to the group on each
//! link of the household, and the answers that come straight from who they are of.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::lan::Links;
use crate::lan::ssdp::{Datagram, GROUP};

/// What is looked for; renderers of a later version answer to it too (section 1.2.2).
const TARGET: &str = "urn:schemas-upnp-org:device:MediaRenderer:1";
/// Within which time the answers are to come, in seconds.
const MX_S: u64 = 2;
/// Wireless networks lose datagrams, so the question is asked again so much later.
const AGAIN: Duration = Duration::from_millis(300);
/// Most answers that are looked at: a household has a few.
const MOST: usize = 32;
/// The longest answer that is read.
const LONGEST: usize = 2048;

/// Where the descriptions of the renderers are that answer; each on the address that answered.
pub(super) async fn locations(links: &Links) -> BTreeSet<Url> {
    let own = links.of_household().into_iter().filter_map(|link| match link.address() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    let asked = own.map(|address| async move {
        ask(address, links).await.unwrap_or_else(|error| {
            tracing::debug!(%error, %address, "renderers cannot be looked for on this link");
            BTreeSet::new()
        })
    });
    join_all(asked).await.into_iter().flatten().take(MOST).collect()
}

async fn ask(own: Ipv4Addr, links: &Links) -> io::Result<BTreeSet<Url>> {
    let socket = UdpSocket::bind((own, 0)).await?;
    socket.set_multicast_ttl_v4(2)?;
    let question = format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}\r\nMAN: \"ssdp:discover\"\r\nMX: {MX_S}\r\n\
         ST: {TARGET}\r\n\r\n"
    );
    let end = Instant::now() + Duration::from_secs(MX_S) + AGAIN;
    let mut found = BTreeSet::new();
    for until in [Instant::now() + AGAIN, end] {
        socket.send_to(question.as_bytes(), GROUP).await?;
        hear(&socket, until, links, &mut found).await;
    }
    Ok(found)
}

async fn hear(socket: &UdpSocket, until: Instant, links: &Links, found: &mut BTreeSet<Url>) {
    let mut answer = [0; LONGEST];
    while found.len() < MOST {
        match timeout_at(until, socket.recv_from(&mut answer)).await {
            Ok(Ok((len, from))) if links.is_on_link(from.ip()) => {
                found.extend(location(&answer[..len], from));
            }
            Ok(Ok(_) | Err(_)) => {}
            Err(_) => return,
        }
    }
}

/// The description's address that a renderer tells. One on another machine than the one that answers
/// is not asked: who answers could send us anywhere.
fn location(answer: &[u8], from: SocketAddr) -> Option<Url> {
    let answer = Datagram::read(answer)?;
    let mut first = answer.first.split_ascii_whitespace();
    if !first.next()?.starts_with("HTTP/1.") || first.next() != Some("200") {
        return None;
    }
    let header = |wanted: &str| answer.header(wanted);
    if !header("ST")?.contains(":device:MediaRenderer:") {
        return None;
    }
    let url = Url::parse(header("LOCATION")?).ok()?;
    let same = match url.host()? {
        Host::Ipv4(host) => IpAddr::V4(host) == from.ip().to_canonical(),
        _ => false,
    };
    (same && url.scheme() == "http").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_answers_tells_where_it_is() {
        let answer = |location: &str, target: &str| {
            format!("HTTP/1.1 200 OK\r\nst: {target}\r\nLocation: {location}\r\n\r\n")
        };
        let told = |text: &str| {
            let from = "10.0.0.9:1900".parse().unwrap();
            location(text.as_bytes(), from).map(|url| url.to_string())
        };
        let at = "http://10.0.0.9:49152/desc.xml";
        assert_eq!(told(&answer(at, TARGET)).as_deref(), Some(at));
        let later = "urn:schemas-upnp-org:device:MediaRenderer:2";
        assert_eq!(told(&answer(at, later)).as_deref(), Some(at));
        for other in [
            answer("http://10.0.0.10:49152/desc.xml", TARGET),
            answer("http://tv.example/desc.xml", TARGET),
            answer("https://10.0.0.9/desc.xml", TARGET),
            answer("file:///etc/passwd", TARGET),
            answer(at, "urn:schemas-upnp-org:device:MediaServer:1"),
            "HTTP/1.1 404 Not Found\r\n\r\n".to_owned(),
            "NOTIFY * HTTP/1.1\r\n\r\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(told(&other), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = location(&bytes, "10.0.0.9:1900".parse().unwrap());
        }
    }
}
