//! The claim code in the television's own library (dangers S-03): a household without a screen at its
//! box reads it there. It is told to the household, as all that a set browses, and until there is an
//! owner; its link says nothing of it, and leads nowhere after that.

use std::sync::Arc;

use crate::clip;
use crate::http::rooms::Rooms;
use crate::http::visitor::Visitor;
use crate::playback::{Node, NodeId, NodeKind, Video};
use crate::representation::Representation;

/// Its name in the catalogue, and for its link.
const NAME: &str = "claim-code";

/// The title, while there is no owner.
pub(super) fn node(visitor: &Visitor) -> Option<Node> {
    let rooms = &visitor.rooms;
    let code = rooms.access.claim_code()?;
    let video = Video {
        media_id: NAME.to_owned(),
        link_name: format!("{NAME}.mp4"),
        media_type: "video/mp4",
        size_bytes: bytes(rooms).map(|clip| clip.len()),
        duration_s: Some(f64::from(clip::SECONDS)),
        resolution: None,
        position_s: None,
        title_id: None,
        file_name: None,
    };
    Some(Node {
        id: NodeId::parse(NAME)?,
        parent: NodeId::parse(NodeId::ROOT),
        title: format!("Claim code {code}"),
        changed: None,
        picture: None,
        kind: NodeKind::Video(Box::new(video)),
    })
}

/// The same, for who opens the root.
pub(super) fn node_in(visitor: &Visitor, folder: &NodeId) -> Option<Node> {
    (folder.as_str() == NodeId::ROOT).then(|| node(visitor)).flatten()
}

/// Whether a link's media id is its own.
pub(in crate::http) fn is_meant(media_id: &str) -> bool {
    media_id == NAME
}

/// Its bytes, while there is no owner.
pub(in crate::http) fn bytes(rooms: &Rooms) -> Option<Arc<dyn Representation>> {
    let code = rooms.access.claim_code()?;
    Some(rooms.playback.clip_of_claim_code(&code))
}
