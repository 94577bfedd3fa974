//! UUIDs: what never changes of the box, whatever it is called and wherever it stands.

use sha1::{Digest as _, Sha1};

/// The namespace of our devices' names (RFC 9562, 5.5): made once, of chance.
const NAMESPACE: [u8; 16] = [
    0x6d, 0x5f, 0x2b, 0x0c, 0x9a, 0x41, 0x4f, 0x7e, 0x8c, 0x13, 0x52, 0xe0, 0x7b, 0x96, 0xd4, 0x28,
];

/// The UUID (version 5; RFC 9562, 5.5) of the media server of the machine with this id.
#[must_use]
pub fn of_machine(id: &str) -> String {
    let hash = Sha1::new().chain_update(NAMESPACE).chain_update(id.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x50;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    text(&bytes)
}

/// In groups of 8, 4, 4, 4 and 12 digits.
pub(super) fn text(bytes: &[u8; 16]) -> String {
    let digits = data_encoding::HEXLOWER.encode(bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_one_uuid_of_version_5() {
        let uuid = of_machine("a");
        assert_eq!(uuid, of_machine("a"));
        assert_ne!(uuid, of_machine("b"));
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "5"));
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    }
}
