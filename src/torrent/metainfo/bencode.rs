//! Bencoding (BEP 3), read with bounds: strangers write it.

use super::Bad;

/// Deepest nesting that is read. A sound torrent needs five (root, info, files, file, path).
const DEEPEST: usize = 16;
/// Most values that are read: ten thousand files need some sixty thousand; 8 MiB could hold four
/// million, at thirty times their size in memory.
const MOST_VALUES: usize = 400_000;

/// A value that borrows its bytes.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    List(Vec<Value<'a>>),
    Dict(Vec<Entry<'a>>),
}

/// One entry of a dictionary, with the bytes its value was written in: the info hash is of those.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    key: &'a [u8],
    value: Value<'a>,
    raw: &'a [u8],
}

impl<'a> Value<'a> {
    fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        match self {
            Self::Dict(entries) => entries.iter().find(|entry| entry.key == key.as_bytes()),
            _ => None,
        }
    }

    /// The value of `key`, where this is a dictionary that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The bytes in which the value of `key` is written.
    pub(super) fn raw(&self, key: &str) -> Option<&'a [u8]> {
        self.entry(key).map(|entry| entry.raw)
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }
}

/// Reads exactly one value that fills `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, Bad> {
    let mut reader = Reader { bytes, at: 0, values: 0 };
    let value = reader.value(0)?;
    if reader.at == bytes.len() { Ok(value) } else { Err(reader.broken()) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn broken(&self) -> Bad {
        Bad::Bencode { at: self.at }
    }

    fn peek(&self) -> Result<u8, Bad> {
        self.bytes.get(self.at).copied().ok_or_else(|| self.broken())
    }

    /// Takes the byte that ends a list or dictionary, if it is next.
    fn ended(&mut self) -> Result<bool, Bad> {
        let ended = self.peek()? == b'e';
        self.at += usize::from(ended);
        Ok(ended)
    }

    /// `depth` counts the open lists and dictionaries, so that the stack is bounded.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Bad> {
        self.values += 1;
        if depth > DEEPEST || self.values > MOST_VALUES {
            return Err(Bad::Nested);
        }
        match self.peek()? {
            b'i' => self.integer(),
            b'l' => self.list(depth),
            b'd' => self.dict(depth),
            _ => self.string().map(Value::Bytes),
        }
    }

    fn integer(&mut self) -> Result<Value<'a>, Bad> {
        self.at += 1;
        let digits = self.until(b'e')?;
        let number = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
        number.and_then(|text| text.parse().ok()).map(Value::Integer).ok_or_else(|| self.broken())
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Bad> {
        self.at += 1;
        let mut values = Vec::new();
        while !self.ended()? {
            values.push(self.value(depth + 1)?);
        }
        Ok(Value::List(values))
    }

    fn dict(&mut self, depth: usize) -> Result<Value<'a>, Bad> {
        self.at += 1;
        let mut entries: Vec<Entry<'a>> = Vec::new();
        while !self.ended()? {
            let key = self.string()?;
            // Two of one key: two readers could take one each. Unsorted keys occur and do no harm.
            // (A dictionary is as long as a stranger likes, so the search goes by its sorted end.)
            let sorted = entries.last().is_none_or(|last| last.key < key);
            if !sorted && entries.iter().any(|entry| entry.key == key) {
                return Err(self.broken());
            }
            let start = self.at;
            let value = self.value(depth + 1)?;
            entries.push(Entry { key, value, raw: &self.bytes[start..self.at] });
            if !sorted && entries.len() > 1_000 {
                return Err(self.broken());
            }
        }
        Ok(Value::Dict(entries))
    }

    fn string(&mut self) -> Result<&'a [u8], Bad> {
        let digits = self.until(b':')?;
        let sound = (1..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        let length = sound.then(|| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        let length = length.flatten().ok_or_else(|| self.broken())?;
        let string = self.bytes.get(self.at..self.at + length).ok_or_else(|| self.broken())?;
        self.at += length;
        Ok(string)
    }

    /// The bytes before the next `end`, which is taken too. Numbers only, so it looks 21 far.
    fn until(&mut self, end: u8) -> Result<&'a [u8], Bad> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take(21).position(|&byte| byte == end);
        let length = length.ok_or_else(|| self.broken())?;
        self.at += length + 1;
        Ok(&rest[..length])
    }
}

/// Writes a string.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
}

/// Writes an integer.
pub(super) fn put_integer(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(format!("i{number}e").as_bytes());
}
