//! What a set's search finds of what lies on the box, was begun, comes or is pinned: every title of the
//! lists in memory is looked at once, however long they are.

use std::collections::HashSet;
use std::sync::Arc;

use super::divided::{folders_of, parts_of, under};
use super::listing::Listing;
use super::node::{Node, NodeId};
use super::place::{COMING, CONTINUE, HERE_FILMS, HERE_OTHERS, HERE_SERIES, PINNED, Part, Place};
use super::row::Row;
use super::shelves::{film, whole_name};
use crate::playback::{Error, Playback};

/// A folder, and the titles that stand in it.
type Folder<'a> = (NodeId, &'a [Arc<Row>]);

impl Playback {
    /// The films and episodes in a folder of the shelf, and in those below it, whose title is `wanted`:
    /// each once, under the first folder that has it.
    pub fn search_here(
        &self,
        within: &NodeId,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Node>, Error> {
        let place = within.place();
        let place = place.ok_or_else(|| Error::NoSuchNode { id: within.as_str().to_owned() })?;
        let listing = self.listing()?;
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        for (above, rows) in folders(within, &place, &listing) {
            for row in rows {
                let title = whole_name(row);
                if wanted(&title) && seen.insert(row.media_id.as_str()) {
                    found.push(film(&above, row, title));
                }
            }
        }
        Ok(found)
    }

    /// Says of those that are still coming how far they are, as their folder does.
    pub async fn mark_coming(&self, nodes: &mut [Node]) -> Result<(), Error> {
        let listing = self.listing()?;
        for node in nodes {
            let above = node.parent.as_ref().and_then(NodeId::place);
            let coming =
                matches!(above, Some(Place::Shelf(Part::Coming) | Place::Letter(Part::Coming, ..)));
            if let (true, Some(Place::Film(media_id))) = (coming, node.id.place())
                && let Some(row) = listing.row(&media_id)
            {
                self.mark_how_far(node, row).await;
            }
        }
        Ok(())
    }
}

/// Every folder at or below `within` that holds titles of the shelf.
fn folders<'a>(within: &NodeId, place: &Place, listing: &'a Listing) -> Vec<Folder<'a>> {
    let of = |word: &str, part: Part| folders_of(&NodeId::of(word), part, part.rows(listing));
    match place {
        Place::Root => [
            here(listing),
            of(CONTINUE, Part::Begun),
            of(COMING, Part::Coming),
            of(PINNED, Part::Pinned),
        ]
        .concat(),
        Place::Here => here(listing),
        Place::Shelf(part) => folders_of(within, *part, part.rows(listing)),
        Place::Letter(part, word, None) => parts_of(within, under(part.rows(listing), word)),
        Place::Letter(part, word, Some(_)) => {
            let whole = within.above().unwrap_or_else(|| within.clone());
            let mut parts = parts_of(&whole, under(part.rows(listing), word));
            parts.retain(|(id, _)| id == within);
            parts
        }
        Place::SeriesHere => series(listing),
        Place::SeasonsHere(_) | Place::SeasonHere(..) => {
            let mut seasons = series(listing);
            seasons.retain(|(id, _)| id == within || id.above().as_ref() == Some(within));
            seasons
        }
        // Films hold nothing, and what is not here is found by another search.
        Place::Film(_)
        | Place::Searches
        | Place::List(_)
        | Place::Asked(_)
        | Place::Seasons(_)
        | Place::Season(..) => Vec::new(),
    }
}

fn here(listing: &Listing) -> Vec<Folder<'_>> {
    let of = |word: &str, part: Part| folders_of(&NodeId::of(word), part, part.rows(listing));
    [of(HERE_FILMS, Part::Films), series(listing), of(HERE_OTHERS, Part::Others)].concat()
}

/// The seasons of every series.
fn series(listing: &Listing) -> Vec<Folder<'_>> {
    let season = |row: &Arc<Row>| row.id.and_then(|id| id.episode()).map_or(0, |e| e.season);
    let above = NodeId::of(HERE_SERIES);
    let seasons = listing.series.iter().flat_map(|(title, rows)| {
        let id = above.child(title);
        let seasons = rows.chunk_by(move |a, b| season(a) == season(b));
        seasons.map(move |rows| (id.child(&format!("s{}", season(&rows[0]))), rows))
    });
    seasons.collect()
}
