//! A version that was started on trial proves that it does what the box is for, and is kept; or it
//! is given up, and the slot before it returns by itself at the next start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::gave_up::GaveUp;
use super::own::Own;
use super::{Appliance, durably};
use crate::playback::OwnFile;
use crate::steward::words::{Facts, Verb};

/// So many proofs in a row.
const ROUNDS: u32 = 3;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of the test stream.
const LENGTH: u64 = 1 << 20;
/// Bytes of each range that is read of it.
const RANGE: u64 = 64 << 10;
/// Where it lies, in the library.
const FOLDER: &str = "credenza-trial";
/// Its name.
const NAME: &str = "credenza-trial.mkv";

impl Appliance {
    /// Decides on a version that was started on trial.
    pub(super) async fn decide(&self, facts: &Facts) {
        let began = Instant::now();
        let (mut proofs, mut why) = (0, String::new());
        tracing::info!(version = facts.version, "this version is on trial");
        while began.elapsed() < self.timing.trial_limit {
            match self.prove_health(proofs).await {
                Ok(()) => proofs += 1,
                Err(error) => {
                    tracing::warn!(error, "the version on trial is not well");
                    (proofs, why) = (0, error);
                }
            }
            if proofs >= ROUNDS {
                match self.commit(facts).await {
                    Ok(()) => return,
                    Err(error) => why = format!("it could not be kept: {error}"),
                }
            }
            tokio::time::sleep(self.timing.trial_pause).await;
        }
        self.give_up(facts, why).await;
    }

    async fn commit(&self, facts: &Facts) -> Result<(), super::Error> {
        let _: serde_json::Value = self.door.ask(&Verb::Commit).await?;
        tracing::info!(version = facts.version, "this version is well, and is kept");
        if let Err(error) = GaveUp::forget(&self.parts.state) {
            tracing::warn!(%error, "the trial could not be noted as passed");
        }
        self.facts_anew().await?;
        Ok(())
    }

    /// Starts the box anew: what was not committed is not started again.
    async fn give_up(&self, facts: &Facts, why: String) {
        tracing::error!(
            version = facts.version,
            why,
            "this version is given up; the one before returns"
        );
        let noted = GaveUp { counter: facts.counter, why }.keep(&self.parts.state);
        if let Err(error) = noted {
            tracing::warn!(%error, "why the trial failed could not be noted");
        }
        self.last_film_ends().await;
        while let Err(error) = self.reboot().await {
            tracing::error!(%error, "the box cannot be started anew; pull its plug");
            tokio::time::sleep(self.timing.trial_limit).await;
        }
    }

    /// One proof: the server answers, takes what must not be lost, keeps its cache on the disk, and
    /// serves a film to a player.
    async fn prove_health(&self, round: u32) -> Result<(), String> {
        let own = Own::new(self.parts.near)?;
        own.is_well(PATIENCE).await?;
        let state = &self.parts.state;
        let said = |error: crate::durable::Error| error.to_string();
        durably(|| state.put("box/trial", &round)).map_err(said)?;
        durably(|| state.remove("box/trial")).map_err(said)?;
        if !self.parts.playback.cache_is_kept() {
            return Err("the cache cannot be kept on the disk".to_owned());
        }
        let film = content(round);
        let folder = self.keep_film(&film)?;
        let served = self.serve_film(&own, &folder.join(NAME), &film).await;
        remove(&folder);
        served
    }

    /// Puts a film of our own where films lie. Where that disk is full, worn out or dying, which it is
    /// for the version before as well, with what else must be kept.
    fn keep_film(&self, film: &[u8]) -> Result<PathBuf, String> {
        let mut why = String::new();
        for place in [(self.parts.library)(), self.parts.data.clone()] {
            let folder = place.join(FOLDER);
            match durably(|| write(&folder, film)) {
                Ok(()) => return Ok(folder),
                Err(error) => {
                    remove(&folder);
                    why = format!("no film can be kept in {}: {error}", place.display());
                    if !is_the_disks_fault(&error) {
                        break;
                    }
                }
            }
        }
        Err(why)
    }

    /// The film, asked for by the link that a player is given.
    async fn serve_film(&self, own: &Own, path: &Path, film: &[u8]) -> Result<(), String> {
        let playback = &self.parts.playback;
        let kept = playback.keep_own_file(path).map_err(|error| error.to_string())?;
        let streamed = self.stream(own, &kept, film).await;
        playback.forget_own_file(&kept).map_err(|error| error.to_string())?;
        streamed
    }

    async fn stream(&self, own: &Own, kept: &OwnFile, film: &[u8]) -> Result<(), String> {
        let key = self.parts.media_keys.sign(&kept.media_id, &kept.link_name);
        let link = format!("/v/{key}/{}", kept.link_name);
        // As a player does: the start, a seek, and the index at the end.
        for start in [0, LENGTH / 2 - RANGE / 3, LENGTH - RANGE] {
            let range = start..start + RANGE;
            let came = own.range(&link, range.clone(), PATIENCE).await?;
            let wanted = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            if wanted.and_then(|(from, to)| film.get(from..to)) != Some(came.as_slice()) {
                return Err(format!(
                    "bytes {}-{} of the test stream are wrong",
                    range.start, range.end
                ));
            }
        }
        Ok(())
    }
}

fn write(folder: &Path, film: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(NAME), film)
}

/// The folder goes as well, if it is empty.
fn remove(folder: &Path) {
    let _ = std::fs::remove_file(folder.join(NAME));
    let _ = std::fs::remove_dir(folder);
}

/// Whether a disk is full, worn out, dying or gone, or does not answer.
fn is_the_disks_fault(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as E;
    // EIO, ENXIO and ENODEV (Linux, asm-generic/errno-base.h): the standard library has no kind for
    // what a bad block, a pulled plug and an adapter that hangs are told as.
    let told = matches!(error.raw_os_error(), Some(5 | 6 | 19));
    let kinds = [E::QuotaExceeded, E::ReadOnlyFilesystem, E::StorageFull];
    let silent = [E::NotConnected, E::StaleNetworkFileHandle, E::TimedOut];
    told || kinds.contains(&error.kind()) || silent.contains(&error.kind())
}

/// Bytes that no cache has from another round, and of which no two ranges are alike.
fn content(round: u32) -> Vec<u8> {
    let blocks = (0..LENGTH / 32).flat_map(|block| {
        let mut sum = Sha256::new();
        sum.update(round.to_le_bytes());
        sum.update(block.to_le_bytes());
        <[u8; 32]>::from(sum.finalize())
    });
    blocks.collect()
}
