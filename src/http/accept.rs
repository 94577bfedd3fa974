//! Taking the next connection, whatever state the process is in: without a free file descriptor,
//! `accept` fails at once and for ever, and a loop that tries again spins.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::http::server::refuse;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The accepting end of a port.
pub(super) struct Accept {
    listener: TcpListener,
    /// A descriptor to give up when there is none left, so that one connection can be taken and
    /// told so, instead of leaving it to wait without a word.
    spare: Option<File>,
    pause: Duration,
}

impl Accept {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, spare: spare(), pause: FIRST_PAUSE }
    }

    /// The next connection.
    pub(super) async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(taken) => {
                    self.pause = FIRST_PAUSE;
                    return taken;
                }
                Err(error) if of_the_peer(&error) => {}
                Err(error) => self.rest(&error).await,
            }
        }
    }

    /// Turns one away if that can be done, and waits, longer each time.
    async fn rest(&mut self, error: &io::Error) {
        if self.pause == FIRST_PAUSE {
            tracing::warn!(%error, "cannot take connections; open ones go on");
        }
        if self.spare.take().is_some()
            && let Ok(Ok((stream, _))) =
                tokio::time::timeout(FIRST_PAUSE, self.listener.accept()).await
        {
            refuse(stream);
        }
        self.spare = spare();
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}

/// The connection was gone before we took it: nothing of ours is wrong.
fn of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
