//! `credenza screen`: what a television shows that hangs on a box: its address as text and as a code
//! for a phone's camera, and the claim code. It runs beside the server, without any right of its own
//! but the key of the data folder, and draws anew when the answer changes.

mod code;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use tokio::time::Instant;

use code::code;

use super::running::Running;
use super::{Done, Ending, Global, Signals};
use crate::steward::words::{AccessPoint, Refusal};
use crate::web;

/// How often the server is asked.
const LOOK: Duration = Duration::from_secs(2);
/// So often it is drawn anew even where nothing has changed: the kernel writes to the console, too.
const AGAIN: Duration = Duration::from_secs(60);
/// What is drawn for where nobody says how large it is: the console of old.
const USUAL: Size = Size { columns: 80, rows: 25 };
/// Columns without which words beside a code are no help.
const NARROWEST: usize = 28;
/// Columns between the code and the words.
const GAP: usize = 3;

#[derive(Debug, Clone, Args)]
pub(super) struct Ask {
    /// Print it once and end
    #[arg(long)]
    once: bool,
}

/// How many characters fit. A television has few where its letters are large: 50 × 15 on a small panel.
#[derive(Debug, Clone, Copy)]
struct Size {
    columns: usize,
    rows: usize,
}

impl Size {
    /// Of the console that it is shown on; asked each time, since fonts are changed.
    fn of_console() -> Self {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
        // A serial line says 0: it does not know.
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or(USUAL, |size| Self { columns: size.ws_col.into(), rows: size.ws_row.into() })
    }

    /// The rows but the last: a line break there would scroll.
    fn lines(self) -> usize {
        self.rows.saturating_sub(1)
    }

    /// The columns but the last: some consoles break the line behind it.
    fn letters(self) -> usize {
        self.columns.saturating_sub(1).max(1)
    }
}

/// What the server says of itself.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Told {
    name: String,
    version: String,
    here: bool,
    addresses: Vec<String>,
    named: Option<String>,
    claim_code: Option<String>,
    access_point: Option<AccessPoint>,
    notices: Vec<Refusal>,
}

/// Shows it until it is interrupted.
pub(super) async fn run(global: &Global, ask: &Ask, signals: &mut Signals) -> Done {
    let mut shown: Option<(String, Instant)> = None;
    let mut server = None;
    loop {
        let text = match told(global, &mut server).await {
            Ok(told) => draw(&told, Size::of_console()),
            Err(sentence) if ask.once => return Err(Ending::Failed(sentence)),
            Err(sentence) => format!("\n  Credenza is starting …\n\n  {sentence}\n"),
        };
        let fresh = shown.as_ref().is_some_and(|(last, at)| *last == text && at.elapsed() < AGAIN);
        if !fresh {
            show(&text).map_err(|error| Ending::of_output(&error))?;
            shown = Some((text, Instant::now()));
        }
        if ask.once {
            return Ok(());
        }
        tokio::select! {
            () = signals.received() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Asks the server; `server` is the one that answered last.
async fn told(global: &Global, server: &mut Option<Running>) -> Result<Told, String> {
    let data = global.data();
    if server.is_none() {
        *server = Running::find(&data).await;
    }
    let Some(running) = server else {
        return Err(format!("no server answers on the data folder {}", data.display()));
    };
    let answer = running.ask(&["api", "box", "screen"], &[]).await;
    // After a start it has another port, and may have another key.
    let answer = answer.inspect_err(|_| *server = None)?;
    serde_json::from_value(answer)
        .map_err(|error| format!("the running server is of another version: {error}"))
}

/// Bright white on black, which every console has: so a light module is a lit one.
fn show(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        write!(out, "\x1b[0m\x1b[1;37;40m\x1b[2J\x1b[H{text}\x1b[0m\x1b[?25l")?;
    } else {
        write!(out, "{text}")?;
    }
    out.flush()
}

/// The whole picture. The words are needed, the code beside them is a help: it is left out where the
/// words would not fit beside it.
fn draw(told: &Told, size: Size) -> String {
    let code = target(told).and_then(|target| code(&target)).unwrap_or_default();
    let beside = code.first().map_or(0, |row| row.chars().count());
    let room = size.letters().saturating_sub(beside + GAP);
    let fits =
        room >= NARROWEST && code.len() <= size.lines() && needed(told, room).len() <= size.lines();
    let (code, beside, gap) = if fits { (code, beside, GAP) } else { (Vec::new(), 0, 1) };
    let words = words(told, size.letters().saturating_sub(beside + gap).max(1));
    let mut picture = String::new();
    for row in 0..code.len().max(words.len()).min(size.lines()) {
        let code = code.get(row).cloned().unwrap_or_else(|| " ".repeat(beside));
        let words = words.get(row).map_or("", String::as_str);
        let line = format!("{code}{}{words}", " ".repeat(gap));
        let _ = writeln!(picture, "{}", line.trim_end());
    }
    picture
}

/// What the camera is led to: the box's own Wi-Fi network, while there is no other (cameras join one
/// by such a text); else an address, since not every phone knows names in `.local`.
fn target(told: &Told) -> Option<String> {
    match &told.access_point {
        Some(access_point) => Some(format!("WIFI:T:nopass;S:{};;", access_point.ssid)),
        None => told.addresses.first().cloned(),
    }
}

/// The words beside the code, or alone.
fn words(told: &Told, width: usize) -> Vec<String> {
    let mut lines = needed(told, width);
    let mut say = |text: &str| lines.extend(wrapped(&web::plain(text), width));
    for notice in told.notices.iter().take(3) {
        say("");
        say(&format!("! {}", notice.message));
    }
    say("");
    say(&format!("version {}", told.version));
    lines
}

/// Those without which nobody finds the box and owns it.
fn needed(told: &Told, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(wrapped(&web::plain(&told.name).to_uppercase(), width));
    lines.push(String::new());
    let mut say = |text: &str| lines.extend(wrapped(&web::plain(text), width));
    match (&told.access_point, told.addresses.as_slice()) {
        (Some(access_point), _) => {
            say("This box has no network yet. It has opened one:");
            say(&format!("Wi-Fi  {}", access_point.ssid));
            say("");
            say("Join it with your phone; the set-up page opens there. If it does not:");
            say(&format!("http://{}/", access_point.address));
        }
        (None, []) => {
            say("This box has no network.");
            say("");
            say(
                "Plug in a network cable, or wait a minute: the box then opens a Wi-Fi network of \
                 its own, whose name will stand here.",
            );
        }
        (None, addresses) => {
            say("Open this in a browser in the same network:");
            say("");
            for address in told.named.iter().chain(addresses.iter().take(3)) {
                say(address);
            }
        }
    }
    if let Some(code) = &told.claim_code {
        say("");
        say(&format!("Claim code  {code}"));
        say("Whoever types it first owns the box.");
    }
    lines
}

/// The text in lines of at most `width` characters; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut letters: Vec<char> = word.chars().collect();
        let taken = lines.last().map_or(0, |line| line.chars().count());
        if taken > 0 && taken + 1 + letters.len() <= width {
            let line = lines.last_mut().expect("it began with one");
            line.push(' ');
            line.push_str(word);
            continue;
        }
        while letters.len() > width {
            let rest = letters.split_off(width);
            lines.push(letters.into_iter().collect());
            letters = rest;
        }
        lines.push(letters.into_iter().collect());
    }
    // The empty line that it began with, unless it is all.
    if lines.len() > 1 {
        lines.remove(0);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        Told {
            name: "Mum's TV".to_owned(),
            version: "0.1.0".to_owned(),
            here: true,
            addresses: vec!["http://192.168.100.123:8080/".to_owned()],
            named: Some("http://mums-tv.local/".to_owned()),
            claim_code: Some("042137".to_owned()),
            access_point: None,
            notices: Vec::new(),
        }
    }

    #[test]
    fn everything_fits_consoles_large_and_small() {
        let long =
            "a disk is gone that was in use, and whatever lay on it plays no more until ".repeat(2);
        let notices = vec![Refusal::new("x", long.clone()); 9];
        let access_point =
            AccessPoint { ssid: "Credenza-0AFF".to_owned(), address: "10.77.0.1".parse().unwrap() };
        for told in [
            told(),
            Told { notices, ..told() },
            Told { addresses: Vec::new(), ..told() },
            Told { access_point: Some(access_point), claim_code: None, ..told() },
            Told { addresses: vec!["http://x/".repeat(40)], ..told() },
            Told { name: "\u{1b}[2J\u{202e}x".to_owned(), ..told() },
        ] {
            for (columns, rows) in [(240, 67), (80, 25), (80, 22), (64, 18), (50, 15), (1, 1)] {
                let picture = draw(&told, Size { columns, rows });
                assert!(picture.lines().count() < rows, "{columns} x {rows}: {picture}");
                let widest = picture.lines().map(|line| line.chars().count()).max();
                assert!(widest.unwrap_or(0) <= columns, "{columns} x {rows}: {picture}");
                assert!(!picture.contains('\u{1b}'));
            }
        }
    }

    #[test]
    fn a_box_without_a_network_says_what_to_do() {
        let picture = draw(&Told { addresses: Vec::new(), named: None, ..told() }, USUAL);
        assert!(picture.contains("Plug in a network cable"), "{picture}");
        assert!(picture.contains("Claim code  042137"), "{picture}");
        assert!(!picture.contains('\u{2588}'), "there is no address to make a code of: {picture}");
    }
}
