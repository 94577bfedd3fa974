//! Films that nobody has chosen a release of: a set presses play on a title, and gets bytes.
//!
//! Their media id is `ask:` and what is asked for. The first request chooses: from what was prepared
//! or found before, else by a search. Headers come after 7.5 s at the latest, before the least patient
//! player that was heard of gives up. From then on the id stands for these bytes, so that no length
//! changes under a player. What cannot play in time is told by a clip, which stands for as long as a
//! player may still be reading it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use crate::clip::Clip;
use crate::media::StremioId;
use crate::playback::by_hash::{ASKED, ByHash};
use crate::playback::{Error, Playback, lock};
use crate::representation::Representation;
use crate::select::Profile;

/// How long a choice is waited for: of players that say so, `ExoPlayer` gives up first, after 8 s
/// without headers.
const PATIENCE: Duration = Duration::from_millis(6500);
/// How much longer for what was chosen to open; after that its headers are sent, and its bytes when
/// they come.
const OPENING: Duration = Duration::from_secs(1);
/// After how much of that the best of what was found so far will do.
const SOON: Duration = Duration::from_secs(4);
/// How long a choice holds when nobody reads it: an evening.
const HOLDS: Duration = Duration::from_secs(12 * 3600);
/// How long a clip is the answer: a player reads it in a second, and comes back for its end.
const STANDS: Duration = Duration::from_secs(6);
/// How many films are chosen at once; a household presses play on one.
const AT_ONCE: usize = 2;
/// How many films are chosen in a minute, so that a program that opens every file that it sees does
/// not spend the owner's account.
const A_MINUTE: usize = 8;
const MINUTE: Duration = Duration::from_secs(60);
/// Most clips that are remembered.
const MOST: usize = 64;

/// A title, and the set that asks for it, where it is known what that plays.
pub(in crate::playback) type Wish = (StremioId, Option<&'static Profile>);

type Outcome = Option<Result<String, String>>;
/// By the title, and by the name of the set's profile.
type Choosing = HashMap<(StremioId, Option<&'static str>), watch::Receiver<Outcome>>;

/// What is being chosen, and what could not be.
pub(in crate::playback) struct Asked {
    choosing: Mutex<Choosing>,
    clips: Mutex<HashMap<StremioId, (Instant, Arc<Clip>)>>,
    begun: Mutex<Vec<Instant>>,
    places: Arc<Semaphore>,
}

impl Default for Asked {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self {
            choosing: Mutex::default(),
            clips: Mutex::default(),
            begun: Mutex::default(),
            places,
        }
    }
}

/// The media id of a film that is asked for by its title.
pub(super) fn media_id(id: &StremioId) -> String {
    format!("{ASKED}{id}")
}

/// What such a media id asks for.
pub(in crate::playback) fn asked(media_id: &str) -> Option<StremioId> {
    media_id.strip_prefix(ASKED)?.parse().ok()
}

/// Waits for the outcome of a choice; `None` where it was broken off.
async fn known(outcome: &mut watch::Receiver<Outcome>) -> Outcome {
    loop {
        let now = outcome.borrow_and_update().clone();
        if now.is_some() || outcome.changed().await.is_err() {
            return now;
        }
    }
}

fn link(id: &StremioId) -> String {
    format!("asked/{id}")
}

/// The name of a choice for one kind of set, which others need not share.
fn link_for((id, set): &Wish) -> String {
    set.map_or_else(|| link(id), |set| format!("{}/{}", link(id), set.name))
}

impl Playback {
    /// The media id of the bytes themselves: of a film that was asked for by its title, what was
    /// chosen for it, for `set` if it is known what that plays; else the same.
    #[must_use]
    pub fn chosen(&self, media_id: &str, set: Option<&'static Profile>) -> Option<String> {
        if let Some(by_hash) = ByHash::read(media_id) {
            return self.opened_before(by_hash);
        }
        match asked(media_id) {
            Some(id) => self.chosen_by(&(id, set)).or_else(|| {
                // What others of the household play, where this set plays it too.
                let theirs = self.chosen_for(&id)?;
                let suits = |set: &Profile| self.suits(&theirs, &set.plays).unwrap_or(false);
                set.is_none_or(suits).then_some(theirs)
            }),
            None => Some(media_id.to_owned()),
        }
    }

    /// Whether a request for its bytes would have to choose them first.
    #[must_use]
    pub fn is_to_be_chosen(&self, media_id: &str, set: Option<&'static Profile>) -> bool {
        asked(media_id).is_some_and(|id| {
            self.chosen(media_id, set).is_none() && self.standing_clip(&id).is_none()
        })
    }

    /// What was chosen for this very wish.
    pub(super) fn chosen_by(&self, wish: &Wish) -> Option<String> {
        self.chosen_as(&link_for(wish))
    }

    /// What was chosen for a title, if that holds: of late, or somebody still has it open.
    pub(super) fn chosen_for(&self, id: &StremioId) -> Option<String> {
        self.chosen_as(&link(id))
    }

    fn chosen_as(&self, link: &str) -> Option<String> {
        let (media_id, age) = self.parts.cache.link(link)?;
        let holds = age < HOLDS || lock(&self.sessions).contains_key(&media_id);
        Some(media_id).filter(|media_id| holds && self.known(media_id).is_ok())
    }

    /// The bytes of a film that is asked for by its title, or the clip that says why there are none.
    pub(in crate::playback) async fn representation_asked(
        self: &Arc<Self>,
        wish: &Wish,
    ) -> Result<Arc<dyn Representation>, Error> {
        let id = &wish.0;
        let until = Instant::now() + PATIENCE;
        if let Some(clip) = self.standing_clip(id) {
            return Ok(clip);
        }
        if let Some(media_id) = self.chosen_by(wish) {
            match self.representation_of(&media_id).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => tracing::info!(%id, %error, "what was chosen does not open; again"),
            }
        }
        let Some(mut outcome) = self.choosing(wish) else {
            return Ok(self.clip_about(id, TOO_MANY));
        };
        // Broken off, or too late for this request: nothing is known.
        let chosen = timeout_at(until, known(&mut outcome)).await.unwrap_or_default();
        let why = match chosen {
            Some(Ok(media_id)) => {
                let left = (until + OPENING).saturating_duration_since(Instant::now());
                match self.representation_within(&media_id, left).await {
                    Ok(bytes) => return Ok(bytes),
                    Err(error) => error.to_string(),
                }
            }
            Some(Err(why)) => why,
            None => STILL_LOOKING.to_owned(),
        };
        tracing::info!(%id, why, "a set is shown why nothing plays");
        Ok(self.clip_about(id, &why))
    }

    /// The choice that is under way, or a new one. Who asks may go; it goes on, for who presses play
    /// again. `None`: too many were begun within a minute.
    fn choosing(self: &Arc<Self>, wish: &Wish) -> Option<watch::Receiver<Outcome>> {
        let (wish, key) = (*wish, (wish.0, wish.1.map(|set| set.name.as_str())));
        let mut choosing = lock(&self.asked.choosing);
        if let Some(under_way) = choosing.get(&key) {
            return Some(under_way.clone());
        }
        let mut begun = lock(&self.asked.begun);
        begun.retain(|at| at.elapsed() < MINUTE);
        if begun.len() >= A_MINUTE {
            return None;
        }
        begun.push(Instant::now());
        drop(begun);
        let (told, outcome) = watch::channel(None);
        choosing.insert(key, outcome.clone());
        let (playback, places, id) = (Arc::clone(self), Arc::clone(&self.asked.places), wish.0);
        let ending = self.desk.ending.clone();
        self.parts.tasks.spawn(async move {
            let chosen = async {
                let _place = places.acquire().await;
                playback.play_soon(&id, SOON, wish.1.map(|set| &set.plays)).await
            };
            let outcome = match ending.run_until_cancelled(chosen).await {
                Some(Ok(play)) => {
                    playback.parts.cache.put_link(&link_for(&wish), &play.media_id);
                    // Who asks next, and is not known, gets what lies at hand.
                    if playback.chosen_for(&id).is_none() {
                        playback.parts.cache.put_link(&link(&id), &play.media_id);
                    }
                    Some(Ok(play.media_id))
                }
                Some(Err(error)) => Some(Err(playback.in_words(&error))),
                None => None,
            };
            lock(&playback.asked.choosing).remove(&key);
            let _ = told.send(outcome);
        });
        Some(outcome)
    }

    fn standing_clip(&self, id: &StremioId) -> Option<Arc<Clip>> {
        let mut clips = lock(&self.asked.clips);
        clips.retain(|_, (since, _)| since.elapsed() < STANDS);
        clips.get(id).map(|(_, clip)| Arc::clone(clip))
    }

    fn clip_about(&self, id: &StremioId, why: &str) -> Arc<Clip> {
        let heading = self.parts.cache.title(id).map(|(title, _)| title.name);
        let clip = self.clips.of(heading.as_deref().unwrap_or("Credenza"), why);
        let mut clips = lock(&self.asked.clips);
        if clips.len() < MOST {
            // Two who asked at once get the same.
            let (_, standing) = clips.entry(*id).or_insert((Instant::now(), clip));
            return Arc::clone(standing);
        }
        clip
    }

    /// Why nothing plays, for people who sit before a television.
    fn in_words(&self, error: &Error) -> String {
        let setup = self.set_up_at();
        match error {
            Error::NoWay { .. } => format!(
                "Nothing can play yet: there is no debrid token, and peer-to-peer is not allowed. \
                 Open {setup} on a phone or computer to change that."
            ),
            Error::NothingFound { .. } => {
                "No index lists this title now. Look again later, or try another one.".to_owned()
            }
            Error::NoIndex { why } => format!(
                "None of the indexes answers ({why}). Check the network, then press play again."
            ),
            Error::NoneLeft { tried, why, .. } => format!(
                "None of the {tried} releases found can be played; the best of them: {why}. \
                 Choose another on a phone: {setup}."
            ),
            Error::Debrid(why) => format!("{why}. Settings: {setup}."),
            other => other.to_string(),
        }
    }

    /// Where people change settings.
    pub(in crate::playback) fn set_up_at(&self) -> String {
        let at = self.front_door.get().map(|front_door| front_door());
        let at = at.unwrap_or_else(|| "http://credenza.local/".to_owned());
        format!("{}/setup", at.trim_end_matches('/'))
    }

    /// Says where people find this server, for what is told on a television; once.
    pub fn tell_front_door(&self, address: impl Fn() -> String + Send + Sync + 'static) {
        let _ = self.front_door.set(Box::new(address));
    }
}

const STILL_LOOKING: &str =
    "Still looking for the best release. Stop this, and press play again in a few seconds.";
const TOO_MANY: &str =
    "Too many titles were opened within a minute. Wait a moment, then press play again.";
