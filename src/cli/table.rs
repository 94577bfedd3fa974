//! Answers for people: a search as a table that fits the terminal.

use std::fmt::Write as _;

use serde_json::Value;

use crate::web::{plain, size};

/// How many candidates a table shows.
const SHOWN: usize = 25;

/// One line as an index answers, of the JSON that stands under `indexes`.
pub(super) fn progress(line: &Value) -> String {
    let words = line["message"].as_str().map(|words| format!(": {words}")).unwrap_or_default();
    format!(
        "{:<10} {:>4} torrents in {} ms{words}",
        line["index"].as_str().unwrap_or_default(),
        line["torrents"],
        line["elapsed_ms"],
    )
}

/// A whole search. It reads the JSON that `--json` prints, which may come from a running server.
pub(super) fn of(found: &Value) -> String {
    let mut text = String::new();
    let name = found["title"]["name"].as_str().unwrap_or("(no title known)");
    let year = found["title"]["year"].as_u64().map(|year| format!(" ({year})")).unwrap_or_default();
    let _ = writeln!(text, "{}  {}{year}", found["id"].as_str().unwrap_or_default(), plain(name));
    for line in found["indexes"].as_array().into_iter().flatten() {
        let words =
            line["message"].as_str().map(|message| format!("  {message}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:<10} {:<14} {:>4} torrents{words}",
            line["index"].as_str().unwrap_or_default(),
            line["state"].as_str().unwrap_or_default(),
            line["torrents"],
        );
    }
    if let Some(age) = found["found_before_s"].as_u64() {
        let _ = writeln!(
            text,
            "No index answers now; these were found {} minutes ago.",
            age.div_ceil(60)
        );
    }
    if let Some(message) = found["store"]["message"].as_str() {
        let _ = writeln!(text, "  {message}");
    }
    let candidates = found["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let _ = writeln!(
        text,
        "{} torrents, {} of them different",
        found["torrents_found"], found["unique"]
    );
    for candidate in candidates.iter().take(SHOWN) {
        let _ = writeln!(text, "{}", row(candidate));
    }
    if candidates.len() > SHOWN {
        let _ = writeln!(text, "… and {} more (--json has all of them)", candidates.len() - SHOWN);
    }
    text.truncate(text.trim_end().len());
    text
}

fn row(candidate: &Value) -> String {
    let release = &candidate["release"];
    let mut states = candidate["availability"].as_object().into_iter().flatten();
    let state = states.find_map(|(_, state)| state.as_str()).unwrap_or("-");
    let reasons = candidate["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
    format!(
        "{:<6} {:>9}  {:>5} seeds  {:<10} {}\n       {} · {}",
        release["resolution"].as_str().unwrap_or("-"),
        candidate["size_bytes"].as_u64().map_or("-".to_owned(), size),
        candidate["seeders"].as_u64().map_or("?".to_owned(), |count| count.to_string()),
        state,
        plain(candidate["name"].as_str().unwrap_or_default()),
        candidate["info_hash"].as_str().unwrap_or_default(),
        reasons.collect::<Vec<_>>().join(", "),
    )
}
