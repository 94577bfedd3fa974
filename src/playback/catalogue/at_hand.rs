//! What a set's search finds of titles that are not here: those of the catalogues and of late searches,
//! as they were told last. Nobody is asked: a search that waits for strangers is given up by the set.

use std::collections::HashSet;

use super::node::{Node, NodeId};
use super::place::{POPULAR, Place, SEARCHES, Source, search_word};
use super::told;
use crate::playback::{Error, Playback};
use crate::title::{Found, Kind};

/// Most that are found: a remote scrolls line by line.
const MOST: usize = 200;
/// Most rows that are looked at for that.
const MOST_LOOKED_AT: usize = 3_000;

impl Playback {
    /// Films in the lists below `within` that are `wanted`, each once, under the first list that has
    /// it. Of series there are folders, which no search of a set finds.
    pub fn at_hand(
        &self,
        within: &NodeId,
        wanted: impl Fn(&Node) -> bool,
    ) -> Result<Vec<Node>, Error> {
        let place = within.place();
        let place = place.ok_or_else(|| Error::NoSuchNode { id: within.as_str().to_owned() })?;
        let mut seen = HashSet::new();
        let rows = self.rows_at_hand(within, &place).take(MOST_LOOKED_AT);
        let films = rows.filter(|(_, row)| row.film && seen.insert(row.id));
        let nodes = films.map(|(list, row)| self.title_node(&list, &row));
        Ok(nodes.filter(|node| wanted(node)).take(MOST).collect())
    }

    /// The rows of the lists in a folder, each with its list.
    fn rows_at_hand<'a>(
        &'a self,
        within: &NodeId,
        place: &Place,
    ) -> Box<dyn Iterator<Item = (NodeId, Found)> + 'a> {
        match place {
            Place::Root => Box::new(self.rows_of_searches().chain(
                POPULAR.iter().flat_map(|(word, kind)| self.rows_of_popular(word, *kind, 0)),
            )),
            Place::Searches => Box::new(self.rows_of_searches()),
            Place::List(Source::Search(text)) => {
                let list = within.clone();
                let rows = self.parts.titles.search_known(text).into_iter();
                Box::new(rows.map(move |row| (list.clone(), row)))
            }
            Place::List(Source::Popular(kind, skip)) => {
                let word = POPULAR.iter().find(|(_, known)| known == kind);
                let word = word.map_or("", |(word, _)| *word);
                Box::new(self.rows_of_popular(word, *kind, *skip))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    fn rows_of_searches(&self) -> impl Iterator<Item = (NodeId, Found)> {
        self.searches().into_iter().flat_map(|text| {
            let list = NodeId::of(SEARCHES).child(&search_word(&text));
            let rows = self.parts.titles.search_known(&text).into_iter();
            rows.map(move |row| (list.clone(), row))
        })
    }

    /// Part by part, as far as somebody has turned it over.
    fn rows_of_popular(
        &self,
        word: &'static str,
        kind: Kind,
        skip: u32,
    ) -> impl Iterator<Item = (NodeId, Found)> {
        let mut next = Some(skip);
        let parts = std::iter::from_fn(move || {
            let skip = next?;
            let rows = self.parts.titles.popular_known(kind, skip);
            let told = u32::try_from(rows.len()).ok().filter(|told| *told > 0)?;
            next = skip.checked_add(told).filter(|next| *next <= told::FURTHEST);
            let first = NodeId::of(word);
            let list = if skip == 0 { first } else { first.child(&format!("more-{skip}")) };
            Some(rows.into_iter().map(move |row| (list.clone(), row)))
        });
        parts.flatten()
    }
}
