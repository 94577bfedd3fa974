//! What the given name becomes on the network: shown whole.

use crate::host_name::cut;

/// The name as service browsers show it: any text (RFC 6763 section 4.1.1), without control
/// characters, cut at a character. `None` where nothing is left.
pub(super) fn instance(name: &str) -> Option<String> {
    let shown: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    let cut = cut(&shown).trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_shown_as_it_was_given() {
        for (name, shown) in [
            (" Mum's TV ", Some("Mum's TV")),
            ("a.b", Some("a.b")),
            ("\u{5c45}\u{9593}", Some("\u{5c45}\u{9593}")),
            ("a\nb", Some("ab")),
            (" \t ", None),
        ] {
            assert_eq!(instance(name).as_deref(), shown, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_fits_with_a_suffix(name in ".*") {
            prop_assert!(instance(&name).is_none_or(|shown| (1..=58).contains(&shown.len())));
        }
    }
}
