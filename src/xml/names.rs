//! The names of a document's elements as XML has them: by namespace and letters (Namespaces in XML
//! 1.0). Whoever answers under the names that were asked needs them so; elsewhere a sender's prefixes
//! and case say nothing.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};
use quick_xml::{NsReader, name};

use super::{DEEPEST, End, Refused, refused, unescape};

/// A name in a namespace, which is empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Such as `DAV:`.
    pub namespace: String,
    /// In its own letters, without a prefix.
    pub local: String,
}

impl Name {
    fn of(namespace: &ResolveResult<'_>, local: name::LocalName<'_>) -> Self {
        let namespace = match namespace {
            ResolveResult::Bound(bound) => {
                let text = String::from_utf8_lossy(bound.as_ref());
                unescape(&text).into_owned()
            }
            // A prefix that nobody has bound is no name at all; it is taken for none.
            ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
        };
        Self { namespace, local: String::from_utf8_lossy(local.as_ref()).into_owned() }
    }
}

/// Tells the name of each element that opens, and how deep (the first of all is 0). Refuses what
/// [`walk`](super::walk) refuses.
pub fn names(text: &str, mut step: impl FnMut(Name, usize)) -> Result<End, Refused> {
    let mut reader = NsReader::from_str(text);
    let mut open = 0_usize;
    loop {
        let Ok((namespace, event)) = reader.read_resolved_event() else { return Ok(End::Broken) };
        match event {
            Event::Eof => return Ok(if open == 0 { End::Whole } else { End::Broken }),
            Event::DocType(kind) => return Err(refused(&kind)),
            // "In a namespace declaration for a prefix, the attribute value must not be empty" (5).
            Event::Start(start) | Event::Empty(start) if binds_to_nothing(&start) => {
                return Ok(End::Broken);
            }
            Event::Start(_) if open == DEEPEST => return Err(Refused::TooDeep),
            Event::Start(start) => {
                step(Name::of(&namespace, start.local_name()), open);
                open += 1;
            }
            Event::Empty(start) => step(Name::of(&namespace, start.local_name()), open),
            Event::End(_) => open = open.saturating_sub(1),
            _ => {}
        }
    }
}

fn binds_to_nothing(start: &BytesStart<'_>) -> bool {
    start.attributes().flatten().any(|attribute| {
        let binding = attribute.key.as_namespace_binding();
        attribute.value.is_empty() && matches!(binding, Some(PrefixDeclaration::Named(_)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_namespace_and_letters_whatever_its_prefix() {
        let text = "<D:a xmlns:D='DAV:' xmlns='urn:x&amp;y'><B/><D:C xmlns:D='urn:z'><D:d/></D:C>\
                    <e xmlns=''/></D:a>";
        let mut told = Vec::new();
        let end = names(text, |name, depth| {
            told.push(format!("{depth} {{{}}}{}", name.namespace, name.local));
        });
        assert_eq!(end, Ok(End::Whole));
        assert_eq!(told, ["0 {DAV:}a", "1 {urn:x&y}B", "1 {urn:z}C", "2 {urn:z}d", "1 {}e"]);
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\">]><r/>";
        assert_eq!(names(bomb, |_, _| ()), Err(Refused::DocumentType));
        assert_eq!(names(&"<a>".repeat(1000), |_, _| ()), Err(Refused::TooDeep));
        assert_eq!(names("<a><b>", |_, _| ()), Ok(End::Broken));
        assert_eq!(names("<a><b xmlns:c=''/></a>", |_, _| ()), Ok(End::Broken));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(<a>|</a>|<b:c xmlns:b='|'>|xmlns='|/>|.){0,30}") {
            let _ = names(&text, |_, _| ());
        }
    }
}
