//! A debrid store that has torrents of one file each, and the file servers that its links lead to.

use serde_json::{Value, json};

use super::seeder::Torrent;
use super::upstream::{Reply, Upstream};
use super::warehouse::Warehouse;
use super::world::World;

/// The store.
pub struct Shop {
    pub store: Upstream,
    /// One a torrent, in the same order.
    pub warehouses: Vec<Warehouse>,
    token: tempfile::TempDir,
}

impl Shop {
    /// A store that has these torrents and gives them out in this order, each link `rate` bytes a
    /// second.
    pub fn of(torrents: &[&Torrent], rate: usize) -> Self {
        let start = |torrent: &&Torrent| Warehouse::start(torrent.files[0].1.clone(), rate);
        let warehouses: Vec<Warehouse> = torrents.iter().map(start).collect();
        let (store, token) = (Upstream::start(), tempfile::tempdir().unwrap());
        std::fs::write(token.path().join("token"), "a-token-of-this-test").unwrap();
        let rows: Vec<Value> = torrents.iter().map(|one| row(one, "cached")).collect();
        let cached = json!({"data": {"items": rows}});
        store.on("/v0/store/magnets/check", Reply::json(cached.to_string()));
        let added = torrents.iter().map(|one| json!({"data": row(one, "downloaded")}));
        let added = added.map(|row| Reply::json(row.to_string()).with_status(201));
        store.script("/v0/store/magnets", added);
        let link = |one: &Warehouse| json!({"data": {"link": one.url("/d/film")}});
        let links = warehouses.iter().map(|one| Reply::json(link(one).to_string()));
        store.script("/v0/store/link/generate", links);
        Self { store, warehouses, token }
    }

    /// From now on it gives out this torrent alone, which is the one of this place.
    pub fn gives(&self, torrent: &Torrent, place: usize) {
        let added = json!({"data": row(torrent, "downloaded")});
        self.store.on("/v0/store/magnets", Reply::json(added.to_string()).with_status(201));
        let link = json!({"data": {"link": self.warehouses[place].url("/d/film")}});
        self.store.on("/v0/store/link/generate", Reply::json(link.to_string()));
    }

    /// The configuration that leads the program to the store, put after the world's.
    pub fn configuration(&self, world: &World, more: &str) -> String {
        let account = format!(
            "[stremthru]\nurl = \"{}\"\n[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n",
            self.store.url("/"),
            self.token.path().join("token").display()
        );
        let mut addresses = vec![self.store.addr()];
        addresses.extend(self.warehouses.iter().map(Warehouse::addr));
        let allowed: Vec<String> = addresses.iter().map(|one| format!("\"{one}\", ")).collect();
        let allowed = allowed.concat();
        let whole = world.configuration(&(account + more));
        whole.replace("allow_private = [", &format!("allow_private = [{allowed}"))
    }
}

fn row(torrent: &Torrent, status: &str) -> Value {
    let (name, bytes) = &torrent.files[0];
    let file = json!({"index": 0, "name": name, "path": format!("/{name}"), "size": bytes.len(),
        "link": "stremthru://store/realdebrid/opaque"});
    json!({"id": "K1", "hash": torrent.info_hash, "name": torrent.name, "size": bytes.len(),
        "status": status, "files": [file]})
}
