//! Search, catalogues, what is told of a title.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tokio::time::timeout;

use super::library::begun;
use super::{frame, page, trouble, watching};
use crate::http::api::{self, episode_id, list_of, poster_path, title_id, title_of};
use crate::http::visitor::Visitor;
use crate::media::StremioId;
use crate::title::{Details, Found, Kind, List, Told};
use crate::web::{self, About, Season, Shelf, TitleCard, plain};

/// The longest title that is searched for, in characters.
const LONGEST_QUERY: usize = 200;
/// How long the first page waits for a catalogue: people come to it to search.
const SHELF_PATIENCE: Duration = Duration::from_millis(1_500);
/// How long somebody who typed an id waits until it is known what it is.
const ID_PATIENCE: Duration = Duration::from_secs(1);
/// How many titles of each catalogue stand on the first page.
const ON_SHELF: usize = 12;

/// The words by which Cinemeta and Kitsu sort.
const GENRES: [&str; 19] = [
    "Action",
    "Adventure",
    "Animation",
    "Biography",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "History",
    "Horror",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Sport",
    "Thriller",
    "War",
    "Western",
];
const ANIME_GENRES: [&str; 14] = [
    "Action",
    "Adventure",
    "Comedy",
    "Drama",
    "Fantasy",
    "Historical",
    "Horror",
    "Magic",
    "Mystery",
    "Psychological",
    "Romance",
    "Sci-Fi",
    "Slice of Life",
    "Sports",
];

/// The genres of a catalogue.
pub(in crate::http) fn genres(kind: Kind) -> &'static [&'static str] {
    if kind == Kind::Anime { &ANIME_GENRES } else { &GENRES }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    q: Option<String>,
}

/// `GET /?q=`: an id leads straight to its candidates, that of a series to its episodes.
pub(super) async fn home(visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(door) = watching(&visitor, "/") {
        return door;
    }
    let asked: String = asked.q.unwrap_or_default().trim().chars().take(LONGEST_QUERY).collect();
    if let Ok(id) = asked.parse::<StremioId>() {
        let page = if is_series(&visitor, &id).await { "series" } else { "watch" };
        return Redirect::to(&format!("/{page}/{id}")).into_response();
    }
    let searched = !asked.is_empty();
    let (titles, shelves) = if searched {
        (visitor.rooms.playback.search(&asked).await, Vec::new())
    } else {
        (Ok(Told { value: Vec::new(), age: None }), shelves(&visitor).await)
    };
    let frame = frame(&visitor);
    match titles {
        Ok(told) => page(&web::Home {
            frame,
            asked,
            searched,
            older: told.age.map(ago),
            titles: told.value.iter().map(card).collect(),
            begun: if searched { Vec::new() } else { begun(&visitor) },
            shelves,
            to_do: to_do(&visitor),
            ill: ill(&visitor),
        }),
        Err(error) => trouble(&visitor, error, "/"),
    }
}

/// Whether an id without an episode is known to be that of a series: its candidates would be of no
/// episode.
async fn is_series(visitor: &Visitor, id: &StremioId) -> bool {
    if id.episode().is_some() {
        return false;
    }
    let told = timeout(ID_PATIENCE, visitor.rooms.playback.details(id)).await;
    let Ok(Ok(told)) = told else { return false };
    // An anime film may be told of as one episode.
    told.value.kind == Kind::Series || told.value.episodes.len() > 1
}

fn to_do(visitor: &Visitor) -> Option<String> {
    let settings = visitor.rooms.playback.settings();
    let nothing = !settings.debrid.set && !settings.swarm.enabled;
    nothing.then(|| "Nothing can play yet: set a debrid token, or allow peer-to-peer.".to_owned())
}

/// Why indexes are not asked now.
fn ill(visitor: &Visitor) -> Vec<String> {
    let standing = visitor.rooms.playback.index_standing().into_iter();
    let shut = standing.filter(|one| one.until.is_some());
    shut.filter_map(|one| Some(web::sentence(&one.message?))).collect()
}

fn ago(age: Duration) -> String {
    format!("{} ago", web::age(age.as_secs()))
}

/// What is popular, as far as it is known at once.
async fn shelves(visitor: &Visitor) -> Vec<Shelf> {
    let shelf = async |kind: Kind| {
        let list = List { kind, genre: None, skip: 0 };
        let told = timeout(SHELF_PATIENCE, visitor.rooms.playback.popular(&list)).await;
        let told = told.ok()?.ok().filter(|told| !told.value.is_empty())?;
        Some(Shelf {
            name: heading(kind).to_owned(),
            link: format!("/catalogue/{}", kind.as_str()),
            older: told.age.map(ago),
            titles: told.value.iter().take(ON_SHELF).map(card).collect(),
        })
    };
    let (films, series, anime) =
        tokio::join!(shelf(Kind::Movie), shelf(Kind::Series), shelf(Kind::Anime));
    [films, series, anime].into_iter().flatten().collect()
}

const fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Movie => "Popular films",
        Kind::Series => "Popular series",
        Kind::Anime => "Popular anime",
    }
}

fn card(found: &Found) -> TitleCard {
    let kind = match (found.kind, found.film) {
        (Kind::Anime, true) => "anime film",
        (Kind::Anime, false) => "anime",
        (_, true) => "film",
        (_, false) => "series",
    };
    let year = found.year.map(|year| format!(" {year}")).unwrap_or_default();
    let page = if found.film { "watch" } else { "series" };
    TitleCard {
        link: format!("/{page}/{}", title_id(&found.id)),
        name: plain(&found.name),
        detail: format!("{kind}{year}"),
        poster: poster_path(&found.id, found.poster.as_deref()),
    }
}

/// `GET /catalogue/{kind}?genre=&skip=`.
pub(super) async fn catalogue(
    visitor: Visitor,
    Path(kind): Path<String>,
    part: Result<Query<api::Part>, QueryRejection>,
) -> Response {
    if let Err(door) = watching(&visitor, &format!("/catalogue/{kind}")) {
        return door;
    }
    let list = part.map_err(Into::into).and_then(|Query(part)| list_of(&kind, part));
    let list = match list {
        Ok(list) => list,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let told = match visitor.rooms.playback.popular(&list).await {
        Ok(told) => told,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let here = format!("/catalogue/{}", list.kind.as_str());
    let genres = genres(list.kind);
    let of_genre = |genre: &&str| {
        let chosen = list.genre.as_deref() == Some(*genre);
        ((*genre).to_owned(), format!("{here}?genre={}", genre.replace(' ', "%20")), chosen)
    };
    let next = api::next_skip(&list, told.value.len()).map(|skip| {
        let genre = list.genre.as_deref().unwrap_or_default();
        let genre =
            percent_encoding::utf8_percent_encode(genre, percent_encoding::NON_ALPHANUMERIC);
        format!("{here}?genre={genre}&skip={skip}")
    });
    page(&web::Catalogue {
        frame: frame(&visitor),
        name: heading(list.kind).to_owned(),
        genres: genres.iter().map(of_genre).collect(),
        older: told.age.map(ago),
        titles: told.value.iter().map(card).collect(),
        next,
    })
}

/// `GET /series/{id}`: what is told of it, and its episodes.
pub(super) async fn series(visitor: Visitor, Path(id): Path<String>) -> Response {
    if let Err(door) = watching(&visitor, &format!("/series/{id}")) {
        return door;
    }
    let id = match title_of(&id) {
        Ok(id) => id,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    match visitor.rooms.playback.details(&id).await {
        Ok(told) => page(&web::Series {
            frame: frame(&visitor),
            about: in_words(&told),
            seasons: seasons(&told.value),
        }),
        Err(error) => trouble(&visitor, error, "/"),
    }
}

/// What is told of the title of an id, for the page of its candidates, if it is told within `patience`.
pub(super) async fn about(visitor: &Visitor, id: &StremioId, patience: Duration) -> Option<About> {
    let told = timeout(patience, visitor.rooms.playback.details(id)).await;
    let told = told.ok()?.ok()?;
    let mut about = in_words(&told);
    let episode = told.value.episodes.iter().find(|row| episode_id(&told.value, row) == *id);
    if let Some(row) = episode {
        about.plot = row.plot.as_deref().map(plain).or(about.plot);
        about.episode = Some(plain(&row.name)).filter(|name| !name.is_empty());
    }
    Some(about)
}

fn in_words(told: &Told<Details>) -> About {
    let details = &told.value;
    let year = details.year.map(|year| year.to_string());
    let runtime = details.runtime_min.map(|minutes| format!("{minutes} min"));
    let rating = details.rating.map(|rating| format!("{rating} of 10"));
    let genres = Some(details.genres.join(", ")).filter(|genres| !genres.is_empty());
    let cast = details.cast.iter().take(6).map(|name| plain(name)).collect::<Vec<_>>().join(", ");
    let link = |id: &String| format!("https://www.youtube.com/watch?v={id}");
    About {
        name: plain(&details.name),
        facts: [year, runtime, rating, genres]
            .into_iter()
            .flatten()
            .map(|fact| plain(&fact))
            .collect(),
        episode: None,
        plot: details.plot.as_deref().map(plain),
        cast: Some(cast).filter(|cast| !cast.is_empty()),
        poster: poster_path(&details.id, details.poster.as_deref()),
        trailers: details.trailers.iter().take(3).map(link).collect(),
        older: told.age.map(ago),
    }
}

fn seasons(details: &Details) -> Vec<Season> {
    let anime = details.kind == Kind::Anime;
    let mut seasons: Vec<Season> = Vec::new();
    for row in &details.episodes {
        let name = match row.episode.season {
            0 => "Specials".to_owned(),
            _ if anime => "Episodes".to_owned(),
            season => format!("Season {season}"),
        };
        let card = TitleCard {
            link: format!("/watch/{}", episode_id(details, row)),
            name: format!("{}. {}", row.episode.number, plain(&row.name)),
            detail: row.air_date.clone().unwrap_or_default(),
            poster: None,
        };
        match seasons.last_mut().filter(|season| season.name == name) {
            Some(season) => season.episodes.push(card),
            None => seasons.push(Season { name, episodes: vec![card] }),
        }
    }
    seasons
}
