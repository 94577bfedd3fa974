//! Whether who is at the other end of a connection is still there. A paused television takes nothing,
//! but its system answers every question whether it has room again; one whose line has dropped answers
//! nothing. The socket's own time limit (`TCP_USER_TIMEOUT`) ends both alike, so the kernel's table of
//! connections is read, `proc_net_tcp(5)`: once in a while, and for a connection that stands still only.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

/// So many times a part was sent again, without an answer: 12 s at least, as the waits double.
const SENT_AGAIN: u32 = 6;
/// So many times it was asked whether there is room, without an answer: some 25 s (measured).
const ASKED: u32 = 3;

/// The process's own: beneath `ProcSubset=pid`, as on the box, there is no `/proc/net`.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// Whether nothing is heard from the other end any more. Where that cannot be told, it is there.
pub(super) fn is_gone(stream: &TcpStream) -> bool {
    let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else { return true };
    // A connection by IPv4 stands in the other table where the listener is of both families.
    TABLES
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .any(|table| gone_by(&table, local, peer))
}

/// The columns are: number, own end, other end, state, queues, timer, times sent again, user, times
/// asked without an answer.
fn gone_by(table: &str, local: SocketAddr, peer: SocketAddr) -> bool {
    let ends = [local, peer].map(|end| [written(end, false), written(end, true)]);
    let is_it = |fields: &[&str]| {
        fields.len() > 8
            && ends[0].iter().any(|end| end == fields[1])
            && ends[1].iter().any(|end| end == fields[2])
    };
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let number = |text: &str, radix: u32| u32::from_str_radix(text, radix).unwrap_or(0);
    rows.filter(|row| is_it(row)).any(|row| match row[5].split(':').next() {
        Some("01") => number(row[6], 16) >= SENT_AGAIN,
        Some("04") => number(row[8], 10) >= ASKED,
        _ => false,
    })
}

/// An end as the kernel prints it: words of 32 bits in the machine's own order, then the port.
fn written(end: SocketAddr, as_v6: bool) -> String {
    let port = end.port();
    match (end.ip().to_canonical(), as_v6) {
        (IpAddr::V4(ip), false) => {
            format!("{:08X}:{port:04X}", u32::from_ne_bytes(ip.octets()))
        }
        (IpAddr::V4(ip), true) => written_v6(&ip.to_ipv6_mapped().octets(), port),
        (IpAddr::V6(ip), _) => written_v6(&ip.octets(), port),
    }
}

fn written_v6(octets: &[u8; 16], port: u16) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for word in octets.chunks_exact(4) {
        let word = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]);
        let _ = write!(text, "{word:08X}");
    }
    let _ = write!(text, ":{port:04X}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn one_that_answers_nothing_is_told_from_one_that_pauses() {
        const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        let row = |timer: &str, again: &str, asked: &str| {
            format!(
                "{HEAD}   1: 0100630A:1F90 0200630A:BEEF 01 0007A120:00000000 {timer}:000001F4 {again}     0        {asked} 77 1\n"
            )
        };
        let (box_, set) = ("10.99.0.1:8080".parse().unwrap(), "10.99.0.2:48879".parse().unwrap());
        for (timer, again, asked, gone) in [
            ("01", "00000000", "0", false),
            ("01", "00000005", "0", false),
            ("01", "00000007", "0", true),
            // Paused for long: asked often, and answered each time.
            ("04", "00000000", "0", false),
            ("04", "00000000", "2", false),
            ("04", "00000000", "5", true),
            ("02", "0000000A", "0", false),
        ] {
            let table = row(timer, again, asked);
            assert_eq!(gone_by(&table, box_, set), gone, "{timer} {again} {asked}");
            assert!(!gone_by(&table, set, box_));
        }
        let six = row("01", "00000009", "0")
            .replace("0100630A", "0000000000000000FFFF00000100630A")
            .replace("0200630A", "0000000000000000FFFF00000200630A");
        assert!(gone_by(&six, box_, set));
    }

    #[tokio::test]
    async fn who_has_just_connected_is_there() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert!(!is_gone(&client) && !is_gone(&server));
    }
}
