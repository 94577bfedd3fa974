//! What stands in the catalogue: folders and films, each under a name that a television can repeat.

use serde::Serialize;

use crate::media::StremioId;
use crate::title::Picture;

/// Longest name of a node, in bytes: older sets keep it in 256 bytes with its terminator.
const LONGEST: usize = 120;

/// The name of a folder or film in the catalogue: printable ASCII without spaces, quotes and angle
/// brackets, since televisions send it back unescaped or escaped twice. `0` is the root (UPnP
/// ContentDirectory:1 section 2.7.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct NodeId(String);

impl NodeId {
    /// The root's.
    pub const ROOT: &'static str = "0";

    /// Takes a name that a client sent. Empty is the root: Samsung sets ask so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        match text.trim() {
            "" => Some(Self(Self::ROOT.to_owned())),
            text if text.len() <= LONGEST && text.bytes().all(plain) => Some(Self(text.to_owned())),
            _ => None,
        }
    }

    /// One of our own making.
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A folder in this one.
    pub(super) fn folder(&self, word: &str, title: &str, children: Option<u32>) -> Node {
        Node {
            id: self.child(word),
            parent: Some(self.clone()),
            title: title.to_owned(),
            changed: None,
            picture: None,
            kind: NodeKind::Folder { children },
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A folder or a film of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name for machines.
    pub id: NodeId,
    /// Where it stands; `None` for the root.
    pub parent: Option<NodeId>,
    /// Its name for people.
    pub title: String,
    /// When it changed last, in seconds since 1970.
    pub changed: Option<u64>,
    /// Whose picture is shown beside it, if one is.
    pub picture: Option<(Picture, StremioId)>,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// It holds others.
    Folder {
        /// How many, where that is known without asking anybody.
        children: Option<u32>,
    },
    /// It plays.
    Video(Box<Video>),
}

/// What a player must know before it opens a film.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// The name of its bytes, to be signed ([`MediaKeys`](crate::access::MediaKeys)).
    pub media_id: String,
    /// The last part of its link, ASCII, with the extension.
    pub link_name: String,
    /// Its media type in our spelling.
    pub media_type: &'static str,
    /// Its length, where that is known before it is opened.
    pub size_bytes: Option<u64>,
    /// How long it plays, in seconds.
    pub duration_s: Option<f64>,
    /// Its picture's width and height.
    pub resolution: Option<(u32, u32)>,
    /// Where somebody stopped watching, in seconds.
    pub position_s: Option<f64>,
    /// The title that it is of.
    pub title_id: Option<StremioId>,
    /// The release's own name of it, for captions and players that show it.
    pub file_name: Option<String>,
}

/// Which of a folder's children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many are left out before the first.
    pub start: usize,
    /// Most that are told; `None`: as many as there are.
    pub count: Option<usize>,
}

impl Page {
    /// All there are.
    pub const WHOLE: Self = Self { start: 0, count: None };

    /// Cuts a list.
    pub(super) fn of(self, nodes: Vec<Node>) -> Children {
        let total = nodes.len();
        Children { nodes: self.cut(nodes).collect(), total }
    }

    /// Its part of a list.
    pub(super) fn cut<T>(self, all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        all.into_iter().skip(self.start).take(self.count.unwrap_or(usize::MAX))
    }
}

/// Some of a folder's children, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Children {
    /// These.
    pub nodes: Vec<Node>,
    /// How many there are in all.
    pub total: usize,
}
