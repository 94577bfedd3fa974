//! An update bundle: a signed manifest, then the bytes of a slot.
//!
//! A bundle is one file, `credenza-BOARD-VERSION.bundle`, that is read once from front to back. What
//! it says is believed only after its signature was checked, and that is before its first byte is
//! written anywhere. In full, with the payload left out:
//!
//! ```text
//! credenza-bundle 1
//! 162 281
//! {"format":1,"board":"rpi4","version":"0.3.1","counter":31,"slot_bytes":83886080,"slot_sha256":"9f…c2"}
//! untrusted comment: signature from minisign secret key
//! RUSqRt8aB/BjgKxwZm2eXGxBG0pCN29lZYJ0MaWcO59cExq2iEArTS+JEZDj/ysILSV97e9yfd3CfALN8I0sa9WN4rQqaS02fAY=
//! trusted comment: credenza rpi4 0.3.1
//! 2ALBpdaEXw59CEU+B5e5gUd2/qq6EoQDoTtoQnNsw74Dkx07mz9jYqd13YaSkFciVQzLLX9Fulpt6eEhy6c2Cg==
//! ```
//!
//! 1. The magic line, `credenza-bundle 1`.
//! 2. Two decimal numbers: how many bytes the manifest has (at most 16 KiB), and the signature (at
//!    most 4 KiB).
//! 3. The manifest: one JSON object of exactly these keys. `board` is the board's name, `version` is
//!    for people, `counter` says which version is newer, and `slot_bytes` and `slot_sha256` are the
//!    size and checksum of what follows.
//! 4. The signature: a `.minisig` file over exactly the manifest's bytes, prehashed as minisign 0.10
//!    and later make it. Nothing stands between manifest and signature: in the example the line
//!    break after the manifest is the manifest's own.
//! 5. `slot_bytes` bytes, the image of a slot from its front; then nothing.
//!
//! Numbers 1 to 4 are the bundle's *head*. It is kept beside the slot that was written, so that
//! what a slot holds is proved by the same signature each time it is asked.
//!
//! To make one by hand, with a manifest in `manifest.json` and an image in `slot.img`:
//!
//! ```sh
//! minisign -S -s current.key -m manifest.json -x manifest.minisig
//! { printf 'credenza-bundle 1\n%d %d\n' "$(wc -c <manifest.json)" "$(wc -c <manifest.minisig)"
//!   cat manifest.json manifest.minisig slot.img; } >credenza-rpi4-0.3.1.bundle
//! ```
//!
//! A box knows two keys: the one that signs today and the one that takes over when that is lost or
//! stolen. A signature of either will do. An update never leads backwards: a bundle whose counter
//! is not above the running one's is refused, whoever signed it. Going back is starting the other
//! slot as it is, which the owner alone may ask.

mod error;
mod head;
mod keys;
mod manifest;
mod payload;

pub use error::Error;
pub use head::Head;
pub use keys::Keys;
pub use manifest::{Manifest, Running};
pub use payload::Payload;
