//! XML, read as a stranger's: no document type (so no entity can be defined, and no bomb built), no
//! tree, bounds on depth, attributes and text. Names lose their prefix and case: `torznab:attr` and
//! `newznab:attr` are one, and so are `s:Body` and `SOAP-ENV:Body`.
//!
//! What we write ourselves is text with [`escape`] round each value.

mod names;

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

pub use names::{Name, names};

/// Before every document of ours.
pub const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// Deepest element that is read. Feeds have five, calls of televisions four.
const DEEPEST: usize = 32;
/// Most attributes of one element.
const MOST_ATTRIBUTES: usize = 16;
/// Longest text of one element or attribute, in bytes: as long as a magnet may be.
const LONGEST_TEXT: usize = 16 * 1024;

/// Why a text is not read on. The sentence wants its sender before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A page for people.
    #[error("sent a web page where a feed was expected (a login page of the network?)")]
    Page,
    /// A document type, with which entities could be defined.
    #[error("sent XML with a document type, which is refused")]
    DocumentType,
    /// More than 32 elements in each other.
    #[error("sent XML that is nested too deep")]
    TooDeep,
}

/// An element with the text that stands directly in it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Element {
    /// In lower case, without its prefix.
    pub name: String,
    /// What stands directly in it, read.
    pub text: String,
    attributes: Vec<(String, String)>,
}

/// A step through a document.
pub enum Step<'a> {
    /// An element begins, so deep (the first of all is 0); its text is still to come.
    Opens(&'a Element, usize),
    /// An element ends.
    Closes(&'a Element),
}

/// How far a document could be read.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// To its end.
    Whole,
    /// To where it stops being XML.
    Broken,
}

impl Element {
    /// The value of the attribute of this name (lower case, without a prefix).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn read(start: &BytesStart<'_>) -> Self {
        // The check for repeated names would take quadratic time.
        let mut attributes = start.attributes();
        let attributes = attributes.with_checks(false).take(MOST_ATTRIBUTES).flatten();
        let attributes = attributes.map(|one| {
            let value = String::from_utf8_lossy(&one.value);
            (lower(one.key.local_name().as_ref()), cut(unescape(&value).into_owned()))
        });
        Self {
            name: lower(start.local_name().as_ref()),
            text: String::new(),
            attributes: attributes.collect(),
        }
    }

    fn add(&mut self, text: &str) {
        if self.text.len() < LONGEST_TEXT {
            self.text.push_str(text);
        }
    }
}

/// Walks through `text`. An error is what no honest feed holds; a document that is merely broken
/// ends early, and what was read of it stands.
pub fn walk(text: &str, mut step: impl FnMut(Step<'_>)) -> Result<End, Refused> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut open: Vec<Element> = Vec::new();
    loop {
        let Ok(event) = reader.read_event() else { return Ok(End::Broken) };
        match event {
            Event::Eof => return Ok(if open.is_empty() { End::Whole } else { End::Broken }),
            Event::DocType(kind) => return Err(refused(&kind)),
            Event::Start(_) if open.len() == DEEPEST => {
                return Err(Refused::TooDeep);
            }
            Event::Start(start) => {
                let element = Element::read(&start);
                step(Step::Opens(&element, open.len()));
                open.push(element);
            }
            Event::Empty(start) => {
                let element = Element::read(&start);
                step(Step::Opens(&element, open.len()));
                step(Step::Closes(&element));
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    step(Step::Closes(&element));
                }
            }
            other => {
                if let Some(top) = open.last_mut() {
                    add(top, &other);
                }
            }
        }
    }
}

fn refused(document_type: &[u8]) -> Refused {
    let page = document_type.trim_ascii().to_ascii_lowercase().starts_with(b"html");
    if page { Refused::Page } else { Refused::DocumentType }
}

fn add(element: &mut Element, event: &Event<'_>) {
    match event {
        Event::Text(text) => element.add(&String::from_utf8_lossy(text)),
        Event::CData(text) => element.add(&String::from_utf8_lossy(text)),
        Event::GeneralRef(name) => {
            let name = String::from_utf8_lossy(name);
            match character(&name) {
                Some(c) => element.add(c.encode_utf8(&mut [0; 4])),
                None => element.add(&format!("&{name};")),
            }
        }
        _ => {}
    }
}

fn lower(name: &[u8]) -> String {
    cut(String::from_utf8_lossy(name).to_ascii_lowercase())
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
    text
}

/// A body as text: UTF-8; UTF-16 by its mark; Latin-1 where the document says so; else UTF-8 with
/// the wrong bytes replaced.
#[must_use]
pub fn text(body: &[u8]) -> Cow<'_, str> {
    let units = |read: fn([u8; 2]) -> u16| {
        let units = body[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        Cow::Owned(
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        )
    };
    match body {
        [0xFE, 0xFF, ..] => units(u16::from_be_bytes),
        [0xFF, 0xFE, ..] => units(u16::from_le_bytes),
        _ => {
            let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
            if std::str::from_utf8(body).is_err() && says_latin(body) {
                return Cow::Owned(body.iter().copied().map(char::from).collect());
            }
            String::from_utf8_lossy(body)
        }
    }
}

fn says_latin(body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&body[..body.len().min(200)]).to_ascii_lowercase();
    head.contains("encoding=")
        && ["iso-8859-1", "windows-1252", "latin1"].iter().any(|name| head.contains(name))
}

/// Puts characters in the place of their references; one that is not known stays as it is.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    /// Longest name of a reference: `#x10FFFF`.
    const LONGEST: usize = 8;
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(LONGEST + 1).position(|byte| byte == b';');
        let known = end.and_then(|end| Some((character(&after[..end])?, end + 1)));
        let (c, skipped) = known.unwrap_or(('&', 0));
        out.push(c);
        rest = &after[skipped..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What a reference stands for: XML's five, HTML's space, or a number.
fn character(name: &str) -> Option<char> {
    let number = name.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    });
    match (name, number) {
        (_, Some(number)) => char::from_u32(number.ok()?),
        ("amp", _) => Some('&'),
        ("lt", _) => Some('<'),
        ("gt", _) => Some('>'),
        ("quot", _) => Some('"'),
        ("apos", _) => Some('\''),
        ("nbsp", _) => Some(' '),
        _ => None,
    }
}

/// `text` as it stands in an element or attribute: with named references alone (sets have been seen
/// to show `&#39;` as it is), and without the characters that XML 1.0 cannot hold (section 2.2).
#[must_use]
pub fn escape(text: &str) -> String {
    let held = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    let text: String = text.chars().filter(held).collect();
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(text: &str) -> Result<(Vec<String>, End), String> {
        let mut seen = Vec::new();
        let end = walk(text, |step| {
            if let Step::Closes(element) = step {
                let a = element.attribute("a").unwrap_or("-");
                seen.push(format!("{} {a} {}", element.name, element.text.trim()));
            }
        });
        end.map(|end| (seen, end)).map_err(|error| error.to_string())
    }

    #[test]
    fn elements_come_with_their_text_and_attributes() {
        for (text, wanted, end) in [
            ("<r><x:B a='1&amp;2'>t</x:B></r>", &["b 1&2 t", "r - "][..], End::Whole),
            ("<r><![CDATA[<b>&amp;]]>&#65;&lt;&x;</r>", &["r - <b>&amp;A<&x;"], End::Whole),
            ("<r>a & b<c/></r>", &["c - ", "r - a & b"], End::Whole),
            ("<?xml version='1.0'?><!-- c --><r/>", &["r - "], End::Whole),
            ("<r><a>1</b></r>", &["a - 1", "r - "], End::Whole),
            ("<r><a>1</a><b", &["a - 1"], End::Broken),
            ("<r><a>1</a>", &["a - 1"], End::Broken),
            ("</r></r>", &[], End::Whole),
            ("no xml", &[], End::Whole),
        ] {
            let (seen, ended) = closed(text).unwrap();
            assert_eq!(
                (seen.iter().map(String::as_str).collect::<Vec<_>>(), ended),
                (wanted.to_vec(), end),
                "{text}"
            );
        }
    }

    #[test]
    fn bombs_are_refused_and_floods_are_cut() {
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>";
        assert!(closed(bomb).unwrap_err().contains("document type"));
        assert!(closed(&"<a>".repeat(100_000)).unwrap_err().contains("too deep"));
        let flood = format!("<r>{}</r>", "<![CDATA[aaaaaaaa]]>".repeat(100_000));
        let mut longest = 0;
        walk(&flood, |step| {
            if let Step::Closes(element) = step {
                longest = element.text.len();
            }
        })
        .unwrap();
        assert!((LONGEST_TEXT..LONGEST_TEXT + 16).contains(&longest));
        let attributes = format!("<r {}/>", "a='1' ".repeat(200_000));
        let mut count = 0;
        walk(&attributes, |step| {
            if let Step::Closes(element) = step {
                count = element.attributes.len();
            }
        })
        .unwrap();
        assert_eq!(count, MOST_ATTRIBUTES);
    }

    #[test]
    fn a_body_is_read_in_the_charset_that_it_is_in() {
        let utf16 = |swap: bool| {
            let units = "\u{FEFF}<a>é</a>".encode_utf16();
            let bytes = units.map(|unit| if swap { unit.swap_bytes() } else { unit });
            bytes.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
        };
        for (body, wanted) in [
            (b"caf\xC3\xA9".to_vec(), "café"),
            (b"\xEF\xBB\xBFa".to_vec(), "a"),
            (b"<?xml encoding='ISO-8859-1'?>caf\xE9".to_vec(), "<?xml encoding='ISO-8859-1'?>café"),
            (b"caf\xE9".to_vec(), "caf\u{FFFD}"),
            (utf16(false), "<a>é</a>"),
            (utf16(true), "<a>é</a>"),
            (b"\xFF\xFEa".to_vec(), ""),
            (Vec::new(), ""),
        ] {
            assert_eq!(text(&body), wanted, "{body:?}");
        }
    }

    #[test]
    fn references_become_their_characters_once() {
        for (text, wanted) in [
            ("&#34;Batch&#34; &lt;fix&gt; &amp; more", "\"Batch\" <fix> & more"),
            ("&amp;lt;", "&lt;"),
            ("&#x1F464;", "\u{1F464}"),
            (
                "&#xD800; &#99999999999; &; &unknown; & &é;",
                "&#xD800; &#99999999999; &; &unknown; & &é;",
            ),
            ("&", "&"),
        ] {
            assert_eq!(unescape(text), wanted, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body in "(<[a-z]{1,2}( [a-z]='[^']{0,3}')?/?>|</[a-z]>|&[a-z#0-9]{0,4};?|<!\\[CDATA\\[|\\]\\]>|<!--|<\\?|.){0,40}") {
            let _ = walk(&text(body.as_bytes()), |_| {});
            let _ = unescape(&body);
        }

        #[test]
        fn what_is_escaped_reads_back(text in "[^\u{0}\r]{0,40}") {
            let held: String = text.chars().filter(|c| !c.is_control() || "\t\n".contains(*c)).collect();
            let escaped = escape(&held);
            proptest::prop_assert!(!escaped.contains("&#"));
            proptest::prop_assert_eq!(unescape(&escaped), held.as_str());
        }
    }
}
