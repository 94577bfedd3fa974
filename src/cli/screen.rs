//! `credenza screen`: what a television shows that hangs on a box: its address as text and as a code
//! for a phone's camera, and the claim code. It runs beside the server, without any right of its own
//! but the key of the data folder, and draws anew when the answer changes.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;
use tokio::time::Instant;

use super::running::Running;
use super::{Done, Ending, Global, Signals};
use crate::steward::words::{AccessPoint, Refusal};
use crate::web;

/// How often the server is asked.
const LOOK: Duration = Duration::from_secs(2);
/// So often it is drawn anew even where nothing has changed: the kernel writes to the console, too.
const AGAIN: Duration = Duration::from_secs(60);
/// Columns of the smallest console.
const COLUMNS: usize = 80;
/// Rows of it, but one, so that nothing scrolls.
const ROWS: usize = 24;
/// Light modules round the code (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;
/// Columns between the code and the words.
const GAP: usize = 3;

#[derive(Debug, Clone, Args)]
pub(super) struct Ask {
    /// Print it once and end
    #[arg(long)]
    once: bool,
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
            Ok(told) => draw(&told),
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

/// The whole picture, at most 80 columns wide and 24 rows high.
fn draw(told: &Told) -> String {
    let code = target(told).and_then(|target| code(&target)).unwrap_or_default();
    let beside = code.first().map_or(0, |row| row.chars().count() + GAP);
    let words = words(told, COLUMNS - beside.max(GAP) - 1);
    let mut picture = String::new();
    for row in 0..code.len().max(words.len()).min(ROWS) {
        let (code, words) = (code.get(row), words.get(row));
        let blank = || " ".repeat(beside.saturating_sub(GAP));
        let code = code.cloned().unwrap_or_else(blank);
        let line = format!("{code}{}{}", " ".repeat(GAP), words.map_or("", String::as_str));
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
    let mut lines = vec![String::new(), web::plain(&told.name).to_uppercase(), String::new()];
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
    for notice in told.notices.iter().take(3) {
        say("");
        say(&format!("! {}", notice.message));
    }
    say("");
    say(&format!("version {}", told.version));
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

/// The code of a text, two modules a character; `None` where it is too long to fit.
fn code(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let modules = code.width();
    let side = modules + 2 * QUIET;
    let is_light = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < modules);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => code[(x, y)] == Color::Light,
            // Below an odd number of rows the last half is the console's own black.
            _ => y < side,
        }
    };
    let row = |y: usize| {
        let half = |x| match (is_light(x, y), is_light(x, y + 1)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        };
        (0..side).map(half).collect()
    };
    let rows: Vec<String> = (0..side).step_by(2).map(row).collect();
    (rows.len() <= ROWS).then_some(rows)
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
    fn everything_fits_a_console_of_80_by_25() {
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
            let picture = draw(&told);
            assert!(picture.lines().count() <= ROWS, "{picture}");
            assert!(picture.lines().all(|line| line.chars().count() <= COLUMNS), "{picture}");
            assert!(!picture.contains('\u{1b}'));
        }
    }

    #[test]
    fn a_box_without_a_network_says_what_to_do() {
        let picture = draw(&Told { addresses: Vec::new(), named: None, ..told() });
        assert!(picture.contains("Plug in a network cable"), "{picture}");
        assert!(picture.contains("Claim code  042137"), "{picture}");
        assert!(!picture.contains('\u{2588}'), "there is no address to make a code of: {picture}");
    }
}
