//! `credenza parse`: what release names say, one JSON object a line.

use std::io::{self, BufRead, Write};

use super::{Done, Ending};
use crate::release;

/// Longest line that is kept, in bytes; the rest of it is read and forgotten.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Prints what each of `names` says; where there are none, each line of `input`. Bytes that are no
/// UTF-8 are shown as U+FFFD; an empty line is left out.
pub fn run(names: &[String], mut input: impl BufRead, mut out: impl Write) -> Done {
    for name in names {
        print(name, &mut out)?;
    }
    let mut line = Vec::new();
    while names.is_empty() && read_line(&mut input, &mut line).map_err(unreadable)? {
        let name = String::from_utf8_lossy(&line);
        let name = name.trim_end_matches(['\r', '\n']);
        if !name.trim().is_empty() {
            print(name, &mut out)?;
        }
    }
    out.flush().map_err(|error| Ending::of_output(&error))
}

fn print(name: &str, out: &mut impl Write) -> Done {
    let written = serde_json::to_writer(&mut *out, &release::parse(name)).map_err(io::Error::from);
    written.and_then(|()| out.write_all(b"\n")).map_err(|error| Ending::of_output(&error))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: io::Error) -> Ending {
    Ending::Failed(format!("the names on standard input cannot be read: {error}"))
}

/// Reads one line into `line`, of which no more than [`MAX_LINE_BYTES`] are kept. `false` at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let seen = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            seen => seen?,
        };
        if seen.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = seen.iter().position(|byte| *byte == b'\n');
        let part = &seen[..end.unwrap_or(seen.len())];
        let room = MAX_LINE_BYTES - line.len();
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(names: &[&str], input: &[u8]) -> Vec<serde_json::Value> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut out = Vec::new();
        run(&names, input, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_name_is_a_line() {
        let lines = printed(&[], b"Film.2019.1080p\r\n\nShow.S01E02.mkv\n\xff\xfe bad");
        let names: Vec<_> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Film.2019.1080p", "Show.S01E02.mkv", "\u{fffd}\u{fffd} bad"]);
        assert_eq!(printed(&["A.2019"], b"B.2020").len(), 1);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let endless = vec![b'x'; 3 * MAX_LINE_BYTES];
        let lines = printed(&[], &endless);
        assert_eq!(lines.len(), 1);
        assert!(lines[0]["name"].as_str().unwrap().len() <= release::MAX_NAME_BYTES);
    }
}
