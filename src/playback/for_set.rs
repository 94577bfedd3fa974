//! What a set can play of what was found and of what was chosen before, as far as the names tell.

use super::choose::Play;
use super::findings::Findings;
use super::playable::Playable;
use super::{Error, Playback};
use crate::media::StremioId;
use crate::release;
use crate::select::SetLimits;

impl Playable {
    /// Whether the set plays it.
    pub(super) fn suits(&self, set: &SetLimits) -> bool {
        set.play(&release::parse(&self.release), &self.file.name)
    }
}

impl Playback {
    /// Whether the set plays what was chosen under this media id.
    pub fn suits(&self, media_id: &str, set: &SetLimits) -> Result<bool, Error> {
        Ok(self.known(media_id)?.suits(set))
    }

    /// Finds and opens the best candidate of which nothing is known for which the set could not play
    /// it.
    pub async fn play_on(&self, id: &StremioId, set: &SetLimits) -> Result<Play, Error> {
        if let Some(play) = self.play_from_disk(id, None, Some(set))? {
            return Ok(play);
        }
        let found = self.findings(id, None).await.in_order_for(Some(set));
        let suits = found.candidates.iter().filter(|one| one.suits_set()).cloned().collect();
        let findings = Findings { candidates: suits, ..found.without_candidates() };
        self.play_of(id, None, &findings, true).await
    }
}
