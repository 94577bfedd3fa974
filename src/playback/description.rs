//! What is told of a chosen file to people: what it is called, why it was chosen, where its picture
//! stood last. Nothing is opened for it.

use super::{Error, Playback};
use crate::media::StremioId;
use crate::representation::media_type_of;

impl Playback {
    /// What is known of a link's file, without opening it.
    pub fn describe(&self, media_id: &str) -> Result<Description, Error> {
        let session = self.session(media_id)?;
        let (playable, record) = (&session.playable, self.shelf.records.of(media_id)?);
        Ok(Description {
            id: playable.id,
            media_id: media_id.to_owned(),
            position_s: record.position_s,
            duration_s: record.duration_s,
            title: playable.title.clone().unwrap_or_else(|| playable.release.clone()),
            file: playable.file.name.clone(),
            media_type: media_type_of(&playable.file.name).to_owned(),
            detail: playable.detail.clone(),
        })
    }
}

/// A chosen file, for people.
#[derive(Debug, Clone)]
pub struct Description {
    /// What was asked for, where that was a title.
    pub id: Option<StremioId>,
    /// The name of its bytes in links.
    pub media_id: String,
    /// Where the picture stood last, in seconds.
    pub position_s: Option<f64>,
    /// How long it plays, in seconds.
    pub duration_s: Option<f64>,
    /// What it is called; the release's name where nobody could say.
    pub title: String,
    /// The file's name.
    pub file: String,
    /// Media type of the bytes.
    pub media_type: String,
    /// Why this torrent and this file, a sentence a line.
    pub detail: Vec<String>,
}
