//! The line to a receiver. The crate that speaks on it waits on a thread, without end. So the line is
//! ours to cut: then its thread ends, whatever the set does.

use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
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

/// Cuts a line when it is dropped: who reads or writes on it wakes.
struct Scissors(std::net::TcpStream);

impl Drop for Scissors {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Line {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Has `say` talk to the receiver at `at`, on the line that it is given and on a thread of its
    /// own. That thread lives no longer than this call, but for the moment in which it sees that the
    /// line is cut.
    pub(super) async fn talk<T: Send + 'static>(
        &self,
        at: SocketAddr,
        say: impl FnOnce(std::net::TcpStream) -> T + Send + 'static,
    ) -> Result<T, Broken> {
        let turn = timeout(TURN, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map_err(|_| Broken::Busy)?.map_err(|_| Broken::Away)?;
        let connected = timeout(CONNECT, TcpStream::connect(at)).await;
        let connected = connected.map_err(|_| Broken::Away)?.map_err(|_| Broken::Away)?;
        let (line, _scissors) = waiting(connected).map_err(|_| Broken::Away)?;
        let talking = tokio::task::spawn_blocking(move || {
            let said = say(line);
            drop(turn);
            said
        });
        timeout(PATIENCE, talking).await.map_err(|_| Broken::Away)?.map_err(|_| Broken::Away)
    }
}

/// The line for a thread that waits on it, and what cuts it.
fn waiting(line: TcpStream) -> std::io::Result<(std::net::TcpStream, Scissors)> {
    let line = line.into_std()?;
    line.set_nonblocking(false)?;
    let scissors = Scissors(line.try_clone()?);
    Ok((line, scissors))
}
