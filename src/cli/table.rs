//! Answers for people: a search as a table that fits the terminal.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::terminal::{Ink, Terminal};
use crate::web::{age, plain, size};

/// How many candidates a table shows.
const SHOWN: usize = 25;
/// The columns before a candidate's name.
const NAME_AT: usize = 46;
/// The columns before what stands below it.
const BELOW_AT: usize = 7;
/// The columns before what a sentence has on its further lines.
const CONTINUED_AT: usize = 2;

/// One line as an index answers, of the JSON that stands under `indexes`.
pub(super) fn progress(line: &Value, terminal: &Terminal) -> String {
    let words = line["message"].as_str().map(|words| format!(": {words}")).unwrap_or_default();
    let text = format!(
        "{:<12} {:>4} torrents in {} ms{words}",
        line["index"].as_str().unwrap_or_default(),
        // A value of JSON pads nothing.
        line["torrents"].to_string(),
        line["elapsed_ms"],
    );
    let ink = if is_well(line) { Ink::Good } else { Ink::Bad };
    terminal.ink(ink, &terminal.fit(&plain(&text), 0))
}

fn is_well(line: &Value) -> bool {
    ["ok", "empty"].contains(&line["state"].as_str().unwrap_or_default())
}

/// How the indexes are. Each clause is made harmless by itself: a long sentence would lose its end,
/// which says how many answered.
pub(super) fn health(words: &str, terminal: &Terminal) -> String {
    let clauses: Vec<String> = words.split("; ").map(plain).collect();
    terminal.wrap(&clauses.join("; "), CONTINUED_AT)
}

/// A whole search. It reads the JSON that `--json` prints, which may come from a running server.
/// `why`: what the first candidate has before the others.
pub(super) fn of(found: &Value, why: Option<&str>, terminal: &Terminal) -> String {
    let mut text = String::new();
    let name = found["title"]["name"].as_str().unwrap_or("(no title known)");
    let year = found["title"]["year"].as_u64().map(|year| format!(" ({year})")).unwrap_or_default();
    let title = format!("{}  {}{year}", found["id"].as_str().unwrap_or_default(), plain(name));
    let _ = writeln!(text, "{}", terminal.ink(Ink::Bold, &terminal.fit(&title, 0)));
    for line in found["indexes"].as_array().into_iter().flatten() {
        let words = line["message"].as_str().map(|words| format!("  {words}")).unwrap_or_default();
        let line = format!(
            "  {:<12} {:<14} {:>4} torrents{words}",
            line["index"].as_str().unwrap_or_default(),
            line["state"].as_str().unwrap_or_default(),
            line["torrents"].to_string(),
        );
        let _ = writeln!(text, "{}", terminal.wrap(&plain(&line), 6));
    }
    if let Some(seconds) = found["found_before_s"].as_u64() {
        let told = format!("Found {} ago; --anew searches again.", age(seconds));
        let _ = writeln!(text, "{}", terminal.wrap(&told, CONTINUED_AT));
    }
    if let Some(message) = found["store"]["message"].as_str() {
        let _ = writeln!(text, "  {}", terminal.wrap(&plain(message), 6));
    }
    let candidates = found["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (all, unique) = (&found["torrents_found"], &found["unique"]);
    let counts = format!("{all} torrents, {unique} of them different");
    let _ = writeln!(text, "{}", terminal.wrap(&counts, CONTINUED_AT));
    for (place, candidate) in candidates.iter().take(SHOWN).enumerate() {
        let _ = writeln!(text, "{}", row(candidate, terminal));
        if let Some(why) = why.filter(|_| place == 0) {
            let why = format!("{}{}", " ".repeat(BELOW_AT), plain(why));
            let _ = writeln!(text, "{}", terminal.wrap(&why, BELOW_AT));
        }
    }
    if candidates.len() > SHOWN {
        let more = format!("… and {} more (--json has all of them)", candidates.len() - SHOWN);
        let _ = writeln!(text, "{}", terminal.fit(&more, 0));
    }
    text.truncate(text.trim_end().len());
    text
}

fn row(candidate: &Value, terminal: &Terminal) -> String {
    let release = &candidate["release"];
    let mut states = candidate["availability"].as_object().into_iter().flatten();
    let state = states.find_map(|(_, state)| state.as_str()).unwrap_or("-");
    let reasons = candidate["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let reasons = reasons.collect::<Vec<_>>().join(", ");
    let facts = format!(
        "{:<6} {:>9}  {:>5} seeds  ",
        plain(release["resolution"].as_str().unwrap_or("-")),
        candidate["size_bytes"].as_u64().map_or("-".to_owned(), size),
        candidate["seeders"].as_u64().map_or("?".to_owned(), |count| count.to_string()),
    );
    let state = format!("{:<10} ", plain(state));
    let ink = if state.starts_with("cached") { Ink::Good } else { Ink::Faint };
    let name = plain(candidate["name"].as_str().unwrap_or_default());
    let hash = candidate["info_hash"].as_str().unwrap_or_default();
    let below = terminal.fit(&plain(&format!("{hash} · {reasons}")), BELOW_AT);
    let below = format!("{}{}", " ".repeat(BELOW_AT), terminal.ink(Ink::Faint, &below));
    // Where the name would have no room beside the facts, it has a line of its own.
    if terminal.width.is_some_and(|width| width < NAME_AT + 20) {
        let facts = terminal.fit(&format!("{facts}{state}"), 0);
        let name = terminal.fit(&name, BELOW_AT);
        return format!("{}\n{}{name}\n{below}", facts.trim_end(), " ".repeat(BELOW_AT));
    }
    let taken = facts.width() + state.width();
    let name = terminal.fit(&name, taken);
    format!("{facts}{}{name}\n{below}", terminal.ink(ink, &state))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_fits_its_terminal_and_a_file_has_all_of_it() {
        let name = format!("{} A Film 2020 1080p \u{1b}[2J", "\u{65e5}\u{672c}".repeat(60));
        let candidate = json!({"info_hash": "a".repeat(40), "name": name, "size_bytes": 1_503_238_553_u64,
            "seeders": 50, "availability": {"realdebrid": "cached"}, "release": {"resolution": "1080p"},
            "reasons": ["cached", "title_match", "1080p"]});
        let found = json!({"id": "tt1254207", "title": {"name": "A Film", "year": 2020},
            "indexes": [{"index": "torrentio", "state": "blocked", "torrents": 0, "elapsed_ms": 3,
                "message": "torrentio refuses this connection (403) until about 18:40; set index.torrentio.url"}],
            "found_before_s": 200, "store": null, "torrents_found": 1, "unique": 1,
            "candidates": vec![candidate; 30]});
        let why = "Plays at once from Real-Debrid; 1080p; 1.5 GB, but it is finer than you want.";
        for width in [20, 40, 60, 80, 132, 500] {
            let terminal = Terminal { width: Some(width), colour: false };
            let health = format!("{} so it is; 3 of 9 answered", "it is silent; ".repeat(40));
            let health = self::health(&health, &terminal);
            assert!(health.contains("of 9"), "{health}");
            let table = of(&found, Some(why), &terminal);
            for line in table.lines().chain(health.lines()) {
                // A word of its own that is wider breaks as the terminal breaks it.
                let fits = line.width() <= width || !line.trim().contains(' ');
                assert!(fits, "{width}: {line}");
            }
            let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words.matches(why).count(), 1, "{table}");
            assert!(words.contains("1 torrents, 1 of them different"), "{table}");
            assert!(!table.contains('\u{1b}') && table.contains("18:40"), "{table}");
        }
        let file = of(&found, None, &Terminal::default());
        assert!(file.contains(&"\u{65e5}\u{672c}".repeat(60)), "{file}");
        assert!(file.contains("Found 3 minutes ago"), "{file}");
        let colours = of(&found, None, &Terminal { width: Some(80), colour: true });
        assert!(colours.contains("\u{1b}[32mcached"), "{colours}");
    }
}
