//! Names to addresses: with a time limit, a bounded number at once, and a guard.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::address::AddressPolicy;

/// The longest that a name may take.
const LONGEST: Duration = Duration::from_secs(3);

/// How many names are looked up at once. `getaddrinfo` holds a thread of the blocking pool until
/// it gives up by itself (often 10 s and more), also after we stopped waiting; so the permit goes
/// with that thread, not with who waits.
static AT_ONCE: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(32)));

/// Every address of the name was refused by the policy.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to a private address")
    }
}

impl std::error::Error for Refused {}

/// All addresses of `host`, each with `port`.
pub(super) async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = host.to_owned();
    let asked = async {
        let permit = Arc::clone(&AT_ONCE).acquire_owned().await.map_err(io::Error::other)?;
        let found = spawn_blocking(move || {
            let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
            drop(permit);
            found
        });
        found.await.map_err(io::Error::other)?
    };
    timeout(LONGEST, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Gives the client only addresses that the policy permits. It answers for one route, so that it
/// knows the port, which the client does not tell it (see [`super::route`]).
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// What is permitted.
    pub(super) policy: AddressPolicy,
    /// The port that this guard's client connects to; `None` where no listed private address has
    /// that port, and so no private address may be reached.
    pub(super) port: Option<u16>,
    /// Whether only listed private addresses are given.
    pub(super) listed_only: bool,
}

impl Guard {
    /// Whether `addr` may be connected to.
    pub(super) fn permits(&self, addr: SocketAddr) -> bool {
        if self.listed_only { self.policy.lists(addr) } else { self.policy.permits(addr) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            // Port 0 stands in no list (see `AddressPolicy::lists`), and the client puts the
            // URL's own port in its place.
            let found = look_up(name.as_str(), guard.port.unwrap_or(0)).await?;
            let none = found.is_empty();
            let permitted: Vec<_> = found.into_iter().filter(|a| guard.permits(*a)).collect();
            if permitted.is_empty() && !none {
                return Err(Refused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_gives_only_the_addresses_that_the_port_is_listed_with() {
        let listed: SocketAddr = "127.0.0.1:8801".parse().unwrap();
        let policy = AddressPolicy { allow_private: vec![listed] };
        for (port, listed_only, expected) in [
            (None, false, None),
            (Some(8802), false, None),
            (Some(8801), false, Some(vec![listed])), // also where localhost is ::1 as well
            (Some(8801), true, Some(vec![listed])),
        ] {
            let guard = Guard { policy: policy.clone(), port, listed_only };
            match guard.resolve("localhost".parse().unwrap()).await {
                Ok(found) => assert_eq!(Some(found.collect()), expected, "{port:?}"),
                Err(error) => assert!(expected.is_none() && error.is::<Refused>(), "{error}"),
            }
        }
    }
}
