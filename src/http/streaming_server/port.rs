//! The port of its own: open while the owner's switch is on.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::router;
use crate::http::host::HostRule;
use crate::http::rooms::Rooms;
use crate::http::server;

/// How long a port that another program has is left alone; Stremio's own server may end meanwhile.
const AGAIN: Duration = Duration::from_secs(30);

/// Serves Stremio's apps whenever the switch is on, until `shutdown`. Who reads a film when it is
/// turned off is given the drain's time.
pub async fn serve_while_on(rooms: Rooms, hosts: Arc<dyn HostRule>, shutdown: CancellationToken) {
    let mut turns = rooms.stremio.server.follow();
    while !shutdown.is_cancelled() {
        let on = *turns.borrow_and_update();
        if on {
            serve(&rooms, &hosts, &mut turns, &shutdown).await;
        } else {
            tokio::select! {
                () = shutdown.cancelled() => return,
                turned = turns.changed() => if turned.is_err() { return },
            }
        }
    }
}

/// Until it is turned off, or cannot be done.
async fn serve(
    rooms: &Rooms,
    hosts: &Arc<dyn HostRule>,
    turns: &mut tokio::sync::watch::Receiver<bool>,
    shutdown: &CancellationToken,
) {
    let listener = match server::listen(rooms.stremio.server_listen).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "the server for Stremio's apps is on, and cannot answer");
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(AGAIN) => {}
                _ = turns.changed() => {}
            }
            return;
        }
    };
    let address = listener.address();
    tracing::info!(%address, "the server for Stremio's apps answers");
    let router = router(rooms.clone(), Arc::clone(hosts));
    let off = shutdown.child_token();
    let serving = server::serve(listener, router, rooms.tasks.clone(), off.clone());
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return,
        _ = turns.wait_for(|on| !on) => off.cancel(),
    }
    serving.await;
    tracing::info!(%address, "the server for Stremio's apps is off");
}
