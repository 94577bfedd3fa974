//! Where a set fetches what it was told of: at the address by which it reached us, since it may know
//! no other.

use super::picture::SMALL;
use crate::http::api::title_id;
use crate::http::visitor::Visitor;
use crate::lan::content_directory::Places;
use crate::playback::{Node, NodeKind, Video};
use crate::select::Profile;
use crate::title::Picture;

/// Most subtitles of one film that are told: sets show a short list, or the first.
const MOST_SUBTITLES: usize = 8;

/// Makes addresses for one visitor.
pub(super) struct Links<'a> {
    visitor: &'a Visitor,
    set: &'static Profile,
    base: String,
}

impl<'a> Links<'a> {
    pub(super) fn of(visitor: &'a Visitor, set: &'static Profile) -> Self {
        Self { visitor, set, base: visitor.base() }
    }

    /// Everything that a node leads to.
    pub(super) fn places(&self, node: &Node) -> Places {
        let picture = node.picture.as_ref().map(|(which, id)| {
            format!("{}/dlna/picture/{}/{}", self.base, word_of(*which), title_id(id))
        });
        let small_picture = picture.as_ref().map(|picture| format!("{picture}/{SMALL}"));
        let places = Places { picture, small_picture, ..Places::default() };
        match &node.kind {
            NodeKind::Folder { .. } => places,
            NodeKind::Video(video) => {
                Places { film: self.film(video), subtitles: self.subtitles(video), ..places }
            }
        }
    }

    fn film(&self, video: &Video) -> String {
        let key = self.visitor.rooms.media_keys.sign(&video.media_id, &video.link_name);
        format!("{}/v/{key}/{}", self.base, video.link_name)
    }

    fn subtitles(&self, video: &Video) -> Vec<String> {
        let rooms = &self.visitor.rooms;
        // Those of the release that this set is given.
        let media_id = rooms.playback.chosen(&video.media_id, Some(self.set));
        let paths = rooms.subtitles_of(media_id.as_ref().unwrap_or(&video.media_id)).into_iter();
        paths.take(MOST_SUBTITLES).map(|path| format!("{}{path}", self.base)).collect()
    }
}

fn word_of(which: Picture) -> &'static str {
    match which {
        Picture::Poster => "poster",
        Picture::Background => "background",
        Picture::Thumbnail => "thumbnail",
    }
}
