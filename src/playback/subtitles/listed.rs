//! Subtitles of a folder's films, for players that look for them beside a film (WebDAV): they list the
//! folder before or while the film opens, and what does not lie there then is missing at its first play.
//!
//! So a list waits a little: for a film that was opened just now, whatever else stands in the folder;
//! and for the films of a small folder, such as a season. What is asked is what is offered for a title,
//! never a film's torrent or its store; and few titles a minute, since some programs walk through all
//! folders.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use super::super::{Playback, lock};
use super::Whose;

/// How long a list waits. What is learnt later is told the next time.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many films a folder may have for all of them to be asked for.
const FEW: usize = 12;
/// How many titles are asked for in a [`MINUTE`], of those that nobody has opened.
const A_MINUTE: usize = 24;
const MINUTE: Duration = Duration::from_secs(60);

/// When titles were asked for that were listed alone.
#[derive(Default)]
pub(super) struct Listed(Mutex<VecDeque<Instant>>);

impl Listed {
    /// Whether one more may be asked for now; then it counts.
    fn admits(&self) -> bool {
        let mut lately = lock(&self.0);
        lately.retain(|at| at.elapsed() < MINUTE);
        let admits = lately.len() < A_MINUTE;
        if admits {
            lately.push_back(Instant::now());
        }
        admits
    }
}

impl Playback {
    /// Whether who looks at one film of a list, and has not opened it, may have its subtitles asked for
    /// now; then that counts. Some players look at each film of a list so.
    #[must_use]
    pub fn may_ask_for_subtitles_of(&self, film: &str) -> bool {
        lock(&self.subtitles.begun).contains(film) || self.subtitles.listed.admits()
    }

    /// Learns the subtitles of the films of one folder, by their media ids, as far as that is polite
    /// and a short wait brings.
    pub async fn learn_subtitles_of_folder(self: &Arc<Self>, films: &[String]) {
        let begun: Vec<&String> = {
            let begun = lock(&self.subtitles.begun);
            films.iter().filter(|film| begun.contains(*film)).collect()
        };
        let small = films.len() <= FEW;
        let asked = films.iter().filter_map(|film| {
            let is_begun = begun.contains(&film);
            if !is_begun && !small {
                return None;
            }
            let whose = self.whose(film).ok()?;
            let lacks = self.lacks(film, &whose, is_begun);
            let may_ask = lacks && (is_begun || self.subtitles.listed.admits());
            may_ask.then_some((film, whose, is_begun))
        });
        let learning = asked.map(|(film, whose, is_begun)| async move {
            let files = async {
                if let Some(playable) = whose.playable.as_ref().filter(|_| is_begun) {
                    self.files_learnt(playable).await;
                }
            };
            tokio::join!(files, self.offers_learnt(film, &whose));
        });
        let _ = timeout(PATIENCE, join_all(learning)).await;
    }

    /// Whether a question may bring subtitles of which nothing is known.
    fn lacks(&self, film: &str, whose: &Whose, is_begun: bool) -> bool {
        let offers = self.preferences().opensubtitles
            && self.wanted_of(whose, None).is_some()
            && self.offers_if_known(film, whose).is_none();
        let playable = whose.playable.as_ref().filter(|_| is_begun);
        let files = || playable.is_some_and(|one| self.files_known(&one.info_hash).is_none());
        offers || files()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_walks_through_all_folders_has_few_titles_asked_for() {
        let listed = Listed::default();
        assert!((0..A_MINUTE).all(|_| listed.admits()));
        assert!(!listed.admits());
        tokio::time::advance(MINUTE).await;
        assert!(listed.admits());
    }
}
