//! Texts for people, on pages and in terminals.

/// Longest text of a stranger that is shown, in characters.
const LONGEST: usize = 300;

/// A stranger's text without control characters, which would speak to a terminal, and without the
/// marks that turn its direction or have no width. Escaping for HTML is the template's.
#[must_use]
pub fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}');
    text.chars().filter(|c| !c.is_control() && !turns(*c)).take(LONGEST).collect()
}

/// A sentence of a program's as one on a page: with a capital letter and a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let text = plain(text);
    let mut letters = text.trim().chars();
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}

/// A size in binary units, with one decimal.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn size(bytes: u64) -> String {
    let mib = bytes as f64 / 1_048_576.0;
    if mib >= 1024.0 { format!("{:.1} GiB", mib / 1024.0) } else { format!("{mib:.1} MiB") }
}

/// So many seconds, in the one unit that says enough: `40 seconds`, `3 minutes`, `2 hours`.
#[must_use]
pub fn age(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..90 => (seconds, "second"),
        90..5_400 => ((seconds + 30) / 60, "minute"),
        5_400..129_600 => ((seconds + 1_800) / 3_600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_speaks_to_no_terminal_and_turns_no_line() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\r\nc\u{200b}"), "a[2Jbc");
        assert_eq!(plain(&"x".repeat(1000)).len(), 300);
        assert_eq!(sentence("the card is full; make room"), "The card is full; make room.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(size(1_503_238_553), "1.4 GiB");
        assert_eq!(size(700_000), "0.7 MiB");
    }

    #[test]
    fn an_age_is_told_in_one_unit() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (89, "89 seconds"),
            (90, "2 minutes"),
            (600, "10 minutes"),
            (5_400, "2 hours"),
            (86_400, "24 hours"),
            (200_000, "2 days"),
            (u64::MAX - 50_000, "213503982334601 days"),
        ] {
            assert_eq!(age(seconds), expected);
        }
    }
}
