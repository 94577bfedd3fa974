//! Where a set fetches what it was told of: at the address by which it reached us, since it may know
//! no other.

use crate::http::api::title_id;
use crate::http::rooms::Visitor;
use crate::lan::content_directory::Places;
use crate::playback::{Node, NodeKind, Video};
use crate::title::Picture;

/// Makes addresses for one visitor.
pub(super) struct Links<'a> {
    visitor: &'a Visitor,
    base: String,
}

impl<'a> Links<'a> {
    pub(super) fn of(visitor: &'a Visitor) -> Self {
        Self { visitor, base: visitor.base() }
    }

    /// Everything that a node leads to.
    pub(super) fn places(&self, node: &Node) -> Places {
        let picture = node.picture.as_ref().map(|(which, id)| {
            format!("{}/dlna/picture/{}/{}", self.base, word_of(*which), title_id(id))
        });
        match &node.kind {
            NodeKind::Folder { .. } => Places { picture, ..Places::default() },
            NodeKind::Video(video) => {
                let film = self.film(video);
                Places { film, picture, subtitles: self.subtitles(video) }
            }
        }
    }

    fn film(&self, video: &Video) -> String {
        let key = self.visitor.rooms.media_keys.sign(&video.media_id, &video.link_name);
        format!("{}/v/{key}/{}", self.base, video.link_name)
    }

    /// Subtitles that are known without asking anybody.
    #[expect(clippy::unused_self, reason = "subtitles come with their room")]
    fn subtitles(&self, _video: &Video) -> Vec<String> {
        Vec::new()
    }
}

fn word_of(which: Picture) -> &'static str {
    match which {
        Picture::Poster => "poster",
        Picture::Background => "background",
        Picture::Thumbnail => "thumbnail",
    }
}
