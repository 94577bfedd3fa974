//! Pictures of titles, through the box.
//!
//! A viewer's device asks nobody but the box for a picture: no stranger learns who looks at what, and
//! a television that knows no modern certificate shows it all the same. The box fetches only pictures
//! that a catalogue named for a title, never an address out of a request; each is checked to be a
//! picture of at most 1 MiB, and the last few MiB of them are kept in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use url::Url;

use super::thumbnail::small;
use super::{Details, Titles};
use crate::fetch::{self, Request};
use crate::media::StremioId;

/// Where Cinemeta's answers say that their pictures are; `title.images_url` takes its place.
const METAHUB: &str = "https://images.metahub.space";
/// Longest wait for one picture, largest one, and most bytes of all that are kept.
const LIMIT: Duration = Duration::from_secs(8);
const MOST_BYTES: usize = 1 << 20;
const MOST_KEPT: usize = 6 << 20;
/// How many are fetched at once.
const AT_ONCE: usize = 6;

/// Which picture of a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Picture {
    Poster,
    Background,
    /// Of the episode that the id names.
    Thumbnail,
}

/// A picture.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its type, by its first bytes.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Bytes,
}

/// What is kept of pictures. Cheap to clone.
#[derive(Clone)]
pub(super) struct Store {
    metahub: Option<Url>,
    kept: Arc<Mutex<VecDeque<(String, Image)>>>,
    turns: Arc<Semaphore>,
    /// One picture at a time is made small.
    press: Arc<Semaphore>,
}

impl Default for Store {
    fn default() -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { metahub: None, kept: Arc::default(), turns, press: Arc::new(Semaphore::new(1)) }
    }
}

impl Store {
    pub(super) fn at(metahub: Url) -> Self {
        Self { metahub: Some(metahub), ..Self::default() }
    }

    fn get(&self, key: &str) -> Option<Image> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known == key)?;
        let entry = kept.remove(place)?;
        let image = entry.1.clone();
        kept.push_back(entry);
        Some(image)
    }

    fn put(&self, key: String, image: Image) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        kept.push_back((key, image));
        let mut bytes: usize = kept.iter().map(|(_, image)| image.bytes.len()).sum();
        while bytes > MOST_KEPT {
            let Some((_, oldest)) = kept.pop_front() else { return };
            bytes -= oldest.bytes.len();
        }
    }
}

impl Titles {
    /// A picture of a title; `None` where there is none, or nobody gives it now.
    pub async fn image(&self, which: Picture, id: &StremioId) -> Option<Image> {
        let key = format!("{which:?}/{id}");
        if let Some(image) = self.images.get(&key) {
            return Some(image);
        }
        let _turn = self.images.turns.acquire().await.ok()?;
        for url in self.addresses(which, id) {
            if let Some(image) = self.fetched(url).await {
                self.images.put(key, image.clone());
                return Some(image);
            }
        }
        None
    }

    /// The same as a JPEG of at most 160 pixels a side; `None` also where it cannot be made so.
    pub async fn thumbnail(&self, which: Picture, id: &StremioId) -> Option<Image> {
        let key = format!("small/{which:?}/{id}");
        if let Some(image) = self.images.get(&key) {
            return Some(image);
        }
        let whole = self.image(which, id).await?;
        // The turn goes with the work: who asked may be gone before it is done.
        let turn = Arc::clone(&self.images.press).acquire_owned().await.ok()?;
        if let Some(image) = self.images.get(&key) {
            return Some(image);
        }
        let work = move || {
            let made = small(&whole.bytes);
            drop(turn);
            made
        };
        let bytes = Bytes::from(tokio::task::spawn_blocking(work).await.ok()??);
        let image = Image { media_type: "image/jpeg", bytes };
        self.images.put(key, image.clone());
        Some(image)
    }

    /// Keeps where the poster of a title is, where that cannot be told from its id.
    pub(super) fn remember_picture(&self, id: &StremioId, poster: Option<&str>) {
        if let Some(poster) = poster.filter(|url| !url.starts_with(METAHUB)) {
            self.put_link(&format!("poster/{id}"), poster);
        }
    }

    /// Where it may be, the likeliest first.
    fn addresses(&self, which: Picture, id: &StremioId) -> Vec<Url> {
        let title = title_of(id);
        let kept = self.cache.as_ref().and_then(|cache| {
            cache.answer::<Details>(&format!("title/{title}")).map(|(details, _)| details)
        });
        let told = match which {
            Picture::Poster => kept
                .as_ref()
                .and_then(|details| details.poster.clone())
                .or_else(|| self.link(&format!("poster/{title}")).map(|link| link.to)),
            Picture::Background => kept.as_ref().and_then(|details| details.background.clone()),
            Picture::Thumbnail => {
                let place = match id {
                    StremioId::Imdb { episode, .. } => *episode,
                    StremioId::Anime { episode, .. } => {
                        episode.map(|number| crate::media::Episode { season: 1, number })
                    }
                    _ => None,
                };
                let row = kept.as_ref().zip(place).and_then(|(kept, place)| kept.episode(place));
                row.and_then(|row| row.thumbnail.clone())
            }
        };
        let told = told.and_then(|url| self.placed(&url));
        let by_id = match (title, which, &self.images.metahub) {
            (StremioId::Imdb { id, .. }, Picture::Poster | Picture::Background, Some(base)) => {
                let (kind, size) = match which {
                    Picture::Poster => ("poster", "small"),
                    _ => ("background", "medium"),
                };
                Some(fetch::at(base, &[kind, size, &id.to_string(), "img"], &[]))
            }
            _ => None,
        };
        let mut urls: Vec<Url> = told.into_iter().collect();
        urls.extend(by_id.filter(|url| !urls.contains(url)));
        urls
    }

    /// The address of a picture, with the owner's place for those of Metahub.
    fn placed(&self, url: &str) -> Option<Url> {
        match (url.strip_prefix(METAHUB), &self.images.metahub) {
            (Some(rest), Some(base)) if rest.starts_with('/') => {
                let parts: Vec<&str> = rest.split('/').skip(1).collect();
                Some(fetch::at(base, &parts, &[]))
            }
            _ => url.parse().ok(),
        }
    }

    async fn fetched(&self, url: Url) -> Option<Image> {
        let answer = self.client.send(Request::get(url).within(LIMIT)).await;
        let answer = match answer {
            Ok(answer) if answer.status == 200 && answer.body.len() <= MOST_BYTES => answer,
            Ok(_) => return None,
            Err(error) => {
                tracing::debug!(%error, "a picture is missing");
                return None;
            }
        };
        let media_type = media_type(&answer.body)?;
        Some(Image { media_type, bytes: answer.body })
    }
}

/// The same without an episode.
fn title_of(id: &StremioId) -> StremioId {
    match *id {
        StremioId::Imdb { id, .. } => StremioId::Imdb { id, episode: None },
        StremioId::Anime { base, id, .. } => StremioId::Anime { base, id, episode: None },
        other => other,
    }
}

/// By the first bytes: what a browser draws and cannot run. An SVG is a program.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_as_a_picture_is_one() {
        for (bytes, wanted) in [
            (&b"\xFF\xD8\xFF\xE0"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n", Some("image/png")),
            (b"RIFF1234WEBPVP8", Some("image/webp")),
            (b"GIF89a", Some("image/gif")),
            (b"<svg xmlns=", None),
            (b"<!doctype html>", None),
            (b"", None),
        ] {
            assert_eq!(media_type(bytes), wanted);
        }
    }

    #[test]
    fn the_oldest_pictures_go_when_the_room_is_full() {
        let store = Store::default();
        let image = || Image { media_type: "image/jpeg", bytes: Bytes::from(vec![0; MOST_BYTES]) };
        for number in 0..10 {
            store.put(number.to_string(), image());
            assert!(store.get("0").is_some(), "looked at all the time");
        }
        assert!(store.get("1").is_none() && store.get("9").is_some());
        let bytes: usize = store.kept.lock().unwrap().iter().map(|(_, one)| one.bytes.len()).sum();
        assert!(bytes <= MOST_KEPT, "{bytes}");
    }
}
