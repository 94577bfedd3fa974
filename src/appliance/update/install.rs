//! Writing an update into the other slot, and starting it; neither while somebody watches.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use serde_json::Value;

use super::quiet::{Held, Leave};
use super::{Desk, Phase, Progress, Turn};
use crate::appliance::{Appliance, Error, lock, offer};
use crate::steward::words::{SlotFacts, Verb};

/// A write that is given up half-way, since its sender has gone, must not be shown as under way.
struct Unfinished<'a>(&'a Desk);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let mut status = lock(&self.0.status);
        if status.state == Phase::Receiving {
            let message = "the update broke off on its way here; send it again";
            (status.state, status.progress) = (Phase::Failed, None);
            status.message = Some(message.to_owned());
        }
    }
}

impl Appliance {
    /// Writes a bundle that somebody sends into the other slot, as fast as the card takes it.
    pub async fn receive_update(
        &self,
        bundle: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<SlotFacts, Error> {
        self.facts().await?;
        if self.is_watched() {
            return Err(Error::SomeoneIsWatching);
        }
        let _turn = self.turn()?;
        self.write(&Verb::Install, None, bundle, &Leave::default()).await
    }

    /// Writes the version that a check has found, once nobody watches; then starts it, if that is
    /// wanted. The outcome is told by [`update_status`](Self::update_status).
    pub async fn install_offer(self: &Arc<Self>, then_start: bool) -> Result<(), Error> {
        let facts = self.facts().await?;
        let turn = self.turn()?;
        let status = lock(&self.update.status).clone();
        if status.state != Phase::Available {
            return Err(Error::NothingNew);
        }
        let url = offer::address(&self.update_url().ok_or(Error::NoUrl)?, &facts.board)?;
        self.step(Phase::Receiving, status.version.clone(), None);
        let me = Arc::clone(self);
        self.by_itself(turn, then_start, async move {
            loop {
                me.wait_until_nobody_watches(Phase::Receiving, status.version.clone()).await;
                let opened = offer::open(&me.parts.client, url.clone()).await;
                let body = opened.inspect_err(|error| me.failed(error))?.body;
                let (version, leave) = (status.version.clone(), Leave::default());
                match me.write(&Verb::Install, version, body, &leave).await {
                    Err(Error::SomeoneIsWatching) => {}
                    written => return written,
                }
            }
        });
        Ok(())
    }

    /// The same from a file on a disk that was plugged in.
    pub async fn install_from_disk(
        self: &Arc<Self>,
        disk: String,
        name: String,
        then_start: bool,
    ) -> Result<(), Error> {
        self.facts().await?;
        let turn = self.turn()?;
        let verb = Verb::InstallFromDisk { disk, name };
        self.step(Phase::Receiving, None, None);
        let me = Arc::clone(self);
        self.by_itself(turn, then_start, async move {
            loop {
                me.wait_until_nobody_watches(Phase::Receiving, None).await;
                let leave = Leave::default();
                match me.write(&verb, None, leave.bytes(), &leave).await {
                    Err(Error::SomeoneIsWatching) => {}
                    written => return written,
                }
            }
        });
        Ok(())
    }

    /// Starts the version that is ready, once nobody watches.
    pub async fn restart_into_update(self: &Arc<Self>) -> Result<(), Error> {
        let facts = self.facts_anew().await?;
        let next = Self::ready(&facts).ok_or(Error::NothingReady)?.clone();
        self.restart_when_quiet(next, false)
    }

    /// Starts what the other slot holds, whatever its version: the owner wants to go back.
    pub async fn go_back(self: &Arc<Self>) -> Result<(), Error> {
        let facts = self.facts_anew().await?;
        let next = facts.other.clone().ok_or(Error::NothingBefore)?;
        self.restart_when_quiet(next, true)
    }

    fn restart_when_quiet(self: &Arc<Self>, next: SlotFacts, back: bool) -> Result<(), Error> {
        let turn = self.turn()?;
        self.step(Phase::Restarting, Some(next.version.clone()), None);
        self.beside(|me| async move {
            me.start_other(next, back).await;
            drop(turn);
        });
        Ok(())
    }

    /// Does `work`, a write, beside the server, and starts what it wrote if that is wanted.
    fn by_itself(
        self: &Arc<Self>,
        turn: Turn,
        then_start: bool,
        work: impl Future<Output = Result<SlotFacts, Error>> + Send + 'static,
    ) {
        self.beside(|me| async move {
            let written = work.await;
            if let (true, Ok(next)) = (then_start, written) {
                me.start_other(next, false).await;
            }
            drop(turn);
        });
    }

    /// Sends a verb that writes the other slot, and follows it. Each piece of `body` waits while
    /// somebody watches; an update that was broken off for that is [`Error::SomeoneIsWatching`].
    async fn write(
        &self,
        verb: &Verb,
        version: Option<String>,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
        leave: &Leave,
    ) -> Result<SlotFacts, Error> {
        self.step(Phase::Receiving, version, None);
        let _unfinished = Unfinished(&self.update);
        let mut on = |bytes, of| {
            lock(&self.update.status).progress = Some(Progress { bytes, of });
            leave.more();
        };
        let held = Held::default();
        let body = self.held_back(body, &held);
        let written = match self.door.send::<SlotFacts>(verb, body, &mut on).await {
            Err(Error::Broken(_)) if held.too_long() => Err(Error::SomeoneIsWatching),
            written => written,
        };
        let facts = self.facts_anew().await;
        match &written {
            Ok(slot) => {
                tracing::info!(version = slot.version, "a new version is ready to be started");
                self.step(Phase::Ready, Some(slot.version.clone()), None);
            }
            // What was ready before may be so no more: the slot is written over.
            Err(error) => {
                if let Ok(facts) = facts {
                    self.show_standing(&facts);
                }
                self.failed(error);
            }
        }
        written
    }

    /// Starts the other slot once.
    async fn start_other(&self, next: SlotFacts, back: bool) {
        self.wait_until_nobody_watches(Phase::Restarting, Some(next.version)).await;
        // It starts the box anew, and so takes down whoever was to hear that it does.
        match self.door.ask::<Value>(&Verb::TryOther { back }).await {
            // A connection that ends without an answer is one that the restart took down.
            Err(Error::Silent(why)) if why.kind() == std::io::ErrorKind::UnexpectedEof => {}
            Err(error) => self.failed(&error),
            Ok(_) => {}
        }
    }
}
