//! What rows state in words: sizes, trackers.

/// Most trackers that are kept of one row.
const MOST_TRACKERS: usize = 64;
/// Longest tracker's address that is kept, in bytes.
const LONGEST_URL: usize = 512;

/// `1.4 GiB`, `734 Bytes`, `700 kB`, `1503238553`: units by 1024, in bytes. 0 is not known.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is positive and below 2^63"
)]
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    if unit.is_empty() {
        return number.parse().ok().filter(|bytes| *bytes > 0);
    }
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim().to_ascii_lowercase();
    let power = match unit.as_str() {
        "b" | "byte" | "bytes" => 0,
        "kb" | "kib" => 1,
        "mb" | "mib" => 2,
        "gb" | "gib" => 3,
        "tb" | "tib" => 4,
        _ => return None,
    };
    let bytes = (number * 1024_f64.powi(power)).round();
    (1.0..9.2e18).contains(&bytes).then_some(bytes as u64)
}

/// The announce URLs among `urls` that an engine can use, each once.
pub(super) fn trackers<'a>(urls: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut trackers: Vec<String> = Vec::new();
    for url in urls {
        let known = ["udp://", "http://", "https://", "wss://"];
        let sound = known.iter().any(|scheme| url.starts_with(scheme))
            && url.len() <= LONGEST_URL
            && !url.contains(char::is_control);
        if sound && trackers.len() < MOST_TRACKERS && !trackers.iter().any(|seen| seen == url) {
            trackers.push(url.to_owned());
        }
    }
    trackers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_by_1024_in_every_spelling() {
        for (text, bytes) in [
            ("1.4 GiB", Some(1_503_238_554)),
            ("24.0 GiB", Some(25_769_803_776)),
            ("734 Bytes", Some(734)),
            ("1 Byte", Some(1)),
            ("700 kB", Some(716_800)),
            ("2GB", Some(2 << 30)),
            ("1 TiB", Some(1 << 40)),
            (" 1503238553 ", Some(1_503_238_553)),
            ("0", None),
            ("0 Bytes", None),
            ("-1", None),
            ("1.5", None),
            ("1.2.3 GiB", None),
            ("GiB", None),
            ("1 furlong", None),
            ("99999999999999999999 TiB", None),
            ("99999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(size(text), bytes, "{text:?}");
        }
    }
}
