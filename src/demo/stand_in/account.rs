//! The debrid account behind the stand-in of `StremThru`: which magnets are in it, and how far.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::demo::household::{AtStore, Entry, Household, Release};
use crate::torrent::{InfoHash, Magnet};

/// When everything was added. A fixed time, so that two runs answer alike.
const ADDED_AT: &str = "2026-11-20T12:30:00Z";

/// Why the service refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    BadToken,
    Infringing,
    NoSuchThing,
}

struct Added {
    info_hash: InfoHash,
    /// The name of the magnet, for hashes that nobody here knows.
    name: String,
    /// Answers until a torrent on its way has arrived.
    left: u32,
}

pub(super) struct Account {
    added: BTreeMap<String, Added>,
    count: u32,
    patience: u32,
}

impl Account {
    pub(super) fn new(patience: u32) -> Self {
        Self { added: BTreeMap::new(), count: 0, patience }
    }

    /// `magnets/check`: a hit lists its files, one of them with the gaps of an old row.
    pub(super) fn checked(household: &Household, info_hash: &InfoHash) -> Value {
        let magnet = format!("magnet:?xt=urn:btih:{info_hash}");
        let found = household.by_hash(info_hash);
        let cached = found.filter(|release| {
            matches!(release.recipe.at_store, AtStore::Cached | AtStore::Converting)
        });
        let Some(release) = cached else {
            return json!({
                "hash": info_hash, "magnet": magnet, "status": "unknown", "files": []
            });
        };
        let videos: Vec<(usize, &Entry)> = release.files().filter(|(_, f)| f.is_video()).collect();
        let last = videos.len().saturating_sub(1);
        let old = |place: usize| place == last && place > 0;
        let files: Vec<Value> = videos
            .iter()
            .enumerate()
            .map(|(place, (_, file))| {
                if old(place) {
                    let name = file.base_name();
                    json!({"index": -1, "path": name, "name": name, "size": -1, "source": "dmm"})
                } else {
                    described(videos[place].0, file)
                }
            })
            .collect();
        json!({
            "hash": info_hash,
            "magnet": magnet,
            "name": release.recipe.name,
            "status": "cached",
            "files": files
        })
    }

    pub(super) fn list(&self, household: &Household) -> Value {
        let items: Vec<Value> = self
            .added
            .iter()
            .map(|(id, added)| {
                let mut row = whole(household, id, added);
                if let Some(row) = row.as_object_mut() {
                    row.remove("files");
                }
                row
            })
            .collect();
        json!({"items": items, "total_items": self.added.len()})
    }

    /// Adds a magnet, or finds it where it was added before.
    pub(super) fn add(&mut self, household: &Household, magnet: &Magnet) -> Result<Value, Refusal> {
        let release = household.by_hash(&magnet.info_hash);
        if release.is_some_and(|release| release.recipe.at_store == AtStore::Refused) {
            return Err(Refusal::Infringing);
        }
        let known = self.added.iter().find(|(_, added)| added.info_hash == magnet.info_hash);
        let known = known.map(|(id, _)| id.clone());
        let id = known.unwrap_or_else(|| self.enter(magnet));
        let mut data = self.get(household, &id)?;
        data["magnet"] = json!(magnet.to_string());
        Ok(data)
    }

    fn enter(&mut self, magnet: &Magnet) -> String {
        self.count += 1;
        let id = format!("KPZ3DEMO{:05}", self.count);
        let name = magnet.name.clone().unwrap_or_else(|| magnet.info_hash.to_string());
        let added = Added { info_hash: magnet.info_hash, name, left: self.patience };
        self.added.insert(id.clone(), added);
        id
    }

    /// The magnet; every answer brings one that is on its way nearer.
    pub(super) fn get(&mut self, household: &Household, id: &str) -> Result<Value, Refusal> {
        let added = self.added.get_mut(id).ok_or(Refusal::NoSuchThing)?;
        let answer = whole(household, id, added);
        added.left = added.left.saturating_sub(1);
        Ok(answer)
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<Value, Refusal> {
        self.added.remove(id).map(|_| json!({"id": id})).ok_or(Refusal::NoSuchThing)
    }

    /// The file that a link of ours names, while its magnet is in the account.
    pub(super) fn file(
        &self,
        household: &Household,
        link: &str,
    ) -> Result<&'static Entry, Refusal> {
        let found = || {
            let packed = link.strip_prefix("stremthru://store/realdebrid/")?;
            let text = String::from_utf8(BASE64.decode(packed.as_bytes()).ok()?).ok()?;
            let (id, locked) = text.split_once(':')?;
            let index: usize = locked.rsplit_once('F')?.1.parse().ok()?;
            let release = household.by_hash(&self.added.get(id)?.info_hash)?;
            release.files().nth(index).map(|(_, file)| file)
        };
        found().ok_or(Refusal::NoSuchThing)
    }
}

fn status(release: &Release, left: u32) -> &'static str {
    match (release.recipe.at_store, left) {
        (AtStore::Cached, _) | (AtStore::Converting | AtStore::Downloading, 0) => "downloaded",
        (AtStore::Converting, _) => "invalid",
        (AtStore::Downloading, _) => "downloading",
        (AtStore::Queued | AtStore::Refused, _) => "queued",
    }
}

fn whole(household: &Household, id: &str, added: &Added) -> Value {
    let Some(release) = household.by_hash(&added.info_hash) else {
        return json!({
            "id": id, "hash": added.info_hash, "name": added.name, "size": 0,
            "status": "queued", "files": [], "added_at": ADDED_AT
        });
    };
    let status = status(release, added.left);
    let here = status == "downloaded";
    let files: Vec<Value> = release
        .files()
        .filter(|(_, file)| here && file.is_video())
        .map(|(index, file)| {
            let mut row = described(index, file);
            row["link"] = json!(locked(id, index));
            row
        })
        .collect();
    json!({
        "id": id,
        "hash": release.info_hash,
        "name": release.recipe.name,
        "size": release.size(),
        "status": status,
        "files": files,
        "added_at": ADDED_AT
    })
}

fn described(index: usize, file: &Entry) -> Value {
    json!({
        "index": index,
        "path": format!("/{}", file.path),
        "name": file.base_name(),
        "size": file.size(),
        "source": "rd"
    })
}

/// Opaque to everybody but [`Account::file`].
fn locked(id: &str, index: usize) -> String {
    let inner = format!("{id}:https://real-debrid.com/d/DEMO{id}F{index}");
    format!("stremthru://store/realdebrid/{}", BASE64.encode(inner.as_bytes()))
}
