//! Which indexes are asked, and where: what the configuration says, and what the owner has changed in
//! the browser, which wins. A change counts from the next search on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Error, Playback, durably, lock};
use crate::durable::State;
use crate::fetch::Client;
use crate::index::{self, Source};
use crate::secret::{Address, BadAddress};
use crate::torrent::{BadIndexName, IndexName};
use url::Url;

const INDEXES_KEY: &str = "settings/indexes";

/// Where an index is, and whether it is asked.
#[derive(Debug, Clone)]
pub struct IndexPlace {
    /// Where.
    pub address: Address,
    /// Whether it is asked.
    pub enabled: bool,
    /// Whether the owner named the address for this index, so that it may be a private one.
    pub named: bool,
}

impl IndexPlace {
    /// The client that may go there.
    fn way(&self, client: &Client) -> Client {
        let own = || client.to_named(self.address.expose()).unwrap_or_else(|_| client.clone());
        if self.named { own() } else { client.clone() }
    }
}

/// What may be changed of an index.
#[derive(Debug, Clone, Default)]
pub struct IndexChange {
    /// Where it is; `Some(None)`: where the configuration says.
    pub address: Option<Option<String>>,
    /// Whether it is asked.
    pub enabled: Option<bool>,
}

/// An index, as the owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexSettings {
    /// Its address, cut where a key may stand in it.
    pub url: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// Whether it is one of the owner's own.
    pub added: bool,
}

/// Why the indexes stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum BadIndex {
    /// No name.
    #[error(transparent)]
    Name(#[from] BadIndexName),
    /// No address.
    #[error("{0} cannot be looked for there: {1}")]
    Address(IndexName, BadAddress),
    /// There is one of that name.
    #[error("there is an index named {0} already; choose another name, or remove that one first")]
    Taken(IndexName),
    /// Every search asks all of them.
    #[error("at most {most} indexes can be added; remove one first", most = IndexName::MOST_ADDED)]
    TooMany,
    /// There is none of that name.
    #[error("there is no index named {0}; to add it, give its address")]
    NotThere(IndexName),
    /// The configuration has it.
    #[error(
        "{0} stands in the configuration and is removed there (index.added); here it can be switched off"
    )]
    Configured(IndexName),
}

/// What the owner has said of one index; what is `None` is the configuration's to say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Choice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

type Choices = BTreeMap<IndexName, Choice>;
type Places = BTreeMap<IndexName, IndexPlace>;

/// The indexes as they are now; a search under way keeps those it began with.
#[derive(Default)]
pub(super) struct Indexes {
    places: Places,
    /// Those that are asked.
    pub(super) sources: Vec<Arc<dyn Source>>,
}

impl Indexes {
    fn new(places: Places, client: &Client) -> Self {
        let asked = places.iter().filter(|(_, place)| place.enabled);
        let sources = asked.map(|(name, place)| {
            let url = place.address.expose();
            Arc::from(index::build(*name, place.way(client), url.clone()))
        });
        Self { sources: sources.collect(), places }
    }

    /// Where an index is that is asked, and the way there.
    pub(super) fn way_to(&self, index: IndexName, client: &Client) -> Option<(Url, Client)> {
        let place = self.places.get(&index).filter(|place| place.enabled)?;
        Some((place.address.expose().clone(), place.way(client)))
    }

    /// Those that are not asked.
    pub(super) fn off(&self) -> impl Iterator<Item = IndexName> {
        self.places.iter().filter(|(_, place)| !place.enabled).map(|(name, _)| *name)
    }
}

impl Playback {
    /// Takes what was set in the browser out of the state, before [`Playback::new`]: there may be keys
    /// in it.
    pub fn erase_indexes(state: &State) -> Result<(), Error> {
        Ok(state.remove(INDEXES_KEY)?)
    }

    /// The indexes as they are now.
    pub(super) fn indexes(&self) -> Arc<Indexes> {
        self.desk.indexes()
    }

    /// Reads what the owner had set before.
    pub(super) fn take_up_indexes(&self) -> Result<(), Error> {
        let choices = self.index_choices()?;
        self.apply_indexes(&choices);
        Ok(())
    }

    /// Every index, as the owner may see it.
    pub(super) fn index_settings(&self) -> BTreeMap<IndexName, IndexSettings> {
        let shown = |(name, place): (&IndexName, &IndexPlace)| {
            let added = matches!(name, IndexName::Added(_));
            let (url, enabled) = (place.address.shown(), place.enabled);
            (*name, IndexSettings { url, enabled, added })
        };
        self.indexes().places.iter().map(shown).collect()
    }

    /// Adds an index of the owner's.
    pub fn add_index(&self, name: &str, address: &str) -> Result<IndexName, Error> {
        let index: IndexName = name.parse().map_err(BadIndex::Name)?;
        if self.indexes().places.contains_key(&index) {
            return Err(BadIndex::Taken(index).into());
        }
        let address = Some(Some(address.to_owned()));
        let change = IndexChange { address, enabled: Some(true) };
        self.change_indexes(&BTreeMap::from([(name.to_owned(), Some(change))]))?;
        Ok(index)
    }

    /// Changes indexes by name, all of them or none. `None` is the end of one that the owner added,
    /// and of what the owner has said of another.
    pub fn change_indexes(
        &self,
        changes: &BTreeMap<String, Option<IndexChange>>,
    ) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.changing_indexes);
        let mut choices = self.index_choices()?;
        for (name, change) in changes {
            self.change_index(&mut choices, name, change.as_ref())?;
        }
        durably(|| self.parts.state.put(INDEXES_KEY, &choices))?;
        self.apply_indexes(&choices);
        for (name, change) in changes {
            let enabled = change.as_ref().and_then(|change| change.enabled);
            tracing::info!(index = %name, enabled, "the owner changed an index");
        }
        Ok(())
    }

    fn change_index(
        &self,
        choices: &mut Choices,
        name: &str,
        change: Option<&IndexChange>,
    ) -> Result<(), BadIndex> {
        let index: IndexName = name.parse()?;
        let configured = self.parts.indexes.contains_key(&index);
        let Some(change) = change else {
            let own = choices.remove(&index).is_some_and(|choice| choice.address.is_some());
            return match index {
                IndexName::Added(_) if configured && !own => Err(BadIndex::Configured(index)),
                IndexName::Added(_) if !own => Err(BadIndex::NotThere(index)),
                _ => Ok(()),
            };
        };
        let choice = choices.entry(index).or_default();
        choice.enabled = change.enabled.or(choice.enabled);
        if let Some(address) = &change.address {
            let read = address.as_deref().map(Address::read).transpose();
            choice.address = read.map_err(|error| BadIndex::Address(index, error))?;
        }
        if choice.address.is_none() && !configured {
            return Err(BadIndex::NotThere(index));
        }
        let places = self.index_places(choices);
        let added = places.keys().filter(|name| matches!(name, IndexName::Added(_))).count();
        let new = !self.indexes().places.contains_key(&index);
        if new && added > IndexName::MOST_ADDED { Err(BadIndex::TooMany) } else { Ok(()) }
    }

    fn index_choices(&self) -> Result<Choices, Error> {
        Ok(self.parts.state.get(INDEXES_KEY)?.unwrap_or_default())
    }

    /// What the configuration says, with the owner's word over it.
    fn index_places(&self, choices: &Choices) -> Places {
        let mut places = self.parts.indexes.clone();
        for (name, Choice { address, enabled }) in choices {
            let configured = places.remove(name);
            let enabled = *enabled;
            let place = match (address.clone(), configured) {
                (Some(address), configured) => {
                    let before = configured.is_none_or(|place| place.enabled);
                    IndexPlace { address, enabled: enabled.unwrap_or(before), named: true }
                }
                (None, Some(place)) => {
                    IndexPlace { enabled: enabled.unwrap_or(place.enabled), ..place }
                }
                // It was taken out of the configuration since.
                (None, None) => continue,
            };
            places.insert(*name, place);
        }
        places
    }

    fn apply_indexes(&self, choices: &Choices) {
        let indexes = Indexes::new(self.index_places(choices), &self.parts.client);
        self.desk.use_indexes(indexes);
    }
}
