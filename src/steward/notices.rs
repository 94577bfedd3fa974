//! What the owner should know, kept in memory until the next start or until it is mended.

use std::path::PathBuf;

use super::layout::Layout;
use super::words::Refusal;
use crate::durable::replace_file;

fn place(layout: &Layout) -> PathBuf {
    layout.folders.run.join("notices.json")
}

/// All of them, in the order in which they came.
pub(super) fn read(layout: &Layout) -> Vec<Refusal> {
    let text = std::fs::read(place(layout)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Puts `notices` in the place of what stood there.
pub(super) fn replace(layout: &Layout, notices: &[Refusal]) {
    for notice in notices {
        tracing::warn!(code = notice.code, "{}", notice.message);
    }
    write(layout, notices);
}

/// Adds a notice; one of the same code goes.
pub(super) fn add(layout: &Layout, notice: &Refusal) {
    tracing::warn!(code = notice.code, "{}", notice.message);
    let mut all = read(layout);
    all.retain(|other| other.code != notice.code);
    all.push(notice.clone());
    write(layout, &all);
}

/// What the notices of these codes said is over.
pub(super) fn mended(layout: &Layout, codes: &[&str]) {
    let all = read(layout);
    let left: Vec<_> =
        all.iter().filter(|notice| !codes.contains(&notice.code.as_str())).cloned().collect();
    if left.len() < all.len() {
        write(layout, &left);
    }
}

/// Without memory for a small file there is nobody left to tell.
fn write(layout: &Layout, notices: &[Refusal]) {
    let text = serde_json::to_vec(notices).unwrap_or_default();
    if let Err(error) = replace_file(&place(layout), &text, 0o600) {
        tracing::error!(%error, "the notices could not be written");
    }
}
