//! The public keys of a box, each of which may sign an update.

use std::fs;
use std::path::Path;

use minisign_verify::{Error as Fault, PublicKey, Signature};

use super::Error;

/// The keys of a box: at least one.
#[derive(Debug, Clone)]
pub struct Keys(Vec<PublicKey>);

impl Keys {
    /// Reads the `*.pub` files of a folder. One that is damaged is an error, not a key fewer: the
    /// folder is part of a signed, read-only image.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let none = |what: String| Error::NoKeys { what };
        let unread = |error| none(format!("{}: {error}", folder.display()));
        let mut keys = Vec::new();
        for entry in fs::read_dir(folder).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path.extension().is_some_and(|ending| ending == "pub") {
                let key = PublicKey::from_file(&path);
                keys.push(key.map_err(|error| none(format!("{}: {error}", path.display())))?);
            }
        }
        if keys.is_empty() {
            return Err(none(format!("there is none in {}", folder.display())));
        }
        Ok(Self(keys))
    }

    /// Whether one of the keys signed `message`. Only what minisign makes today is taken: four
    /// lines, prehashed.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let text = std::str::from_utf8(signature).map_err(|_| Error::BadSignature)?;
        if text.lines().count() != 4 {
            return Err(Error::BadSignature);
        }
        let signature = Signature::decode(text).map_err(|_| Error::BadSignature)?;
        let mut known = false;
        for key in &self.0 {
            match key.verify(message, &signature, false) {
                Ok(()) => return Ok(()),
                Err(Fault::UnexpectedKeyId) => {}
                Err(_) => known = true,
            }
        }
        Err(if known { Error::BadSignature } else { Error::UnknownKey })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bundle) const PUBLIC: &str = "untrusted comment: minisign public key 8063F0071ADF46AA\n\
        RWSqRt8aB/BjgGYMV7PE8r/zB3rJeoUteIq9IMzfDZrgUlufJLmd2ATR\n";
    /// Over `hi` and a line break.
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUSqRt8aB/BjgKxwZm2eXGxBG0pCN29lZYJ0MaWcO59cExq2iEArTS+JEZDj/ysILSV97e9yfd3CfALN8I0sa9WN4rQqaS02fAY=\n\
        trusted comment: x\n\
        2ALBpdaEXw59CEU+B5e5gUd2/qq6EoQDoTtoQnNsw74Dkx07mz9jYqd13YaSkFciVQzLLX9Fulpt6eEhy6c2Cg==\n";
    /// The same, not prehashed, as `minisign -l` makes it.
    const LEGACY: &str = "untrusted comment: signature from minisign secret key\n\
        RWSqRt8aB/BjgM8chCS42r1j88W70pLRTeETLLIzYWH6yPoEWT9e6yCj0V2VPUvhseC5eNnFJRiw1j5+lPxcB4tH0Ahz7aZb3QM=\n\
        trusted comment: x\n\
        8VxWBr6EDZDHfEj9zRZQESMnWn70Dn52lnOJB6yI0wR5KUE8zIFR+ljbFtwcUwOSO+9WVePjWZvVMFO07/iZAw==\n";

    pub(in crate::bundle) fn keys() -> Keys {
        Keys(vec![PublicKey::decode(PUBLIC).unwrap()])
    }

    #[test]
    fn what_minisign_signed_is_taken_and_nothing_like_it() {
        keys().verify(b"hi\n", SIGNATURE.as_bytes()).unwrap();
        let other = SIGNATURE.replace("RUSqRt8a", "RUSqRt8b");
        let lines: Vec<&str> = SIGNATURE.lines().collect();
        let cases = [
            ("another message", &b"hi"[..], SIGNATURE.to_owned(), "bad_signature"),
            ("another key", b"hi\n", other, "bad_signature"),
            ("another trusted comment", b"hi\n", SIGNATURE.replace(": x", ": y"), "bad_signature"),
            ("a legacy signature", b"hi\n", LEGACY.to_owned(), "bad_signature"),
            ("a fifth line", b"hi\n", format!("{SIGNATURE}more\n"), "bad_signature"),
            ("three lines", b"hi\n", lines[..3].join("\n"), "bad_signature"),
            ("nothing", b"hi\n", String::new(), "bad_signature"),
        ];
        for (name, message, signature, code) in cases {
            let fault = keys().verify(message, signature.as_bytes()).expect_err(name);
            assert_eq!(fault.code(), code, "{name}");
        }
    }

    #[test]
    fn a_folder_without_a_key_or_with_a_damaged_one_is_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let sentence = || Keys::read(folder.path()).unwrap_err().to_string();
        assert!(sentence().starts_with("this box has no key to check updates with (there is none"));
        fs::write(folder.path().join("current.pub"), PUBLIC).unwrap();
        fs::write(folder.path().join("current.key"), "not looked at").unwrap();
        assert_eq!(Keys::read(folder.path()).unwrap().0.len(), 1);
        fs::write(folder.path().join("next.pub"), "<html>").unwrap();
        assert!(sentence().contains("next.pub"), "{}", sentence());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_a_signature(bytes: Vec<u8>, text in ".{0,80}\n[A-Za-z0-9+/]{98,100}=?=?\ntrusted comment: .{0,20}\n[A-Za-z0-9+/]{86}==\n") {
            assert!(keys().verify(b"hi\n", &bytes).is_err());
            assert!(keys().verify(b"hi\n", text.as_bytes()).is_err());
        }
    }
}
