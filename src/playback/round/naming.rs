//! What a title is called besides: asked beside the indexes, and of no weight but for the ranking.

use std::sync::Arc;

use super::super::desk::also_called;
use super::Round;
use crate::media::{Query, StremioId};

impl Round {
    /// The other names of the title, where they were told before.
    pub(super) fn recall_names(&mut self) {
        let imdb = self.query.title.as_ref().and_then(|title| title.imdb);
        self.names = self.desk.parts.titles.known_names(&self.query.id, imdb);
    }

    /// Asks for the other names of the title beside the indexes. Only the ranking needs them.
    pub(super) fn ask_names(&mut self) {
        if self.names.is_none() {
            self.recall_names();
        }
        let known = self.names.is_some() || self.more_names.is_some();
        if known || self.desk.parts.titles.tmdb_key().is_none() {
            return;
        }
        let imdb = self.query.title.as_ref().and_then(|title| title.imdb);
        // An anime's place at IMDb comes with its title.
        if imdb.is_none() && matches!(self.query.id, StremioId::Anime { .. }) {
            return;
        }
        let (desk, id) = (Arc::clone(&self.desk), self.query.id);
        self.more_names = Some(Box::pin(async move { desk.other_names(id, imdb).await }));
    }

    /// They are told.
    pub(super) fn named(&mut self, names: Vec<String>) {
        (self.names, self.more_names, self.news) = (Some(names), None, true);
    }

    /// What is asked, with all that it is called.
    pub(super) fn named_query(&self) -> Query {
        let (title, names) = (self.query.title.clone(), self.names.clone().unwrap_or_default());
        Query { title: title.map(|title| also_called(title, names)), ..self.query }
    }
}
