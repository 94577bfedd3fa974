//! The door for the command line on this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::http::server;

/// Where the command line on this machine asks, and the listener for it where the server's own does
/// not take loopback: the key of the data folder counts from there alone.
pub(super) async fn side_door(
    address: SocketAddr,
) -> Result<(SocketAddr, Option<server::Listener>), server::Error> {
    let near = near(address);
    if address.ip().is_unspecified() || near == address {
        return Ok((near, None));
    }
    let listener = match server::listen(near).await {
        Err(_) => server::listen(SocketAddr::new(near.ip(), 0)).await?,
        Ok(listener) => listener,
    };
    Ok((listener.address(), Some(listener)))
}

/// The loopback address, with the same port, at which a server on `address` is to be asked.
fn near(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip.is_loopback() => address,
        _ => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_asks_a_loopback_address_of_the_same_port() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "127.0.0.1:8080"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("127.0.0.2:9000", "127.0.0.2:9000"),
            ("[::1]:9000", "[::1]:9000"),
            ("192.168.1.5:8080", "127.0.0.1:8080"),
            ("[fd00::5]:8080", "127.0.0.1:8080"),
        ] {
            assert_eq!(near(listen.parse().unwrap()), asked.parse().unwrap(), "{listen}");
        }
    }

    #[tokio::test]
    async fn a_side_door_is_opened_only_where_loopback_is_not_listened_on() {
        for listen in ["127.0.0.1:9000", "0.0.0.0:9000", "[::1]:9000"] {
            assert!(side_door(listen.parse().unwrap()).await.unwrap().1.is_none(), "{listen}");
        }
        // Another program has the port on loopback: any port will do.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let lan = SocketAddr::new("192.0.2.1".parse().unwrap(), port);
        let (near, door) = side_door(lan).await.unwrap();
        assert!(door.is_some() && near.ip().is_loopback() && near.port() != port, "{near}");
    }
}
