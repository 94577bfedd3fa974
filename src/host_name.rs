//! What a name becomes where it is a host's: in DNS, and of the running system.

/// Longest DNS label, in bytes (RFC 1035 section 2.3.4). An instance name is one label too.
const LABEL_BYTES: usize = 63;

/// Room kept free at a label's end: a conflict appends ` (12)` or `-12` (RFC 6762 section 9).
const SUFFIX_BYTES: usize = 5;

/// What the host is called where the given name has no letter or digit that DNS takes.
const FALLBACK: &str = "credenza";

/// The first label of the host name: lower-case letters, digits and inner hyphens (RFC 1123
/// section 2.1). `Mum's TV` is `mums-tv`; a name in another script is `credenza`.
#[must_use]
pub fn host_label(name: &str) -> String {
    let mut label = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => label.push(c),
            '\'' | '\u{2019}' => {}
            _ if label.is_empty() || label.ends_with('-') => {}
            _ => label.push('-'),
        }
    }
    let label = cut(&label).trim_end_matches('-');
    if label.is_empty() { FALLBACK.to_owned() } else { label.to_owned() }
}

/// As much of `text` as leaves room for a conflict's suffix.
#[must_use]
pub fn cut(text: &str) -> &str {
    let mut end = text.len().min(LABEL_BYTES - SUFFIX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_becomes_a_label_that_dns_takes() {
        for (name, label) in [
            ("Credenza", "credenza"),
            ("Living Room", "living-room"),
            ("Mum's TV", "mums-tv"),
            ("  --The   Den!-- ", "the-den"),
            ("2nd floor", "2nd-floor"),
            ("Caf\u{e9}", "caf"),
            ("\u{5c45}\u{9593}", "credenza"),
            ("", "credenza"),
            ("a.b", "a-b"),
        ] {
            assert_eq!(host_label(name), label, "{name}");
        }
    }

    proptest! {
        #[test]
        fn labels_of_any_name_fit_with_a_suffix(name in ".*") {
            let label = host_label(&name);
            prop_assert!((1..=58).contains(&label.len()));
            prop_assert!(!label.starts_with('-') && !label.ends_with('-'));
            prop_assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        }
    }
}
