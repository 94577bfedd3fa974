//! One connection: a line asks, lines answer.

use std::io::{BufRead, Read as _, Write};

use super::layout::Layout;
use super::slots;
use super::words::{DataState, Facts, Refusal, Reply, Verb};

/// Longest line that is read.
const LINE: u64 = 8 << 10;

/// Reads one verb from `asked`, does it, and writes the replies to `said`.
pub fn answer(
    layout: &Layout,
    mut asked: impl BufRead,
    mut said: impl Write,
) -> std::io::Result<()> {
    let mut line = String::new();
    asked.by_ref().take(LINE).read_line(&mut line)?;
    let done = match serde_json::from_str(&line) {
        Ok(verb) => carry_out(layout, &verb, &mut asked, &mut |reply| say(&mut said, reply)),
        Err(error) => Err(Refusal::new("bad_verb", format!("no such request: {error}"))),
    };
    say(&mut said, &done.map_or_else(Reply::Refused, Reply::Done))
}

fn say(said: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    serde_json::to_writer(&mut *said, reply)?;
    said.write_all(b"\n")?;
    said.flush()
}

fn carry_out(
    layout: &Layout,
    verb: &Verb,
    asked: &mut dyn BufRead,
    say: &mut dyn FnMut(&Reply) -> std::io::Result<()>,
) -> Result<serde_json::Value, Refusal> {
    match verb {
        Verb::Install => {
            let mut progress = |bytes, of| {
                let _ = say(&Reply::Progress { bytes, of });
            };
            Ok(serde_json::json!(slots::install(layout, asked, &mut progress)?))
        }
        Verb::TryOther { back } => {
            slots::try_other(layout, *back).map(|()| serde_json::Value::Null)
        }
        Verb::Commit => slots::commit(layout).map(|()| serde_json::Value::Null),
        Verb::Facts => Ok(serde_json::json!(facts(layout)?)),
        _ => Err(Refusal::new("not_yet", "this is not built yet")),
    }
}

fn facts(layout: &Layout) -> Result<Facts, Refusal> {
    let (image, running) = (layout.image.clone(), layout.start.running);
    let standing = slots::standing(layout)?;
    Ok(Facts {
        board: image.board,
        name: image.name,
        version: image.version,
        counter: image.counter,
        running,
        default: standing.default,
        trial: standing.default != running,
        other: standing.other,
        refused: standing.refused,
        data: DataState::Kept,
        ssd: None,
        access_point: None,
        notices: standing.notice.into_iter().collect(),
    })
}
