//! The claim code of a server without an owner, as a television can show it: a clip in words.

use std::sync::Arc;

use super::Playback;
use crate::representation::Representation;

impl Playback {
    /// The clip that says `code`, and where to type it.
    #[must_use]
    pub fn clip_of_claim_code(&self, code: &str) -> Arc<dyn Representation> {
        let words = format!(
            "Open {} on a phone or computer in the same network, type this code, and choose a \
             password. Whoever types it first is the owner.",
            self.set_up_at()
        );
        self.clips.of(&format!("Claim code {code}"), &words)
    }

    /// What sets browse has changed by something that is no title: they are told of it.
    pub fn catalogue_changed(&self) {
        self.lists.bump();
    }
}
