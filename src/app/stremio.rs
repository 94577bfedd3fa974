//! What is Stremio's in the house: the add-on's keys, and the switch of the server for its apps.

use std::sync::Arc;

use super::Error;
use crate::access::{AddonKeys, Ledger, Switch};
use crate::config::{Config, Consent};
use crate::http::rooms::StremioDoor;

/// The switch's name in the ledger.
const SERVER: &str = "stremio-server";

/// Reads the keys, and the switch, which the configuration may fix.
pub(super) fn door(config: &Config, ledger: &Arc<dyn Ledger>) -> Result<StremioDoor, Error> {
    let fixed = match config.stremio.server {
        Consent::Ask => None,
        Consent::Given => Some(true),
        Consent::Denied => Some(false),
    };
    Ok(StremioDoor {
        keys: Arc::new(AddonKeys::open(Arc::clone(ledger))?),
        server: Switch::open(Arc::clone(ledger), SERVER, fixed)?,
        server_listen: config.stremio.server_listen,
        origins: config.stremio.origins.clone(),
    })
}

/// The Host names that the configuration says are ours.
pub(super) fn names(config: &Config) -> Vec<String> {
    let public = config.public_url.as_ref().and_then(|url| url.host_str());
    config.names.iter().cloned().chain(public.map(str::to_owned)).collect()
}
