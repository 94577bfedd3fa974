//! How long lists of the shelf are divided: by letters, and a letter with many titles into parts.

use std::sync::Arc;

use super::MOST;
use super::listing::Listing;
use super::names::letter;
use super::node::NodeId;
use super::place::Part;
use super::row::Row;

type Rows = [Arc<Row>];

/// The rows under each letter; they are sorted by it.
pub(super) fn by_letter(rows: &Rows) -> impl Iterator<Item = (&'static str, &Rows)> {
    let parts = rows.chunk_by(|a, b| letter(&a.order) == letter(&b.order));
    parts.map(|rows| (letter(&rows[0].order), rows))
}

/// Those under one.
pub(super) fn under<'a>(rows: &'a Rows, word: &str) -> &'a Rows {
    let found = by_letter(rows).find(|(letter, _)| *letter == word);
    found.map(|(_, rows)| rows).unwrap_or_default()
}

/// `Abc – Abd`.
pub(super) fn from_to(rows: &Rows) -> String {
    let short = |row: Option<&Arc<Row>>| -> String {
        row.map(|row| row.title.chars().take(20).collect()).unwrap_or_default()
    };
    format!("{} \u{2013} {}", short(rows.first()), short(rows.last()))
}

/// How much the folder of a part of the shelf holds: titles, or letters.
pub(super) fn children_of(part: Part, listing: &Listing) -> Option<u32> {
    let rows = part.rows(listing);
    let children = match part.has_letters() {
        false => rows.len().min(MOST),
        true if rows.len() <= MOST => rows.len(),
        true => by_letter(rows).count(),
    };
    u32::try_from(children).ok()
}

/// How much the folder of a letter holds: titles, or parts.
pub(super) fn of_letter(rows: &Rows) -> Option<u32> {
    let children = if rows.len() <= MOST { rows.len() } else { rows.len().div_ceil(MOST) };
    u32::try_from(children).ok()
}

/// The folders in which the titles of a part of the shelf stand, at or below that part's own.
pub(super) fn folders_of<'a>(id: &NodeId, part: Part, rows: &'a Rows) -> Vec<(NodeId, &'a Rows)> {
    if !part.has_letters() || rows.len() <= MOST {
        // Of a longer part the list is cut here.
        return vec![(id.clone(), &rows[..rows.len().min(MOST)])];
    }
    by_letter(rows).flat_map(|(word, rows)| parts_of(&id.child(word), rows)).collect()
}

/// The same of a letter.
pub(super) fn parts_of<'a>(id: &NodeId, rows: &'a Rows) -> Vec<(NodeId, &'a Rows)> {
    if rows.len() <= MOST {
        return vec![(id.clone(), rows)];
    }
    let parts = rows.chunks(MOST).enumerate();
    parts.map(|(at, rows)| (id.child(&format!("part-{at}")), rows)).collect()
}
