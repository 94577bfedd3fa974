//! One connection's bytes, watched for two things that the HTTP engine does not watch.
//!
//! 1. A request with both `Content-Length` and `Transfer-Encoding`. The engine drops the former and
//!    closes afterwards, which is lawful (RFC 9112, 6.3), but whoever sends both is smuggling or
//!    broken, and the handler cannot see it any more. So the lines are watched as they arrive.
//! 2. A client that takes no byte of an answer. A page's reader is cut after a minute; a paused
//!    television may keep its film for ten, since resuming on the same connection is instant. One
//!    whose line has dropped is not paused: it acknowledges nothing, and is cut after two looks that
//!    agree, less than half a minute.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::gone::is_gone;

/// How long a client may take no byte of an answer.
const WRITE_STALL: Duration = Duration::from_secs(60);
/// The same for media, where it is a paused film.
const PAUSED_FILM: Duration = Duration::from_secs(600);
/// How often it is looked whether who takes nothing is still there.
const LOOK: Duration = Duration::from_secs(14);

/// What the requests of a connection know of it; a request extension.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    content_length: AtomicBool,
    media: AtomicBool,
}

impl Watch {
    /// The answer to this request is a film: its reader may pause.
    pub fn allow_pause(&self) {
        self.0.media.store(true, Ordering::Relaxed);
    }

    /// A new request begins. Says whether a `Content-Length` line came since the last one.
    pub(super) fn begin_request(&self) -> bool {
        self.0.media.store(false, Ordering::Relaxed);
        self.0.content_length.swap(false, Ordering::Relaxed)
    }

    fn patience(&self) -> Duration {
        if self.0.media.load(Ordering::Relaxed) { PAUSED_FILM } else { WRITE_STALL }
    }
}

/// A connection that is watched.
pub(super) struct Line {
    stream: TcpStream,
    watch: Watch,
    /// How many bytes of `content-length:` the current line has matched; `None` once it differs.
    matched: Option<usize>,
    stalled: Option<Stalled>,
}

/// A write that waits.
struct Stalled {
    until: Instant,
    /// Nothing was heard from the other end when it was looked last. A line that drops for some
    /// seconds looks so as well until the kernel's next question, so once is not enough.
    silent: bool,
    look: Pin<Box<Sleep>>,
}

impl Line {
    pub(super) fn new(stream: TcpStream, watch: Watch) -> Self {
        Self { stream, watch, matched: Some(0), stalled: None }
    }

    /// Looks for lines that begin with the header's name. A body with such a line is taken for one
    /// too, and costs its sender a 400 on a chunked request: no client of ours sends that.
    fn scan(&mut self, bytes: &[u8]) {
        const NAME: &[u8] = b"content-length:";
        for byte in bytes {
            self.matched = match self.matched {
                _ if *byte == b'\n' => Some(0),
                Some(at) if byte.eq_ignore_ascii_case(&NAME[at]) => Some(at + 1),
                _ => None,
            };
            if self.matched == Some(NAME.len()) {
                self.watch.0.content_length.store(true, Ordering::Relaxed);
                self.matched = None;
            }
        }
    }

    /// Turns a write that waits too long into an error, which closes the connection.
    fn bounded<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.stalled = None;
            return write;
        }
        let patience = self.watch.patience();
        let stalled = self.stalled.get_or_insert_with(|| Stalled {
            until: Instant::now() + patience,
            silent: false,
            look: Box::pin(tokio::time::sleep(LOOK.min(patience))),
        });
        while stalled.look.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let was_silent = std::mem::replace(&mut stalled.silent, is_gone(&self.stream));
            if now >= stalled.until || (was_silent && stalled.silent) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            stalled.look.as_mut().reset(stalled.until.min(now + LOOK));
        }
        Poll::Pending
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.scan(&buf.filled()[before..]);
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.bounded(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.bounded(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    /// A line to a peer that reads nothing, and the peer.
    async fn pair(watch: Watch) -> (Line, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (Line::new(stream, watch), peer)
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_cut_after_a_minute_and_a_paused_film_after_ten() {
        for (film, patience) in [(false, 60), (true, 600)] {
            let watch = Watch::default();
            watch.begin_request();
            if film {
                watch.allow_pause();
            }
            let (mut line, _peer) = pair(watch).await;
            let zeros = vec![0; 1 << 16];
            let start = Instant::now();
            let error = loop {
                if let Err(error) = line.write_all(&zeros).await {
                    break error;
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!((patience..patience + 2).contains(&start.elapsed().as_secs()), "{film}");
        }
    }

    #[tokio::test]
    async fn a_length_line_is_seen_wherever_the_reads_are_cut() {
        for (text, expected) in [
            ("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", true),
            ("GET / HTTP/1.1\nCONTENT-LENGTH:5\n\n", true),
            ("GET / HTTP/1.1\r\nX-Content-Length: 5\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nContent-Lengt: 5\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nX: content-length: 5\r\n\r\n", false),
        ] {
            for cut in 0..text.len() {
                let watch = Watch::default();
                let (mut line, _peer) = pair(watch.clone()).await;
                line.scan(&text.as_bytes()[..cut]);
                line.scan(&text.as_bytes()[cut..]);
                assert_eq!(watch.begin_request(), expected, "{text:?} cut at {cut}");
                assert!(!watch.begin_request(), "it is asked once");
            }
        }
    }
}
