//! Asking the owner's address for a newer version.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{CHECKED, Phase, Status};
use crate::appliance::{Appliance, Error, durably, lock, offer};
use crate::bundle::Manifest;
use crate::steward::words::Facts;

/// The earliest time that a clock can tell rightly: this code did not exist before.
const BUILT: u64 = 1_767_225_600;

impl Appliance {
    /// Asks the owner's address whether there is a newer version. Only a bundle's head is fetched.
    pub async fn check_for_update(&self) -> Result<Status, Error> {
        let facts = self.facts().await?;
        let _turn = self.turn()?;
        let template = self.update_url().ok_or(Error::NoUrl)?;
        let before = lock(&self.update.status).clone();
        self.step(Phase::Checking, None, None);
        let looked = self.look(&template, &facts).await;
        let newer = match looked {
            Ok(newer) => newer,
            Err(error) => {
                // What was known still holds.
                *lock(&self.update.status) = Status { message: Some(error.to_string()), ..before };
                return Err(error);
            }
        };
        self.note_checked();
        let ready = Self::ready(&facts).map_or(0, |slot| slot.counter);
        match newer {
            // What was tried and did not stay is not offered again.
            Some(newer) if newer.counter > ready && !facts.refused.contains(&newer.counter) => {
                self.step(Phase::Available, Some(newer.version), None);
            }
            _ => self.show_standing(&facts),
        }
        Ok(self.update_status())
    }

    async fn look(&self, template: &str, facts: &Facts) -> Result<Option<Manifest>, Error> {
        let url = offer::address(template, &facts.board)?;
        let root = self.root.as_deref().ok_or(Error::NotABox)?;
        offer::look(&self.parts.client, url, root, facts).await
    }

    fn note_checked(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if now >= BUILT
            && let Err(error) = durably(|| self.parts.state.put(CHECKED, &now))
        {
            tracing::warn!(%error, "when updates were looked for could not be noted");
        }
    }
}
