//! What titles are called, which id is which, what is told of them and what is popular: by the
//! upstreams' recorded answers, by the map that is built in, and through the real program, also when
//! nobody answers.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::media::{Query, StremioId, Title};
use credenza::title::Titles;

use crate::support::upstream::Upstream;

mod ids;
mod map;
mod program;
mod told;

fn client(upstreams: &[&Upstream]) -> Client {
    let allow_private = upstreams.iter().map(|upstream| upstream.addr()).collect();
    Client::new(AddressPolicy { allow_private }, Roots::Bundled).unwrap()
}

fn titles(cinemeta: &Upstream, kitsu: &Upstream) -> Titles {
    Titles::new(client(&[cinemeta, kitsu]), cinemeta.url("/"), kitsu.url("/"))
}

/// Places at which nobody answers.
fn nobody() -> Titles {
    let gone = Upstream::start();
    titles(&gone, &gone)
}

async fn look_up(titles: &Titles, id: &str) -> Option<Title> {
    titles.look_up(&id.parse().unwrap()).await.unwrap()
}

/// All that a query asks in other ids: IMDb, Kitsu, AniDB, and the numbers without a season.
fn meanings(id: &str, title: Title) -> (String, String, String, Vec<u32>) {
    let query = Query { id: id.parse().unwrap(), title: Some(title) };
    let text = |id: Option<StremioId>| id.map(|id| id.to_string()).unwrap_or_default();
    (text(query.imdb()), text(query.kitsu()), text(query.anidb()), query.numbers())
}
