//! One conversation of our own peer ([`feeder`](super::feeder)): it says which pieces there are, opens
//! their source when the other side wants pieces, and answers what is asked, in order.
//!
//! Whatever goes wrong ends the connection, so that the engine takes the pieces back at once and asks
//! other peers for them; it calls again later, after 10 s and then ever longer.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::fed::Fed;
use super::feeder::Shared;
use super::wire::{self, Block, HANDSHAKE, LONGEST_BLOCK, Message, odd};

/// How long a handshake, or what is sent, may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A peer says something every two minutes (BEP 3).
const SILENCE: Duration = Duration::from_secs(150);
/// Between two signs of life: the engine leaves who has said nothing for 10 s.
const SIGN: Duration = Duration::from_secs(3);
/// Most blocks that are asked for and not answered; then no more is heard. The engine asks for 96.
const MOST_ASKED: usize = 512;
/// Pieces that are read at one time: an HTTP source takes its time to begin.
const AT_ONCE: usize = 4;
/// Bytes of pieces that are kept or being read, but for the one that was answered last; one piece is
/// always read, however long it is.
const AHEAD: usize = 8 << 20;

type Read = (u32, io::Result<Bytes>);

/// Talks with one who has connected. Ends with an error, always: the last word is the other side's.
pub(super) async fn talk(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut from, mut to) = stream.into_split();
    let mut greeting = [0; HANDSHAKE];
    timeout(PATIENCE, from.read_exact(&mut greeting)).await??;
    if !wire::is_for(&greeting, shared.info_hash()) {
        return Err(odd("the handshake is for another torrent"));
    }
    let mut peer_id = *b"-CZ0000-feeds pieces";
    getrandom::fill(&mut peer_id[8..]).map_err(io::Error::other)?;
    timeout(PATIENCE, to.write_all(&wire::handshake(shared.info_hash(), peer_id))).await??;
    let _counted = shared.count();
    let (said, heard) = mpsc::channel(MOST_ASKED);
    tokio::select! {
        ended = listen(shared, from, said) => ended,
        ended = Conversation::new(shared, to).hold(heard) => ended,
    }
}

/// Passes on what the other side says.
async fn listen(
    shared: &Shared,
    mut from: OwnedReadHalf,
    said: mpsc::Sender<Message>,
) -> io::Result<()> {
    // The longest is a bitfield.
    let pieces = shared.metainfo.total_pieces();
    let longest = 1 + (pieces.div_ceil(8) as usize).max(12);
    loop {
        let message = timeout(SILENCE, Message::read(&mut from, longest)).await??;
        said.send(message).await.map_err(io::Error::other)?;
    }
}

struct Conversation<'a> {
    shared: &'a Shared,
    to: OwnedWriteHalf,
    /// The files whose pieces the other side knows of.
    told: Vec<Arc<Fed>>,
    /// Whether the other side wants pieces.
    wanted: bool,
    /// Whether it may ask.
    unchoked: bool,
    opening: Option<BoxFuture<'static, io::Result<()>>>,
    asked: VecDeque<Block>,
    reading: FuturesUnordered<AbortOnDropHandle<Read>>,
    /// The pieces that are being read.
    under_way: Vec<u32>,
    here: Vec<(u32, Bytes)>,
    /// The piece that was answered last.
    last: Option<u32>,
    next_sign: Instant,
}

impl<'a> Conversation<'a> {
    fn new(shared: &'a Shared, to: OwnedWriteHalf) -> Self {
        Self {
            shared,
            to,
            told: Vec::new(),
            wanted: false,
            unchoked: false,
            opening: None,
            asked: VecDeque::new(),
            reading: FuturesUnordered::new(),
            under_way: Vec::new(),
            here: Vec::new(),
            last: None,
            next_sign: Instant::now() + SIGN,
        }
    }

    async fn hold(mut self, mut heard: mpsc::Receiver<Message>) -> io::Result<()> {
        let mut added = self.shared.added.subscribe();
        let bitfield = self.bitfield();
        if !self.told.is_empty() {
            self.send(&Message::Bitfield(bitfield).encode()).await?;
        }
        loop {
            self.answer().await?;
            self.read_ahead();
            tokio::select! {
                message = heard.recv(), if self.asked.len() < MOST_ASKED => {
                    let message = message.ok_or(io::ErrorKind::UnexpectedEof)?;
                    self.take(&message)?;
                }
                Some(read) = self.reading.next(), if !self.reading.is_empty() => {
                    let (piece, bytes) = read.map_err(io::Error::other)?;
                    self.under_way.retain(|other| *other != piece);
                    self.here.push((piece, bytes?));
                }
                opened = opened(&mut self.opening) => {
                    self.opening = None;
                    opened?;
                    self.unchoked = true;
                    self.send(&Message::Unchoke.encode()).await?;
                }
                _ = added.changed() => self.tell_more().await?,
                () = sleep_until(self.next_sign) => {
                    self.send(&Message::KeepAlive.encode()).await?;
                    self.tell_more().await?;
                    if self.asked.is_empty() {
                        self.here.clear();
                    }
                }
            }
        }
    }

    /// Which pieces there are now, in the order of BEP 3.
    fn bitfield(&mut self) -> Vec<u8> {
        self.told = self.shared.files().into_iter().filter(|fed| fed.is_up()).collect();
        let mut bits = vec![0_u8; self.shared.metainfo.total_pieces().div_ceil(8) as usize];
        for piece in self.told.iter().flat_map(|fed| fed.pieces.own()) {
            bits[piece as usize / 8] |= 0x80 >> (piece % 8);
        }
        bits
    }

    /// Tells of files that were added, and of those that are up again.
    async fn tell_more(&mut self) -> io::Result<()> {
        for fed in self.shared.files() {
            if fed.is_up() && !self.told.iter().any(|told| told.index == fed.index) {
                let haves = fed.pieces.own().flat_map(|piece| Message::Have(piece).encode());
                let haves: Vec<u8> = haves.collect();
                self.told.push(fed);
                self.send(&haves).await?;
            }
        }
        self.open();
        Ok(())
    }

    /// Opens the source that was added last, once it is wanted: that file is just being played. The
    /// other side may ask when it is open, and keeps no piece waiting before.
    fn open(&mut self) {
        if self.wanted
            && !self.unchoked
            && self.opening.is_none()
            && let Some(fed) = self.told.last().cloned()
        {
            self.opening = Some(async move { fed.open().await.map(drop) }.boxed());
        }
    }

    fn take(&mut self, message: &Message) -> io::Result<()> {
        match message {
            Message::Interested => {
                self.wanted = true;
                self.open();
            }
            Message::NotInterested => self.wanted = false,
            // Asked before it heard that it may not, BEP 3.
            Message::Request(_) if !self.unchoked => {}
            Message::Request(block) => {
                let fed =
                    self.fed(block.piece).ok_or_else(|| odd("it asks for what is not here"))?;
                let end = block.begin.checked_add(block.length);
                let inside = end.is_some_and(|end| end <= fed.pieces.len_of(block.piece));
                if !inside || block.length == 0 || block.length > LONGEST_BLOCK {
                    return Err(odd("it asks for a block that cannot be"));
                }
                self.asked.push_back(*block);
            }
            Message::Cancel(block) => self.asked.retain(|asked| asked != block),
            // What it has, and whether it would give, is all the same.
            Message::KeepAlive
            | Message::Choke
            | Message::Unchoke
            | Message::Have(_)
            | Message::Bitfield(_) => {}
        }
        Ok(())
    }

    fn fed(&self, piece: u32) -> Option<&Arc<Fed>> {
        self.told.iter().find(|fed| fed.pieces.own().contains(&piece))
    }

    /// Sends the blocks whose pieces are here, up to the first whose piece is not.
    async fn answer(&mut self) -> io::Result<()> {
        while let Some(block) = self.asked.front().copied() {
            let Some((_, piece)) = self.here.iter().find(|(piece, _)| *piece == block.piece) else {
                break;
            };
            let (begin, end) = (block.begin as usize, (block.begin + block.length) as usize);
            let bytes = [&wire::block_head(block)[..], &piece[begin..end]].concat();
            self.asked.pop_front();
            self.last = Some(block.piece);
            self.send(&bytes).await?;
        }
        Ok(())
    }

    /// Reads the pieces that are asked for next, and forgets those that are asked for no more.
    fn read_ahead(&mut self) {
        let most = (AHEAD / self.shared.metainfo.piece_length as usize).clamp(1, AT_ONCE);
        let mut next: Vec<u32> = Vec::new();
        for block in &self.asked {
            if !next.contains(&block.piece) {
                next.push(block.piece);
            }
            if next.len() == most {
                break;
            }
        }
        // The rest of the piece that was answered last may not have been asked for yet.
        let last = self.last;
        self.here.retain(|(piece, _)| next.contains(piece) || Some(*piece) == last);
        for piece in next {
            let is_here = self.here.iter().any(|(here, _)| *here == piece);
            if is_here || self.under_way.contains(&piece) || self.under_way.len() >= most {
                continue;
            }
            let Some(fed) = self.fed(piece).cloned() else { continue };
            let read = async move { (piece, fed.piece(piece).await) };
            self.under_way.push(piece);
            self.reading.push(AbortOnDropHandle::new(self.shared.tasks.spawn(read)));
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.next_sign = Instant::now() + SIGN;
        timeout(PATIENCE, self.to.write_all(bytes)).await?
    }
}

/// Ends when the source is open; where none is being opened it never does.
async fn opened(opening: &mut Option<BoxFuture<'static, io::Result<()>>>) -> io::Result<()> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}
