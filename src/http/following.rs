//! How far a television is that was told to play: noted as of any other player, so that the film goes
//! on from there on the next screen.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, warn};

use super::rooms::Rooms;
use crate::lan::renderer::State;
use crate::playback::ShelfChange;

/// How often it is asked.
const LOOK: Duration = Duration::from_secs(10);
/// After so many looks without an answer, or at something else, it is left alone.
const PATIENCE: u32 = 6;
/// Nearer to the end the film counts as seen, and begins anew the next time.
const END_S: f64 = 60.0;

/// Notes how far `media_id` is on the renderer `id`, which was given `url`, until it stops.
pub(super) async fn follow(rooms: Rooms, id: String, media_id: String, url: String) {
    let mut missed = 0;
    while missed < PATIENCE {
        sleep(LOOK).await;
        let Ok(standing) = rooms.renderers.standing(&id).await else {
            missed += 1;
            continue;
        };
        let ours = standing.url.as_deref().is_none_or(|shown| shown == url);
        if !ours || matches!(standing.state, State::Stopped | State::Nothing) {
            missed += 1;
            continue;
        }
        missed = 0;
        let Some(position) = standing.position_s.filter(|position| *position >= 1.0) else {
            continue;
        };
        let ended =
            standing.duration_s.is_some_and(|whole| position > whole - END_S.min(whole / 10.0));
        let change = ShelfChange {
            position_s: Some(if ended { 0.0 } else { position }),
            duration_s: standing.duration_s,
            ..ShelfChange::default()
        };
        if let Err(error) = rooms.playback.change_title(&media_id, change).await {
            warn!(%error, "how far a television is could not be noted");
        }
    }
    debug!(renderer = id, "a television is not followed any more");
}
