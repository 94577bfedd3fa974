//! Feeds systemd's watchdog while the server proves that it lives. Where systemd did not start us,
//! nothing of this happens.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use super::Appliance;
use super::gave_up::GaveUp;
use super::own::Own;

/// How long the server may take to answer itself, and the state to be read.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked before it has answered for the first time.
const WARM_UP: Duration = Duration::from_millis(100);

impl Appliance {
    /// Says that the server is ready once it answers, then feeds the watchdog four times in its
    /// span, each time after a proof. A server that hangs cannot prove anything, and is started anew.
    pub(super) async fn feed_watchdog(self: Arc<Self>) {
        let own = match Own::new(self.parts.near) {
            Ok(own) => own,
            Err(error) => return tracing::error!(error, "the watchdog cannot be fed"),
        };
        while let Err(error) = self.prove_life(&own).await {
            tracing::debug!(error, "not ready yet");
            tokio::time::sleep(WARM_UP).await;
        }
        tell(&[NotifyState::Ready, NotifyState::Status("it answers"), NotifyState::Watchdog]);
        let Some(span) = sd_notify::watchdog_enabled() else { return };
        let mut well = true;
        loop {
            tokio::time::sleep(span / 4).await;
            match self.prove_life(&own).await {
                Ok(()) if well => tell(&[NotifyState::Watchdog]),
                Ok(()) => tell(&[NotifyState::Watchdog, NotifyState::Status("it answers")]),
                Err(error) => {
                    tracing::error!(error, "the watchdog is not fed");
                    tell(&[NotifyState::Status(&format!("not well: {error}"))]);
                    well = false;
                    continue;
                }
            }
            well = true;
        }
    }

    /// The server answers over its own port, and what must not be lost can be read.
    async fn prove_life(&self, own: &Own) -> Result<(), String> {
        own.is_well(PATIENCE).await?;
        let state = Arc::clone(&self.parts.state);
        let read = tokio::task::spawn_blocking(move || GaveUp::read(&state));
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) => Err("the state could not be read".to_owned()),
            Err(_) => Err(format!("the state is not read within {} s", PATIENCE.as_secs())),
        }
    }
}

fn tell(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd does not hear us");
    }
}
