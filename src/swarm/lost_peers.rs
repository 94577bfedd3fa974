//! Peers that were lost and are called again, sooner than the engine would by itself: a viewer waits for
//! them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use librqbit::Session;
use tokio::time::sleep;

use super::live::Live;
use super::torrents::Torrents;

/// Between two calls to peers that were all lost: trackers are asked anew with each, so no oftener.
const AGAIN: Duration = Duration::from_secs(20);

impl Torrents {
    /// Calls lost peers again: while the torrent is young, and as long as somebody reads it. The
    /// engine itself calls a lost peer after 10 to 20 s, then after a minute, then after six; a
    /// viewer does not wait so long. A young torrent's peers are lost when they hang up on the first
    /// call (one that still has our connection for the description does: Transmission), an older
    /// one's when the line was away for half a minute.
    pub(super) async fn keep_company(self: Arc<Self>, session: Arc<Session>, live: Arc<Live>) {
        let calling = async {
            live.handle.wait_until_initialized().await?;
            let young = [1, 2, 4, 8, 16].map(|wait| (Duration::from_secs(wait), true));
            for (wait, is_young) in young.into_iter().chain(std::iter::repeat((AGAIN, false))) {
                sleep(wait).await;
                let _alone = self.changing.lock().await;
                let wanted = is_young || live.readers.load(Ordering::SeqCst) > 0;
                let resting = live.resting.load(Ordering::SeqCst);
                if wanted && live.is_lonely() && !live.gone.is_cancelled() && !resting {
                    tracing::debug!("every peer of a torrent is lost; they are called again");
                    // The engine forgets what it holds against a peer when it pauses.
                    session.pause(&live.handle).await?;
                    session.unpause(&live.handle).await?;
                }
            }
            Ok::<_, anyhow::Error>(())
        };
        if let Some(Err(error)) = live.gone.run_until_cancelled(calling).await {
            tracing::debug!(error = %format!("{error:#}"), "lost peers were not called again");
        }
    }
}
