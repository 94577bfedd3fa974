//! The peer wire protocol (BEP 3), as far as a peer speaks it that only gives: no extension is offered,
//! so none is heard. It opens nothing; who speaks is [`feeding`](super::feeding).
//!
//! The engine's own reader is not used: it reads a stranger's bencode for extensions that are not
//! spoken here, and what is left of it is shorter than the call.

use std::io;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::torrent::InfoHash;

/// Longest block that is asked for and given: what all clients ask for.
pub(super) const LONGEST_BLOCK: u32 = 16 << 10;
/// Length of a handshake.
pub(super) const HANDSHAKE: usize = 68;
/// What a handshake begins with: the protocol's name, and no extension.
const GREETING: &[u8; 28] = b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0";

/// A part of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) piece: u32,
    /// Where it begins in the piece.
    pub(super) begin: u32,
    pub(super) length: u32,
}

/// What peers say to each other, but for the pieces' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    KeepAlive,
    Choke,
    Unchoke,
    Interested,
    NotInterested,
    Have(u32),
    Bitfield(Vec<u8>),
    Request(Block),
    Cancel(Block),
}

/// A handshake for this torrent.
pub(super) fn handshake(info_hash: InfoHash, peer_id: [u8; 20]) -> [u8; HANDSHAKE] {
    let mut bytes = [0; HANDSHAKE];
    bytes[..28].copy_from_slice(GREETING);
    bytes[28..48].copy_from_slice(info_hash.as_bytes());
    bytes[48..].copy_from_slice(&peer_id);
    bytes
}

/// Whether a handshake is one, and for this torrent. What extensions it offers is all the same.
pub(super) fn is_for(handshake: &[u8; HANDSHAKE], info_hash: InfoHash) -> bool {
    handshake[..20] == GREETING[..20] && handshake[28..48] == *info_hash.as_bytes()
}

/// What stands before the bytes of a block.
pub(super) fn block_head(block: Block) -> [u8; 13] {
    let mut head = [7; 13];
    head[..4].copy_from_slice(&(9 + block.length).to_be_bytes());
    head[5..9].copy_from_slice(&block.piece.to_be_bytes());
    head[9..].copy_from_slice(&block.begin.to_be_bytes());
    head
}

impl Message {
    /// With its length in front, as it is sent.
    pub(super) fn encode(&self) -> Vec<u8> {
        let (id, body): (u8, Vec<u8>) = match self {
            Self::KeepAlive => return vec![0; 4],
            Self::Choke => (0, Vec::new()),
            Self::Unchoke => (1, Vec::new()),
            Self::Interested => (2, Vec::new()),
            Self::NotInterested => (3, Vec::new()),
            Self::Have(piece) => (4, piece.to_be_bytes().into()),
            Self::Bitfield(bits) => (5, bits.clone()),
            Self::Request(block) => (6, block.encode()),
            Self::Cancel(block) => (8, block.encode()),
        };
        let length = u32::try_from(body.len() + 1).unwrap_or(u32::MAX);
        [&length.to_be_bytes(), &[id][..], &body].concat()
    }

    /// Reads what follows a message's length; `None` for what is no message that one hears who gives
    /// pieces, wants none and speaks no extension.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let Some((id, body)) = bytes.split_first() else { return Some(Self::KeepAlive) };
        Some(match (id, body.len()) {
            (0, 0) => Self::Choke,
            (1, 0) => Self::Unchoke,
            (2, 0) => Self::Interested,
            (3, 0) => Self::NotInterested,
            (4, 4) => Self::Have(u32_at(body, 0)),
            (5, 1..) => Self::Bitfield(body.to_vec()),
            (6, 12) => Self::Request(Block::decode(body)),
            (8, 12) => Self::Cancel(Block::decode(body)),
            _ => return None,
        })
    }

    /// Reads one message of at most `longest` bytes after its length.
    pub(super) async fn read(
        from: &mut (impl AsyncRead + Unpin),
        longest: usize,
    ) -> io::Result<Self> {
        let length = from.read_u32().await? as usize;
        if length > longest {
            return Err(odd("a message is too long"));
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes).await?;
        Self::decode(&bytes).ok_or_else(|| odd("a message is none that is known"))
    }
}

impl Block {
    fn encode(self) -> Vec<u8> {
        [self.piece, self.begin, self.length].map(u32::to_be_bytes).concat()
    }

    fn decode(body: &[u8]) -> Self {
        Self { piece: u32_at(body, 0), begin: u32_at(body, 4), length: u32_at(body, 8) }
    }
}

/// What a peer's bytes say, message by message, each as it would be written again, up to the first
/// that is none. The engine of torrents is not asked: this is for who tests the reader.
#[must_use]
pub fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let next = || Message::read(&mut bytes, HANDSHAKE).now_or_never()?.ok();
    std::iter::from_fn(next).map(|message| message.encode()).collect()
}

/// The number at `at`, zero where there is none.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// What a peer does not say.
pub(super) fn odd(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: usize = 100;

    fn read(mut bytes: &[u8]) -> io::Result<(Message, usize)> {
        let all = bytes.len();
        let message = Message::read(&mut bytes, LONGEST).now_or_never().unwrap()?;
        Ok((message, all - bytes.len()))
    }

    fn block() -> impl Strategy<Value = Block> {
        any::<[u32; 3]>().prop_map(|[piece, begin, length]| Block { piece, begin, length })
    }

    fn message() -> impl Strategy<Value = Message> {
        prop_oneof![
            Just(Message::KeepAlive),
            Just(Message::Choke),
            Just(Message::Unchoke),
            Just(Message::Interested),
            Just(Message::NotInterested),
            any::<u32>().prop_map(Message::Have),
            proptest::collection::vec(any::<u8>(), 1..LONGEST).prop_map(Message::Bitfield),
            block().prop_map(Message::Request),
            block().prop_map(Message::Cancel),
        ]
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for bytes in [
            &b"\0\0\0\x02\x01\0"[..],                // an unchoke with a body
            b"\0\0\0\x04\x04\0\0\0",                 // a have of three bytes
            b"\0\0\0\x01\x05",                       // an empty bitfield
            b"\0\0\0\x0c\x06\0\0\0\0\0\0\0\0\0\0\0", // a request that is too short
            b"\0\0\0\x0a\x07\0\0\0\0\0\0\0\0a",      // a block that nobody asked for
            b"\0\0\0\x03\x09\x1a\xe1",               // a port, without DHT
            b"\0\0\0\x03\x14\0d",                    // an extension that was not offered
            b"\0\0\0\x65\x05",                       // too long, before a byte of it is read
            b"\xff\xff\xff\xff",
            b"GET / HTTP/1.1\r\n\r\n",
            b"\0\0",
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn every_message_is_read_back(message in message(), more: Vec<u8>) {
            let bytes = message.encode();
            let read = read(&[&bytes[..], &more].concat()).unwrap();
            prop_assert_eq!(read, (message, bytes.len()));
        }

        #[test]
        fn no_bytes_make_it_panic_and_what_is_read_is_written_alike(bytes: Vec<u8>) {
            if let Ok((message, length)) = read(&bytes) {
                prop_assert_eq!(message.encode(), &bytes[..length]);
            }
        }

        #[test]
        fn a_handshake_is_for_one_torrent_alone(
            hash: [u8; 20], other: [u8; 20], peer_id: [u8; 20], at in 0_usize..48, bit in 0..8
        ) {
            let hash = InfoHash::from_bytes(hash);
            let sound = handshake(hash, peer_id);
            prop_assert!(is_for(&sound, hash));
            prop_assert_eq!(is_for(&sound, InfoHash::from_bytes(other)), *hash.as_bytes() == other);
            let mut changed = sound;
            changed[at] ^= 1_u8 << bit;
            prop_assert_eq!(is_for(&changed, hash), (20..28).contains(&at));
        }
    }
}
