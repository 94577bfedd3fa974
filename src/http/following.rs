//! How far a television is that was told to play: noted as of any other player, so that the film goes
//! on from there on the next screen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::error::ApiError;
use super::rooms::Rooms;
use super::subtitle;
use crate::lan::renderer::{Film, Standing, State, Track};
use crate::playback::{ShelfChange, SubtitleLine};

/// How long the subtitles may keep a film waiting.
const SUBTITLES: Duration = Duration::from_secs(1);
/// How often it is asked.
const LOOK: Duration = Duration::from_secs(10);
/// After so many looks without an answer, or at something else, it is left alone.
const PATIENCE: u32 = 6;
/// Nearer to the end the film counts as seen, and begins anew the next time.
const END_S: f64 = 60.0;

/// Who follows which renderer: one each. Clones share them.
#[derive(Clone, Default)]
pub struct Following(Arc<Mutex<HashMap<String, AbortHandle>>>);

impl Following {
    /// Runs `story` for the renderer `id`, in place of the one before: what that set told from now on
    /// would be noted for a film that it does not show any more.
    fn instead(
        &self,
        tasks: &TaskTracker,
        id: &str,
        story: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, one| !one.is_finished());
        if let Some(before) = running.remove(id) {
            before.abort();
        }
        running.insert(id.to_owned(), tasks.spawn(story).abort_handle());
    }
}

/// A film on a renderer.
pub(super) struct Showing {
    /// The renderer's name for machines.
    pub(super) renderer: String,
    pub(super) media_id: String,
    /// Before the paths of its subtitles.
    pub(super) base: String,
    pub(super) film: Film,
}

impl Showing {
    /// Has the renderer show the film, and notes how far that comes there. Both go on though whoever
    /// asked is gone: a set may take long to begin, and a phone's page is soon closed.
    pub(super) async fn begin(self, rooms: &Rooms) -> Result<(), ApiError> {
        let (tell, told) = oneshot::channel();
        let (house, id) = (rooms.clone(), self.renderer.clone());
        let story = async move {
            let shown = self.show(&house).await;
            let begun = shown.is_ok();
            // Nobody may be there to hear it.
            let _ = tell.send(shown);
            if begun {
                self.follow(&house).await;
            }
        };
        rooms.following.instead(&rooms.tasks, &id, story);
        told.await.map_err(|_| {
            let message = "another film was sent to this television meanwhile, and shows instead";
            ApiError::new(StatusCode::CONFLICT, "renderer_taken", message)
        })?
    }

    async fn show(&self, rooms: &Rooms) -> Result<(), ApiError> {
        // A set that was told to play should not wait for a list of strangers'.
        let lines = rooms.playback.subtitles_within(&self.media_id, SUBTITLES).await?;
        let at = |line: &SubtitleLine, form: &str| {
            format!("{}{}", self.base, rooms.subtitle_path(line, form))
        };
        let captions = lines.first().map(|line| at(line, "bom.srt"));
        let wanted = rooms.playback.preferences().subtitles.clone();
        let tracks = subtitle::tracks(&lines, &wanted).into_iter().map(|(line, shown)| Track {
            url: at(line, "vtt"),
            language: line.tag(),
            name: line.label.clone(),
            shown,
        });
        let film = Film { captions, tracks: tracks.collect(), ..self.film.clone() };
        Ok(rooms.renderers.show(&self.renderer, &film).await?)
    }

    /// Notes how far it is until it stops, or something else is shown.
    async fn follow(&self, rooms: &Rooms) {
        let mut missed = 0;
        while missed < PATIENCE {
            sleep(LOOK).await;
            let standing = rooms.renderers.standing(&self.renderer).await.ok();
            let Some(standing) = standing.filter(|told| self.is_shown(told)) else {
                missed += 1;
                continue;
            };
            missed = 0;
            let Some(position) = standing.position_s.filter(|position| *position >= 1.0) else {
                continue;
            };
            let near_end = |whole: f64| position > whole - END_S.min(whole / 10.0);
            let ended = standing.duration_s.is_some_and(near_end);
            let change = ShelfChange {
                position_s: Some(if ended { 0.0 } else { position }),
                duration_s: standing.duration_s,
                ..ShelfChange::default()
            };
            if let Err(error) = rooms.playback.change_title(&self.media_id, change).await {
                warn!(%error, "how far a television is could not be noted");
            }
        }
        debug!(renderer = self.renderer, "a television is not followed any more");
    }

    /// Whether this is what the renderer shows. Of one that does not tell, what it was told last
    /// counts, which is this: whatever comes after it ends it.
    fn is_shown(&self, standing: &Standing) -> bool {
        let ours = standing.url.as_deref().is_none_or(|shown| shown == self.film.url);
        ours && !matches!(standing.state, State::Stopped | State::Nothing)
    }
}
