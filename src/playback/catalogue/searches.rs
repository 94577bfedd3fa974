//! What was searched for of late on a phone, so that a set that cannot type has it too.

use super::node::{Node, NodeId};
use super::place::search_word;
use crate::playback::{Playback, lock};

/// How many are kept.
const MOST: usize = 10;
/// Under which name the cache has them: losing them costs nobody anything.
const KEY: &str = "searched";
/// Longest text that is kept, in characters.
const LONGEST: usize = 100;

impl Playback {
    /// Somebody searched for this, and something was found.
    pub(in crate::playback) fn note_search(&self, text: &str) {
        let text: String =
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
        if text.is_empty() {
            return;
        }
        let _alone = lock(&self.changing_searches);
        let mut searches = self.searches();
        let same = |known: &String| known.to_lowercase() == text.to_lowercase();
        if searches.first().is_some_and(same) {
            return;
        }
        searches.retain(|known| !same(known));
        // Who types on sends the beginning of a word before the word.
        let begun = |known: &String| text.to_lowercase().starts_with(&known.to_lowercase());
        if searches.first().is_some_and(begun) {
            searches.remove(0);
        }
        searches.insert(0, text);
        searches.truncate(MOST);
        self.parts.cache.put_answer(KEY, &searches);
        self.lists.bump();
    }

    /// What was searched for, the last first.
    pub(super) fn searches(&self) -> Vec<String> {
        self.parts
            .cache
            .answer::<Vec<String>>(KEY)
            .map(|(searches, _)| searches)
            .unwrap_or_default()
    }

    pub(super) fn of_searches(&self, id: &NodeId) -> Vec<Node> {
        self.searches().iter().map(|text| id.folder(&search_word(text), text, None)).collect()
    }
}
