//! `[index]`: where an index is, whether it is asked, and which the owner has added to ours.

use std::collections::BTreeMap;

use url::Url;

use super::{BadConfig, Given};
use crate::secret::Address;
use crate::torrent::IndexName;

/// An index's place and whether it is asked.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct IndexPlace {
    pub url: Url,
    pub enabled: bool,
}

impl Given {
    /// `NAME=ADDRESS` each. What is wrong with an address is said without it: it may hold a key.
    pub(super) fn added_indexes(&self) -> Result<BTreeMap<IndexName, Address>, BadConfig> {
        let path = "index.added";
        let mut added = BTreeMap::new();
        for item in self.list(path) {
            let parts = item.split_once('=').filter(|(name, _)| !name.contains('/'));
            let Some((name, address)) = parts else {
                let wanted = "a list such as [\"mine=https://addon.example/manifest.json\"]";
                return Err(self.wrong(path, wanted));
            };
            let name = name.trim();
            let wrong = |what: &dyn std::fmt::Display| {
                BadConfig::new(self.place(path), format!("`{path}`, {name}: {what}"))
            };
            let index = name.parse::<IndexName>().map_err(|error| wrong(&error))?;
            let address = Address::read(address).map_err(|error| wrong(&error))?;
            if IndexName::ALL.contains(&index) || added.insert(index, address).is_some() {
                return Err(wrong(&"this name is taken; give another"));
            }
        }
        let most = IndexName::MOST_ADDED;
        if added.len() > most {
            return Err(self.wrong(path, &format!("a list of at most {most}")));
        }
        Ok(added)
    }
}
