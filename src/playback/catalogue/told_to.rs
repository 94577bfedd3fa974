//! A title that nobody has chosen a release of, as a set is told of it: what was chosen for this set
//! once it has asked for it, until then what it will probably get. A set opens by what the list says,
//! and hides what it cannot open.

use super::asked::asked;
use super::node::{Node, NodeKind, Video};
use crate::playback::Playback;
use crate::representation::media_type_of;
use crate::select::{Container, Profile};

impl Playback {
    /// `node` as this set is told of it.
    #[must_use]
    pub fn told_to(&self, set: &'static Profile, mut node: Node) -> Node {
        if let NodeKind::Video(video) = &mut node.kind {
            self.tell_of(video, set);
        }
        node
    }

    fn tell_of(&self, video: &mut Video, set: &'static Profile) {
        let Some(id) = asked(&video.media_id) else { return };
        let Some(playable) = self.chosen_by(&(id, Some(set))).and_then(|id| self.known(&id).ok())
        else {
            if !set.plays.containers.contains(&Container::Mkv) {
                video.media_type = "video/mp4";
                video.link_name = with_ending(&video.link_name, "mp4");
            }
            return;
        };
        let file = &playable.file;
        video.media_type = media_type_of(&file.name);
        video.size_bytes = file.size_bytes;
        if let Some((_, ending)) = playable.link_name().rsplit_once('.') {
            video.link_name = with_ending(&video.link_name, ending);
        }
        // Of another release it may be known, but is not this one's.
        let record = self.shelf.records.of(&playable.media_id()).ok();
        video.resolution = record.as_ref().and_then(|record| record.resolution);
        video.duration_s = record.and_then(|record| record.duration_s).or(video.duration_s);
    }
}

/// The name of a link with another extension.
fn with_ending(name: &str, ending: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.{ending}")
}
