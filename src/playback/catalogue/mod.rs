//! The catalogue that sets without an app browse: one tree for UPnP, WebDAV and playlists.
//!
//! A node's name says how to make it again, so nothing is remembered of who browses. A film's URL
//! opens the same session as everywhere.

mod node;

pub use node::{Children, Node, NodeId, NodeKind, Page, Video};

use super::{Error, Playback, ShelfRow};
use crate::representation::media_type_of;
use crate::title::Picture;

const CONTINUE: &str = "continue";
const HERE: &str = "here";

impl Playback {
    /// Counts on when what the catalogue lists changes.
    #[must_use]
    pub fn catalogue_version(&self) -> tokio::sync::watch::Receiver<u32> {
        tokio::sync::watch::channel(1).1
    }

    /// The node of this name.
    #[expect(clippy::unused_async, reason = "titles are looked up next")]
    pub async fn node(&self, id: &NodeId) -> Result<Node, Error> {
        match id.as_str() {
            NodeId::ROOT => Ok(folder(NodeId::ROOT, None, "Credenza", None)),
            CONTINUE => Ok(folder(CONTINUE, Some(NodeId::ROOT), "Continue watching", None)),
            HERE => Ok(folder(HERE, Some(NodeId::ROOT), "On this box", None)),
            _ => Err(Error::NoSuchNode { id: id.as_str().to_owned() }),
        }
    }

    /// What a folder holds.
    pub async fn children(&self, id: &NodeId, page: Page) -> Result<Children, Error> {
        let nodes: Vec<Node> = match id.as_str() {
            NodeId::ROOT => {
                let mut folders = Vec::new();
                for name in [CONTINUE, HERE] {
                    folders.push(self.node(&NodeId::of(name)).await?);
                }
                folders
            }
            CONTINUE => self.of_shelf(CONTINUE, |row| row.position_s.is_some())?,
            HERE => self.of_shelf(HERE, |row| row.whole)?,
            _ => return Err(Error::NoSuchNode { id: id.as_str().to_owned() }),
        };
        let total = nodes.len();
        let nodes = nodes.into_iter().skip(page.start).take(page.count.unwrap_or(usize::MAX));
        Ok(Children { nodes: nodes.collect(), total })
    }

    fn of_shelf(
        &self,
        parent: &str,
        shown: impl Fn(&ShelfRow) -> bool,
    ) -> Result<Vec<Node>, Error> {
        let view = self.shelf()?;
        Ok(view.titles.iter().filter(|row| shown(row)).map(|row| film(parent, row)).collect())
    }
}

fn folder(id: &str, parent: Option<&str>, title: &str, children: Option<u32>) -> Node {
    Node {
        id: NodeId::of(id),
        parent: parent.map(NodeId::of),
        title: title.to_owned(),
        changed: None,
        picture: None,
        kind: NodeKind::Folder { children },
    }
}

fn film(parent: &str, row: &ShelfRow) -> Node {
    let video = Video {
        media_id: row.media_id.clone(),
        link_name: row.link_name.clone(),
        media_type: media_type_of(&row.link_name),
        size_bytes: row.size_bytes,
        duration_s: row.duration_s,
        resolution: None,
        position_s: row.position_s,
        title_id: row.id,
        file_name: Some(row.file.clone()),
    };
    Node {
        id: NodeId::of(format!("{parent}.{}", row.media_id)),
        parent: Some(NodeId::of(parent)),
        title: row.title.clone(),
        changed: row.last_watched,
        picture: row.id.map(|id| (Picture::Poster, id)),
        kind: NodeKind::Video(Box::new(video)),
    }
}
