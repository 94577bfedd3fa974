//! The text of `autoboot.txt`, by the firmware's rules: settings below `[all]`, or below no section,
//! always hold; those below `[tryboot]` hold for the one start after the flag was set; of two, the
//! last holds.

use super::words::Slot;

/// What the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    /// The slot that starts.
    pub(super) default: Slot,
    /// Whether the other one starts when it is asked for once.
    pub(super) can_try: bool,
}

/// A `key=value` line that holds at some start.
struct Setting<'a> {
    once: bool,
    key: &'a [u8],
    value: &'a [u8],
    /// Where the value stands.
    at: usize,
}

/// What the text says, if it names one of our slots.
pub(super) fn parse(text: &[u8]) -> Option<Selected> {
    let settings = settings(text);
    let last = |key: &[u8], once: bool| {
        let holds = |setting: &&Setting<'_>| setting.key == key && (once || !setting.once);
        settings.iter().rfind(holds).map(|setting| setting.value)
    };
    let default = slot(last(b"boot_partition", false)?)?;
    let once = last(b"boot_partition", true).and_then(slot);
    let can_try = once == Some(default.other()) && last(b"tryboot_a_b", false) == Some(b"1");
    Some(Selected { default, can_try })
}

/// The text, of the same length, with this slot to start. Only the two digits change where the rest
/// is as it should be, so that even half a sector would name a slot; else it is written anew, if
/// that fits.
pub(super) fn rewritten(text: &[u8], slot: Slot) -> Option<Vec<u8>> {
    let mut turned = text.to_vec();
    for setting in settings(text) {
        if setting.key == b"boot_partition" && setting.value.len() == 1 {
            turned[setting.at] = digit(if setting.once { slot.other() } else { slot });
        }
    }
    if parse(&turned) == Some(Selected { default: slot, can_try: true }) {
        return Some(turned);
    }
    let mut anew = b"[all]\ntryboot_a_b=1\nboot_partition=".to_vec();
    anew.push(digit(slot));
    anew.extend_from_slice(b"\n[tryboot]\nboot_partition=");
    anew.push(digit(slot.other()));
    anew.push(b'\n');
    let fits = anew.len() <= text.len();
    anew.resize(text.len(), b'\n');
    fits.then_some(anew)
}

fn settings(text: &[u8]) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    let mut section = &b"[all]"[..];
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let trimmed = line.trim_ascii();
        if trimmed.starts_with(b"[") {
            section = trimmed;
        } else if let Some(sign) = line.iter().position(|byte| *byte == b'=') {
            let value = &line[sign + 1..];
            let blanks = value.len() - value.trim_ascii_start().len();
            let once = section == b"[tryboot]";
            // A comment's key begins with its sign, and is no key of ours.
            if once || section == b"[all]" {
                let (key, value) = (line[..sign].trim_ascii(), value.trim_ascii());
                settings.push(Setting { once, key, value, at: start + sign + 1 + blanks });
            }
        }
        start += line.len();
    }
    settings
}

fn slot(value: &[u8]) -> Option<Slot> {
    match value {
        b"2" => Some(Slot::A),
        b"3" => Some(Slot::B),
        _ => None,
    }
}

fn digit(slot: Slot) -> u8 {
    match slot {
        Slot::A => b'2',
        Slot::B => b'3',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n";

    #[test]
    fn the_firmwares_rules() {
        let (a, b) = (Some((Slot::A, true)), Some((Slot::B, true)));
        let (only_a, only_b) = (Some((Slot::A, false)), Some((Slot::B, false)));
        let cases = [
            (TEXT, a),
            ("[all]\r\ntryboot_a_b=1\r\nboot_partition=3\r\n[tryboot]\r\nboot_partition=2", b),
            (" tryboot_a_b = 1\n boot_partition = 2 \n[tryboot]\nboot_partition=3", a),
            ("boot_partition=2\nboot_partition=3\n", only_b),
            ("[all]\nboot_partition=2\n[tryboot]\nboot_partition=3\n", only_a),
            ("[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=2\n", only_a),
            ("[tryboot]\nboot_partition=3\n[all]\ntryboot_a_b=1\nboot_partition=2\n", only_a),
            (
                "tryboot_a_b=1\nboot_partition=2\n[pi4]\nboot_partition=1\n[tryboot]\nboot_partition=3",
                a,
            ),
            ("#boot_partition=3\nboot_partition=2\n", only_a),
            ("[all]\ntryboot_a_b=1\nboot_partition=1\n", None),
            ("[tryboot]\nboot_partition=3\n", None),
            ("boot_partition=22\n", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let said = parse(text.as_bytes()).map(|said| (said.default, said.can_try));
            assert_eq!(said, wanted, "{text:?}");
        }
    }

    #[test]
    fn a_turn_changes_two_digits_and_a_text_that_was_spoilt_is_written_anew() {
        let padded = format!("{TEXT:#<511}\n");
        let turned = rewritten(padded.as_bytes(), Slot::B).unwrap();
        let differ = padded.bytes().zip(&turned).filter(|(old, new)| old != *new).count();
        assert_eq!((turned.len(), differ), (512, 2));
        assert_eq!(rewritten(&turned, Slot::A).unwrap(), padded.as_bytes());
        // Cut anywhere, the sector names a slot that is whole: this or that.
        for cut in 0..512 {
            let torn: Vec<u8> = [&turned[..cut], &padded.as_bytes()[cut..]].concat();
            assert!(parse(&torn).is_some());
        }
        let spoilt = format!("{:512}", "boot_partition=2\n[tryboot]\n");
        assert_eq!(&rewritten(spoilt.as_bytes(), Slot::A).unwrap()[..64], TEXT.as_bytes());
        assert_eq!(rewritten(b"boot_partition=2", Slot::B), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_rewritten_has_its_length_and_says_what_was_asked(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..513),
            text in "((\\[(all|tryboot|none)\\]|(boot_partition|tryboot_a_b) ?= ?[0-4]{1,2}|#.{0,9})\r?\n){0,12}",
        ) {
            for text in [&bytes[..], text.as_bytes()] {
                for slot in [Slot::A, Slot::B] {
                    match rewritten(text, slot) {
                        Some(new) => {
                            assert_eq!(new.len(), text.len());
                            assert_eq!(parse(&new), Some(Selected { default: slot, can_try: true }));
                        }
                        None => assert!(text.len() < 64),
                    }
                }
            }
        }
    }
}
