//! How a command ends: signals, and who stopped reading.

use std::io;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why a command ends without having given its whole answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// Who read standard output has gone, and so has read enough.
    ReaderGone,
    /// SIGINT or SIGTERM came before the answer.
    Interrupted,
    /// It could not: one sentence.
    Failed(String),
}

/// What a command comes to.
pub type Done = Result<(), Ending>;

impl Ending {
    /// What a failure to write on standard output means.
    pub(super) fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(format!("the answer cannot be written: {error}")),
        }
    }
}

impl From<String> for Ending {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

/// The exit code, after the sentence where there is one.
pub(super) fn exit_code(done: Done) -> ExitCode {
    match done {
        Ok(()) | Err(Ending::ReaderGone) => ExitCode::SUCCESS,
        Err(Ending::Interrupted) => ExitCode::from(130),
        Err(Ending::Failed(sentence)) => super::could_not(&sentence),
    }
}

/// SIGINT and SIGTERM, caught from the moment this is made: a signal that comes before somebody
/// waits for it is kept.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Catches them. To be made before anything that must be taken down again.
    pub(super) fn new() -> Result<Self, String> {
        let catch = |kind| {
            signal(kind).map_err(|error| format!("this system lets no signal be caught: {error}"))
        };
        Ok(Self {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
            // A terminal that is closed.
            hang_up: catch(SignalKind::hangup())?,
        })
    }

    /// Returns once one of them has come.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Runs what only reads and writes on a thread beside the wait for a signal, which is the end of it
/// even while it waits for its input.
pub(super) fn unless_interrupted(work: impl FnOnce() -> Done + Send + 'static) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(|error| format!("no runtime can be started: {error}"))?;
    let done = runtime.block_on(async {
        let mut signals = Signals::new()?;
        tokio::select! {
            biased;
            done = tokio::task::spawn_blocking(work) => {
                done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            }
            () = signals.received() => Err(Ending::Interrupted),
        }
    });
    // A thread that waits for input is not waited for.
    runtime.shutdown_background();
    done
}
