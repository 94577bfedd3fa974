//! Update bundles, good and bad, made with the `minisign` that makers use.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::process::finish;

const LIMIT: Duration = Duration::from_secs(30);

/// A pair of minisign keys.
pub struct Key {
    folder: tempfile::TempDir,
}

impl Key {
    pub fn new() -> Self {
        let key = Self { folder: tempfile::tempdir().unwrap() };
        let mut command = Command::new("minisign");
        command.args(["-G", "-W", "-p"]).arg(key.public()).arg("-s").arg(key.secret());
        finish(&mut command, LIMIT).unwrap();
        key
    }

    pub fn public(&self) -> PathBuf {
        self.folder.path().join("key.pub")
    }

    fn secret(&self) -> PathBuf {
        self.folder.path().join("key.key")
    }

    /// A signature over `message`, as minisign makes it with these options.
    pub fn sign_with(&self, options: &[&str], message: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (file, signature) = (folder.path().join("m"), folder.path().join("m.minisig"));
        fs::write(&file, message).unwrap();
        let mut command = Command::new("minisign");
        command.arg("-S").args(options).arg("-s").arg(self.secret()).arg("-m").arg(file);
        finish(&mut command, LIMIT).unwrap();
        fs::read(signature).unwrap()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_with(&[], message)
    }

    /// Whether minisign itself takes the signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let (file, minisig) = (folder.path().join("m"), folder.path().join("m.minisig"));
        fs::write(&file, message).unwrap();
        fs::write(&minisig, signature).unwrap();
        let mut command = Command::new("minisign");
        command.args(["-V", "-p"]).arg(self.public()).arg("-m").arg(file);
        finish(&mut command, LIMIT).is_ok()
    }
}

/// A bundle in its parts.
#[derive(Clone)]
pub struct Bundle {
    pub magic: Vec<u8>,
    /// Said in place of the true sizes.
    pub sizes: Option<String>,
    pub manifest: Vec<u8>,
    pub signature: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Bundle {
    /// A good bundle for the board `rpi4`.
    pub fn new(key: &Key, version: &str, counter: u64, payload: Vec<u8>) -> Self {
        let manifest = manifest(version, counter, &payload);
        Self::of(key, manifest.to_string().into_bytes(), payload)
    }

    /// Whatever manifest, well signed.
    pub fn of(key: &Key, manifest: Vec<u8>, payload: Vec<u8>) -> Self {
        let signature = key.sign(&manifest);
        Self { magic: b"credenza-bundle 1\n".to_vec(), sizes: None, manifest, signature, payload }
    }

    pub fn head(&self) -> Vec<u8> {
        let true_sizes = || format!("{} {}\n", self.manifest.len(), self.signature.len());
        let sizes = self.sizes.clone().unwrap_or_else(true_sizes).into_bytes();
        [&self.magic[..], &sizes, &self.manifest, &self.signature].concat()
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.head(), self.payload.clone()].concat()
    }
}

/// What a good manifest says.
pub fn manifest(version: &str, counter: u64, payload: &[u8]) -> Value {
    json!({
        "format": 1,
        "board": "rpi4",
        "version": version,
        "counter": counter,
        "slot_bytes": payload.len(),
        "slot_sha256": HEXLOWER.encode(&Sha256::digest(payload)),
    })
}

/// The bytes of a slot: no two of a page are those of another counter's.
pub fn slot_image(counter: u64, bytes: u64) -> Vec<u8> {
    let mut state = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut image = Vec::with_capacity(usize::try_from(bytes).unwrap());
    while (image.len() as u64) < bytes {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        image.extend_from_slice(&state.to_le_bytes());
    }
    image
}
