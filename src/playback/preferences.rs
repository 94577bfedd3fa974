//! What the household prefers among torrents: the configuration's word, and over it the owner's.
//!
//! Kept is what the owner changed, field by field: what he leaves alone stays the configuration's.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Error, Playback, durably, lock};
use crate::select::Preferences;

const KEY: &str = "settings/preferences";

impl Playback {
    /// What is preferred now.
    #[must_use]
    pub fn preferences(&self) -> Arc<Preferences> {
        Arc::clone(&lock(&self.desk.preferences))
    }

    /// Reads what was set before. What another version kept and this one cannot take is left alone
    /// and said, not a reason not to start.
    pub(super) fn take_up_preferences(&self) -> Result<(), Error> {
        let base = &self.parts.preferences;
        let kept: Map<String, Value> = self.parts.state.get(KEY)?.unwrap_or_default();
        let preferred = base.with(&kept, base).unwrap_or_else(|error| {
            tracing::warn!(%error, "the preferences that were kept are not used");
            base.clone()
        });
        *lock(&self.desk.preferences) = Arc::new(preferred);
        Ok(())
    }

    /// Changes some of the preferences, for the next search at once; `null` gives a field back to
    /// the configuration.
    pub fn prefer(&self, changes: &Map<String, Value>) -> Result<(), Error> {
        let base = &self.parts.preferences;
        let mut kept: Map<String, Value> = self.parts.state.get(KEY)?.unwrap_or_default();
        // What another version kept must not stand in the way of a change.
        kept.retain(|field, value| base.with(&one(field, value), base).is_ok());
        for (field, value) in changes {
            kept.insert(field.clone(), value.clone());
        }
        let preferred = base.with(&kept, base)?;
        kept.retain(|_, value| !value.is_null());
        durably(|| self.parts.state.put(KEY, &kept))?;
        *lock(&self.desk.preferences) = Arc::new(preferred);
        self.forget_searches();
        tracing::info!("the owner's preferences were changed");
        Ok(())
    }
}

fn one(field: &str, value: &Value) -> Map<String, Value> {
    Map::from_iter([(field.to_owned(), value.clone())])
}
