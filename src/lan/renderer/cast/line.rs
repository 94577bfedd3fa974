//! The line to a receiver. The crate that speaks on it makes its own connection, and waits on that
//! without end. So it is given one to this machine itself, whose other end is ours to carry to the set
//! and to cut: then its thread ends, whatever the set does.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A receiver near takes milliseconds to connect.
const CONNECT: Duration = Duration::from_secs(3);
/// Some take long to start their player.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one waits for what was said before to be answered.
const TURN: Duration = Duration::from_secs(6);

/// Why nothing was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// It does not take the line, or falls silent.
    Away,
    /// It is still being talked to.
    Busy,
}

/// The one line to a receiver. What is said on it is said one after another, so that a set that falls
/// silent holds up nobody but those who ask for it.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<Semaphore>);

impl Line {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Has `say` talk to the receiver at `at`, by way of the address that it is given, on a thread of
    /// its own. That thread lives no longer than this call, but for the moment in which it sees that
    /// the line is cut.
    pub(super) async fn talk<T: Send + 'static>(
        &self,
        at: SocketAddr,
        say: impl FnOnce(SocketAddrV4) -> T + Send + 'static,
    ) -> Result<T, Broken> {
        let turn = timeout(TURN, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map_err(|_| Broken::Busy)?.map_err(|_| Broken::Away)?;
        let far = timeout(CONNECT, TcpStream::connect(at)).await;
        let mut far = far.map_err(|_| Broken::Away)?.map_err(|_| Broken::Away)?;
        let (door, near) = door().await.map_err(|_| Broken::Away)?;
        let mut talking = tokio::task::spawn_blocking(move || {
            let said = say(near);
            drop(turn);
            said
        });
        let carried = async move {
            let (mut own, _) = door.accept().await?;
            drop(door);
            copy_bidirectional(&mut own, &mut far).await
        };
        let said = async {
            tokio::select! {
                said = &mut talking => said,
                _ = carried => talking.await,
            }
        };
        timeout(PATIENCE, said).await.map_err(|_| Broken::Away)?.map_err(|_| Broken::Away)
    }
}

/// A listener on this machine for one connection, and its address.
async fn door() -> std::io::Result<(TcpListener, SocketAddrV4)> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = door.local_addr()?.port();
    Ok((door, SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)))
}
