//! The sockets of SSDP: one that hears, and one for each address, from which it speaks.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::GROUP;

/// How many networks a datagram passes: the household has one, perhaps a router within.
const HOPS: u32 = 2;

/// Hears what is sent to the group, and what is sent to this machine alone. Other programs of this
/// machine may hear too.
pub(super) fn listener() -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, GROUP.port()).into())?;
    UdpSocket::from_std(socket.into())
}

/// Speaks from the address `from`, and to the group by the interface that has it.
pub(super) fn speaker(from: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_multicast_if_v4(&from)?;
    socket.set_multicast_ttl_v4(HOPS)?;
    socket.set_ttl_v4(HOPS)?;
    socket.bind(&SocketAddrV4::new(from, 0).into())?;
    UdpSocket::from_std(socket.into())
}
