//! The door to the steward: a socket behind which systemd starts one steward for each connection.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;

use super::Error;
use crate::steward::words::{Reply, Verb};

/// How long the steward may take for one answer. Making a file system of a large disk, or looking
/// for Wi-Fi networks, takes longest.
const PATIENCE: Duration = Duration::from_secs(180);
/// The same for how it stands, which a page waits for.
const GLANCE: Duration = Duration::from_secs(15);
/// How long it may do nothing while an update is written: a worn card stalls for seconds.
const STALL: Duration = Duration::from_secs(120);

/// Where the steward is asked.
#[derive(Debug, Clone)]
pub(super) struct Door {
    socket: Option<PathBuf>,
}

impl Door {
    pub(super) fn new(root: Option<&Path>) -> Self {
        Self { socket: root.map(|root| root.join("run/credenza/steward.sock")) }
    }

    /// Whether this is a box: its socket is there from the start of the system.
    pub(super) fn is_there(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.exists())
    }

    /// Asks for something that is answered with one line.
    pub(super) async fn ask<T: DeserializeOwned>(&self, verb: &Verb) -> Result<T, Error> {
        let asked = async {
            let (reading, mut writing) = self.open().await?.into_split();
            writing.write_all(&line(verb)).await.map_err(silent)?;
            // The steward need not read to the end: its answer counts, not whether it took all.
            let _ = writing.shutdown().await;
            let mut lines = BufReader::new(reading).lines();
            loop {
                if let Some(done) = next(&mut lines, &mut |_, _| {}).await? {
                    return Ok::<_, Error>(done);
                }
            }
        };
        let patience = if matches!(verb, Verb::Facts) { GLANCE } else { PATIENCE };
        let done = tokio::time::timeout(patience, asked).await;
        understood(done.map_err(|_| silent(io::ErrorKind::TimedOut.into()))??)
    }

    /// Asks for `verb` and sends `body` after it, as fast as it is taken; `progress` hears of bytes
    /// done and bytes in all. A refusal comes back at once, with the rest of the body unread.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        verb: &Verb,
        body: impl Stream<Item = io::Result<Bytes>>,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<T, Error> {
        let (reading, mut writing) = self.open().await?.into_split();
        let mut lines = BufReader::new(reading).lines();
        writing.write_all(&line(verb)).await.map_err(silent)?;
        let write = async {
            let mut body = pin!(body);
            let mut broken = None;
            while let Some(piece) = body.next().await {
                match piece {
                    Ok(piece) => {
                        if writing.write_all(&piece).await.is_err() {
                            break; // the steward has said why, or has gone
                        }
                    }
                    Err(error) => {
                        broken = Some(error);
                        break;
                    }
                }
            }
            let _ = writing.shutdown().await;
            broken
        };
        let mut write = pin!(write);
        let mut written = false;
        let mut broken = None;
        loop {
            let answer = tokio::time::timeout(STALL, next(&mut lines, progress));
            tokio::select! {
                answer = answer => {
                    match answer {
                        Ok(Ok(None)) => {}
                        // While the bytes still come, it is they that are slow.
                        Err(_) if !written => {}
                        Err(_) => return Err(silent(io::ErrorKind::TimedOut.into())),
                        Ok(Ok(Some(done))) => return understood(done),
                        // What broke off at the sender is the cause of what the steward then says.
                        Ok(Err(error)) => return Err(broken.map_or(error, Error::Broken)),
                    }
                }
                ended = &mut write, if !written => (written, broken) = (true, ended),
            }
        }
    }

    async fn open(&self) -> Result<UnixStream, Error> {
        let socket = self.socket.as_ref().filter(|_| self.is_there()).ok_or(Error::NotABox)?;
        UnixStream::connect(socket).await.map_err(silent)
    }
}

fn silent(error: io::Error) -> Error {
    Error::Silent(error)
}

fn line(verb: &Verb) -> Vec<u8> {
    let mut line = serde_json::to_vec(verb).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The next line of the answer: `None` for progress, which `progress` has heard of.
async fn next(
    lines: &mut Lines<impl AsyncBufRead + Unpin>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Option<Value>, Error> {
    let line = lines.next_line().await.map_err(silent)?;
    let line = line.ok_or_else(|| silent(io::ErrorKind::UnexpectedEof.into()))?;
    match serde_json::from_str(&line) {
        Ok(Reply::Progress { bytes, of }) => {
            progress(bytes, of);
            Ok(None)
        }
        Ok(Reply::Done(value)) => Ok(Some(value)),
        Ok(Reply::Refused(refusal)) => Err(Error::Refused(refusal)),
        Err(error) => Err(silent(io::Error::other(error))),
    }
}

fn understood<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| silent(io::Error::other(error)))
}
