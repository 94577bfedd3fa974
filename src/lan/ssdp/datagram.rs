//! A datagram of SSDP: the first line and the headers of HTTP (UDA 1.0, section 1.1.2).

/// Most headers that are read.
const MOST: usize = 32;

/// What stands in a datagram.
pub(in crate::lan) struct Datagram<'a> {
    /// The first line.
    pub(in crate::lan) first: &'a str,
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Datagram<'a> {
    /// `None` where it is no text.
    pub(in crate::lan) fn read(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
        let first = lines.next()?;
        let headers = lines.filter_map(|line| line.split_once(':')).take(MOST).collect();
        Some(Self { first, headers })
    }

    /// The value of a header, whatever the case of its name.
    pub(in crate::lan) fn header(&self, wanted: &str) -> Option<&'a str> {
        let named = |row: &&(&str, &str)| row.0.trim().eq_ignore_ascii_case(wanted);
        self.headers.iter().find(named).map(|(_, value)| value.trim())
    }
}
