//! What is told of films to who watches and to the owner: each a sentence that says what to do, there
//! for as long as it is so.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::making_room::in_words;
use super::playable::Via;
use super::session::{Session, megabits};
use super::thin_line::Thin;
use super::tidy::{Gone, name_of};
use super::{Notice, Playback, lock};
use crate::library::Why;

/// How long it is told what went because its room was needed.
const TOLD_FOR: Duration = Duration::from_secs(24 * 3600);
/// Most that is remembered of it, and how many of them are named.
const MOST: usize = 200;
const NAMED: usize = 3;

/// What was removed because its room was needed.
#[derive(Default)]
pub(super) struct MadeRoom(Mutex<Vec<(Instant, Gone)>>);

impl MadeRoom {
    pub(super) fn note(&self, removed: &[Gone]) {
        let now = Instant::now();
        let mut gone = lock(&self.0);
        gone.extend(removed.iter().map(|one| (now, one.clone())));
        let too_many = gone.len().saturating_sub(MOST);
        gone.drain(..too_many);
    }

    fn notice(&self) -> Option<Notice> {
        let mut gone = lock(&self.0);
        gone.retain(|(at, _)| at.elapsed() < TOLD_FOR);
        let last = gone.last()?;
        let full = match last.1.why {
            Why::Quota => "the library was full (library.max_bytes)",
            _ => "the library's disk was full",
        };
        let (count, bytes) = (gone.len(), gone.iter().map(|(_, one)| one.bytes).sum::<u64>());
        let mut names: Vec<&str> =
            gone.iter().rev().take(NAMED).map(|(_, one)| one.title.as_str()).collect();
        if count > NAMED {
            names.push("…");
        }
        let films = if count == 1 { "film" } else { "films" };
        Some(Notice {
            code: "made_room",
            message: format!(
                "{full}: removed {count} {films} that nobody had watched for longest ({}; {}); keep \
                 what is to stay on the library page, or give films a larger disk",
                names.join(", "),
                in_words(bytes)
            ),
        })
    }
}

impl Playback {
    /// A sentence for who watches a film, where something stands in its way.
    #[must_use]
    pub fn note_on(&self, media_id: &str) -> Option<String> {
        let session = lock(&self.sessions).get(media_id).cloned()?;
        self.note_of(&session)
    }

    pub(super) fn note_of(&self, session: &Session) -> Option<String> {
        Some(self.notice_on(session)?.message)
    }

    fn notice_on(&self, session: &Session) -> Option<Notice> {
        let media_id = session.playable.media_id();
        let slow = || Some(Notice { code: "slow_source", message: session.note()? });
        let thin = || {
            let Thin { brings, needs } = self.readers.thin_line(&media_id)?;
            let (brings, needs) = (megabits(brings), megabits(needs));
            let message = format!(
                "the film takes {needs} Mbit/s and the line to the set brings {brings} Mbit/s, so that \
                 it stops now and then: connect the set by cable or nearer to the Wi-Fi, or choose a \
                 smaller release"
            );
            Some(Notice { code: "thin_line", message })
        };
        let peers = || {
            let message = LOOKING.to_owned();
            self.looks_for_peers(session).then_some(Notice { code: "looking_for_peers", message })
        };
        slow().or_else(thin).or_else(peers)
    }

    /// Whether somebody waits for a film from peers, and none is connected.
    fn looks_for_peers(&self, session: &Session) -> bool {
        let by_peers = match session.via() {
            Some(via) => via == Via::Swarm,
            // Just being opened.
            None => session.playable.via == Via::Swarm && self.parts.swarm.allowed(),
        };
        let status = || self.parts.swarm.status(&session.playable.info_hash);
        by_peers
            && self.readers.of(&session.playable.media_id()) > 0
            && status().is_none_or(|status| status.peers == 0 && status.error.is_none())
    }

    /// What is to be told of films now: of those that are read, and of those that went.
    pub(super) fn notices_of_films(&self) -> Vec<Notice> {
        let sessions: Vec<_> = lock(&self.sessions).values().cloned().collect();
        let of_it = |session: &Session| {
            let Notice { code, message } = self.notice_on(session)?;
            let message = format!("{}: {message}", name_of(&session.playable));
            Some(Notice { code, message })
        };
        let of_films = sessions.iter().filter_map(|session| of_it(session));
        of_films.chain(self.made_room.notice()).collect()
    }
}

/// What is told where nobody is connected who has a film.
pub(super) const LOOKING: &str = "looking for peers: nobody who has it is connected at the moment, and \
    it goes on when somebody is, or by another way where there is one; wait a little, or choose a \
    release with more seeders";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_went_for_its_room_is_told_for_a_day() {
        let gone = |title: &str, why| Gone {
            media_id: String::new(),
            title: title.to_owned(),
            bytes: 3 << 30,
            why,
        };
        let made = MadeRoom::default();
        assert_eq!(made.notice(), None);
        made.note(&[gone("A (2001)", Why::Room)]);
        let said = made.notice().unwrap().message;
        assert!(said.contains("disk was full: removed 1 film that"), "{said}");
        assert!(said.contains("(A (2001); 3.0 GiB)"), "{said}");
        tokio::time::advance(TOLD_FOR / 2).await;
        made.note(&["B", "C", "D"].map(|title| gone(title, Why::Quota)));
        let said = made.notice().unwrap().message;
        assert!(said.contains("(library.max_bytes): removed 4 films that"), "{said}");
        assert!(said.contains("(D, C, B, …; 12.0 GiB)"), "{said}");
        tokio::time::advance(TOLD_FOR / 2).await;
        assert!(made.notice().unwrap().message.contains("removed 3 films"));
        tokio::time::advance(TOLD_FOR / 2).await;
        assert_eq!(made.notice(), None);
    }
}
