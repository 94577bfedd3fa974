//! Server-sent events (WHATWG HTML, 9.2), as our own server writes them: a name, and a line of data.

use crate::fetch::MOST_BYTES;

/// What has come and is not taken yet.
#[derive(Default)]
pub(super) struct Events {
    bytes: Vec<u8>,
    /// How many of them hold no end of an event.
    searched: usize,
}

impl Events {
    /// Adds what came. More than a whole answer may hold in one event is refused.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), String> {
        if self.bytes.len() + piece.len() > MOST_BYTES {
            return Err("the running server's answer is too long".to_owned());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// The next whole event: its name and its data.
    pub(super) fn next(&mut self) -> Option<(String, Vec<u8>)> {
        let found = self.bytes[self.searched..].windows(2).position(|two| two == b"\n\n");
        let Some(found) = found else {
            self.searched = self.bytes.len().saturating_sub(1);
            return None;
        };
        let block: Vec<u8> = self.bytes.drain(..self.searched + found + 2).collect();
        self.searched = 0;
        let field = |name: &[u8]| {
            let value = block.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name));
            value.unwrap_or_default().trim_ascii_start().to_vec()
        };
        Some((String::from_utf8_lossy(&field(b"event:")).into_owned(), field(b"data:")))
    }

    /// What came and is no event: the body of a refusal.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whole_however_they_are_cut() {
        let text =
            b"event: index\ndata: {\"a\":1}\n\n: a comment\n\nevent:done\ndata:2\n\nevent: ha";
        for size in 1..text.len() {
            let mut events = Events::default();
            let mut heard = Vec::new();
            for piece in text.chunks(size) {
                events.push(piece).unwrap();
                while let Some((name, data)) = events.next() {
                    heard.push((name, String::from_utf8(data).unwrap()));
                }
            }
            let heard: Vec<_> = heard.iter().map(|(n, d)| (n.as_str(), d.as_str())).collect();
            assert_eq!(heard, [("index", "{\"a\":1}"), ("", ""), ("done", "2")], "{size}");
            assert_eq!(events.rest(), b"event: ha");
        }
    }

    #[test]
    fn an_event_without_end_does_not_fill_the_memory() {
        let mut events = Events::default();
        let piece = vec![b'x'; MOST_BYTES];
        assert!(events.push(&piece).is_ok());
        assert!(events.push(&piece).is_err());
    }
}
