//! Stremio on the set-up page: keys of the add-on, one a device, and the streaming server's switch.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use serde::Deserialize;

use super::{frame, of_owner, page, set_up, trouble};
use crate::http::stremio::Base;
use crate::http::visitor::Visitor;
use crate::web;

type Filled<T> = Result<Form<T>, FormRejection>;

/// What the set-up page shows of it.
pub(super) fn view(visitor: &Visitor) -> web::Stremio {
    let rooms = &visitor.rooms;
    let keys = rooms.stremio.keys.list().into_iter();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let age = |at: u64| web::age(now.saturating_sub(at));
    let row = |key: crate::access::AddonKey| web::StremioKey {
        id: key.id,
        name: key.name,
        used: key.used.map(age),
    };
    web::Stremio {
        keys: keys.map(row).collect(),
        secure: rooms.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
        server_on: rooms.stremio.server.is_on(),
        server_fixed: rooms.stremio.server.is_fixed(),
        server_port: rooms.stremio.server_listen.port(),
        server_addresses: server_addresses(visitor),
    }
}

/// Where an app of the household asks the streaming server.
fn server_addresses(visitor: &Visitor) -> Vec<String> {
    let listen = visitor.rooms.stremio.server_listen;
    if !listen.ip().is_unspecified() {
        return vec![format!("http://{listen}")];
    }
    let links = visitor.rooms.links.of_household();
    let v4 = links.iter().map(crate::lan::Link::address).filter(std::net::IpAddr::is_ipv4);
    v4.map(|address| format!("http://{address}:{}", listen.port())).collect()
}

#[derive(Deserialize)]
pub(super) struct Device {
    name: String,
}

/// `POST /setup/stremio`: a key for a device; its addresses are shown this once.
pub(super) async fn make(visitor: Visitor, form: Filled<Device>) -> Response {
    let form = match of_owner(&visitor, form) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    // It waits for the disk.
    match tokio::task::block_in_place(|| visitor.rooms.stremio.keys.make(&form.name)) {
        Ok((row, key)) => {
            let base = Base::of(&visitor.rooms, &visitor.headers, key.expose());
            let port = visitor.host().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            let here = format!("127.0.0.1:{}", port.unwrap_or(80_u16));
            page(&web::Installed {
                frame: frame(&visitor),
                device: row.name,
                secure: base.is_secure(),
                link: base.install_link(),
                manifest: base.manifest(),
                on_this_machine: Base::at(None, &here, key.expose()).manifest(),
            })
        }
        Err(error) => trouble(&visitor, error, "/setup#stremio"),
    }
}

#[derive(Deserialize)]
pub(super) struct Revoked {
    id: String,
}

/// `POST /setup/stremio/revoke`.
pub(super) async fn revoke(visitor: Visitor, form: Filled<Revoked>) -> Response {
    match of_owner(&visitor, form) {
        Ok(form) => {
            let revoke = || visitor.rooms.stremio.keys.revoke(&form.id).map(drop);
            set_up(&visitor, tokio::task::block_in_place(revoke), "stremio-revoked#stremio")
        }
        Err(answer) => answer,
    }
}

#[derive(Deserialize)]
pub(super) struct Turned {
    on: bool,
}

/// `POST /setup/stremio/server`.
pub(super) async fn server(visitor: Visitor, form: Filled<Turned>) -> Response {
    match of_owner(&visitor, form) {
        Ok(form) => {
            let turn = || visitor.rooms.stremio.server.turn(form.on);
            set_up(&visitor, tokio::task::block_in_place(turn), "stremio-server#stremio")
        }
        Err(answer) => answer,
    }
}
