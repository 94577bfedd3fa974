//! YAML as cloud-init files have it, read from the parser's events into plain texts. (1) Nothing is
//! guessed: a password `0123` stays those four digits, and `no` stays a word. (2) Aliases are read
//! as nothing, so that no file can grow while it is read.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deeper than any file that Raspberry Pi Imager writes.
const DEEPEST: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// What stands under `key`; `Nothing` where nothing does.
    pub(super) fn get(&self, key: &str) -> &Self {
        let entry = self.entries().iter().find(|(name, _)| name == key);
        entry.map_or(&Self::Nothing, |(_, value)| value)
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// A list or map that has not ended yet.
enum Open {
    List(Vec<Node>),
    /// With the key whose value is to come.
    Map(Vec<(String, Node)>, Option<String>),
}

/// Reads the first document of `text`. The error says in which line the text is no YAML.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("line {}", error.marker().line()))?;
        let ended = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None));
                None
            }
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::Alias(_) => Some(Node::Nothing),
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|open| match open {
                Open::List(items) => Node::List(items),
                Open::Map(entries, _) => Node::Map(entries),
            }),
            _ => None,
        };
        if open.len() > DEEPEST {
            return Err(format!("line {}", span.start.line()));
        }
        let Some(node) = ended else { continue };
        match open.last_mut() {
            None => return Ok(node),
            Some(Open::List(items)) => items.push(node),
            Some(Open::Map(entries, key)) => match key.take() {
                None => *key = Some(node.text().unwrap_or_default().to_owned()),
                Some(name) => entries.push((name, node)),
            },
        }
    }
    Ok(Node::Nothing)
}

fn scalar(text: &str, style: ScalarStyle) -> Node {
    match text {
        "" | "~" | "null" if style == ScalarStyle::Plain => Node::Nothing,
        _ => Node::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_stay_as_they_are_written() {
        let text =
            "# a comment\na: 0123\nb: [no, \"x y\", ~]\nc:\n  d: 'it''s'\n  e: &x 1\nf: *x\n";
        let root = parse(text).unwrap();
        assert_eq!(root.get("a").text(), Some("0123"));
        let list = ["no", "x y"].map(|word| Node::Text(word.to_owned()));
        assert_eq!(root.get("b"), &Node::List([&list[..], &[Node::Nothing]].concat()));
        assert_eq!(root.get("c").get("d").text(), Some("it's"));
        assert_eq!(root.get("f"), &Node::Nothing);
        assert_eq!(root.get("gone").get("gone"), &Node::Nothing);
        assert_eq!(parse(""), Ok(Node::Nothing));
    }

    #[test]
    fn what_is_no_yaml_has_its_line() {
        assert_eq!(parse("a: 1\nb: [1\nc: 2\n").unwrap_err(), "line 3");
        assert!(parse(&"[".repeat(60_000)).is_err());
        assert!(parse(&"{a: ".repeat(20_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }
    }
}
