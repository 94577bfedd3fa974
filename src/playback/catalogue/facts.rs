//! What is known of a film's bytes without opening them.

use std::time::SystemTime;

use crate::playback::Playback;
use crate::representation::media_type_of;
use crate::select::Profile;
use crate::torrent::entity_tag;

/// What the headers of a film's bytes will say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its length, in bytes, where that is known before it is opened.
    pub len: Option<u64>,
    /// Its media type in our spelling.
    pub media_type: &'static str,
    /// Its entity tag, without the quotes.
    pub entity_tag: String,
    /// When these bytes came to be known here.
    pub modified: SystemTime,
}

impl Playback {
    /// What is known of a film that was chosen, or of what was chosen for a title, for `set` where it is
    /// known what that plays; nobody is asked.
    #[must_use]
    pub fn facts(&self, media_id: &str, set: Option<&'static Profile>) -> Option<Facts> {
        let media_id = self.chosen(media_id, set)?;
        if let Some(row) = self.listing().ok()?.row(&media_id) {
            return Some(Facts {
                len: row.size_bytes,
                media_type: media_type_of(&row.file),
                entity_tag: row.entity_tag.clone(),
                modified: row.modified,
            });
        }
        let playable = self.known(&media_id).ok()?;
        Some(Facts {
            len: playable.file.size_bytes,
            media_type: media_type_of(&playable.file.name),
            entity_tag: entity_tag(&playable.info_hash, &playable.file),
            modified: playable.modified(),
        })
    }
}
