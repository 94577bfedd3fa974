//! What a person runs. Each command asks a room and prints its answer: the answer alone on standard
//! output, everything else on standard error.
//!
//! Exit codes: 0 done; 1 could not, with one sentence that names the culprit and what to do; 2 wrong
//! usage; 130 cut off before the answer.

mod demo;
mod ending;
mod events;
mod find;
pub mod parse;
mod play;
mod running;
mod screen;
pub mod select;
mod serve;
mod steward;
mod table;
mod terminal;

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config};

use ending::{Signals, exit_code, unless_interrupted};

pub use ending::{Done, Ending};
pub use serve::ensure_roots;

/// Credenza: an embedded media server for the living room.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
struct Global {
    /// Configuration file (TOML). Default: credenza.toml in the data folder, where there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder. Default: a per-user folder
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to serve on. Default: 0.0.0.0:8080
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The folder below which a box's files lie
    #[arg(long = "box", global = true, hide = true, value_name = "DIR", default_value = "/")]
    box_root: PathBuf,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is interrupted (what no command does too)
    Serve,
    /// Search for a title: every index, unique torrents, availability, rank
    Find(find::Ask),
    /// Find a title and open the best candidate; prints the URL to play
    Play(play::Ask),
    /// Read release names (arguments, or standard input a name a line)
    Parse {
        /// Release names
        names: Vec<String>,
        /// Accepted for uniformity: the answer is JSON in any case
        #[arg(long)]
        json: bool,
    },
    /// Pick the file of a torrent from a JSON list of files
    Select(SelectArguments),
    /// Serve a household that exists offline: films, indexes and a debrid store on loopback
    Demo,
    /// What a box shows on its television: its address, also for a phone's camera, and the claim code
    Screen(screen::Ask),
    /// What the units of a box run as root
    #[command(hide = true)]
    Steward(steward::Ask),
}

#[derive(Debug, Clone, Args)]
struct SelectArguments {
    /// Season of the wanted episode; without it a film is wanted
    #[arg(long, requires = "episode")]
    season: Option<u32>,
    /// The wanted episode
    #[arg(long)]
    episode: Option<u32>,
    /// The torrent's name
    #[arg(long, value_name = "TORRENT")]
    name: Option<String>,
    /// The file that an index picked
    #[arg(long, value_name = "I")]
    file_index: Option<u32>,
    /// The id that verified files carry
    #[arg(long, value_name = "ID")]
    stremio_id: Option<crate::media::StremioId>,
    /// A JSON array of {index, name, size, link?, sid?, asid?}; standard input without it
    file: Option<PathBuf>,
    /// Accepted for uniformity: the answer is JSON in any case
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Reads the command line; a wrong one ends the process with usage and code 2.
    #[must_use]
    pub fn read() -> Self {
        Self::parse()
    }
}

impl Global {
    fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(config::data_folder)
    }

    /// The configuration: the named file must be there, the default one may be.
    fn configuration(&self) -> Result<Config, config::BadConfig> {
        let default = self.data().join("credenza.toml");
        let file = self.config.clone().or_else(|| default.is_file().then_some(default));
        Ok(self.apply(Config::load(file.as_deref())?))
    }

    fn apply(&self, mut config: Config) -> Config {
        config.listen = self.listen.unwrap_or(config.listen);
        config
    }
}

/// The log, on standard error. The client's own logs would carry whole URLs, so they are capped.
pub fn start_log(arguments: &Arguments) {
    let quiet = !matches!(arguments.command, None | Some(Command::Serve | Command::Demo));
    let level = arguments.global.log.as_deref().unwrap_or(if quiet { "warn" } else { "info" });
    let filter = format!(
        "{level},reqwest=warn,hyper=warn,hyper_util=warn,h2=warn,rustls=warn,librqbit=warn,librqbit_dht=warn,mdns_sd=error,sled=warn"
    );
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && config::takes_colours())
        .init();
}

/// The commands that ask no network; `None` for the others.
#[must_use]
pub fn run_pure(arguments: &Arguments) -> Option<ExitCode> {
    let done = match &arguments.command {
        Some(Command::Parse { names, .. }) => {
            let names = names.clone();
            unless_interrupted(move || parse::run(&names, io::stdin().lock(), io::stdout().lock()))
        }
        Some(Command::Select(asked)) => {
            let asked = asked.clone();
            unless_interrupted(move || asked.run(io::stdout().lock()))
        }
        Some(Command::Steward(ask)) => ask.run(),
        _ => return None,
    };
    Some(exit_code(done))
}

impl SelectArguments {
    fn run(&self, out: impl io::Write) -> Done {
        let ask = select::Ask {
            season: self.season,
            episode: self.episode,
            name: self.name.clone(),
            file_index: self.file_index,
            stremio_id: self.stremio_id,
        };
        let Some(path) = &self.file else { return select::run(&ask, io::stdin().lock(), out) };
        let file = std::fs::File::open(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        select::run(&ask, file, out)
    }
}

/// Runs one of the commands that serve or search.
pub async fn run(arguments: Arguments) -> ExitCode {
    // First of all: what is started from here on is also taken down.
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(sentence) => return could_not(&sentence),
    };
    let global = arguments.global;
    exit_code(match arguments.command {
        None | Some(Command::Serve) => serve::run(&global, &mut signals).await,
        Some(Command::Demo) => demo::run(&global, &mut signals).await,
        Some(Command::Screen(ask)) => screen::run(&global, &ask, &mut signals).await,
        Some(Command::Play(ask)) => play::run(&global, &ask, &mut signals).await,
        Some(Command::Find(ask)) => {
            tokio::select! {
                biased;
                done = find::run(&global, &ask) => done,
                () = signals.received() => Err(Ending::Interrupted),
            }
        }
        Some(Command::Parse { .. } | Command::Select(_) | Command::Steward(_)) => {
            return ExitCode::from(2);
        }
    })
}

/// Says why not, on standard error; exit code 1.
#[must_use]
pub fn could_not(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "credenza: {sentence}");
    ExitCode::FAILURE
}

/// Prints an answer on standard output.
fn print(text: &str) -> Done {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| Ending::of_output(&error))
}
