//! `credenza steward`: what the box's units run as root. For people there is nothing in it.

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Done;
use crate::steward;
use crate::steward::layout::Layout;

/// What the box's units ask.
#[derive(Debug, Clone, Args)]
pub(super) struct Ask {
    /// The folder below which the box's files lie
    #[arg(long, default_value = "/", value_name = "DIR")]
    root: PathBuf,
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Clone, Subcommand)]
enum Work {
    /// At each start: the data partition, the boot partition's files, the name
    Prepare,
    /// Before the server starts again: whether the card still takes writes
    LookAgain,
    /// Mount the disk for films if it is there, let go of it if it was unplugged
    Adopt,
    /// Tell the disk for films which blocks are free
    Trim,
    /// List the Wi-Fi networks in reach
    Scan,
    /// Write the files of the box's own Wi-Fi network
    AccessPoint,
    /// Count the time of a debug key, and end it
    DebugKey,
    /// Do the verb that standard input asks for
    Answer,
}

impl Ask {
    pub(super) fn run(&self) -> Done {
        let sentence = |refusal: steward::words::Refusal| refusal.message;
        let layout = Layout::read(&self.root).map_err(sentence)?;
        let done = match self.work {
            Work::Prepare => steward::prepare(&layout),
            Work::LookAgain => steward::look_again(&layout),
            Work::Adopt => steward::adopt(&layout),
            Work::Trim => steward::trim(&layout),
            Work::Scan => steward::scan(&layout),
            Work::AccessPoint => steward::access_point(&layout),
            Work::DebugKey => steward::debug_key(&layout),
            Work::Answer => {
                let (asked, said) = (io::stdin().lock(), io::stdout().lock());
                steward::answer(&layout, asked, said).map_err(|error| error.to_string())?;
                Ok(())
            }
        };
        Ok(done.map_err(sentence)?)
    }
}
