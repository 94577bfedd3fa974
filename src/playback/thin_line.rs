//! The line from here to a set, where it is thinner than the film: then nothing that comes from
//! elsewhere helps, and the picture stops again and again.
//!
//! What a set takes says little by itself: once its buffer is full it takes what it shows, and a quiet
//! scene is less than the film on average. So a line is judged from where a reader begins, when a
//! player takes all that it gets:
//!
//! 1. Whoever took well more than the film needs, for five seconds, has a line that suffices. What the
//!    system here buffers for a connection does not count: it was not on the line yet.
//! 2. Whoever does not even ask for some seconds goes by its own pace: a pause, or a full buffer.
//! 3. Where the film's own way was the one that was late, nothing is learnt of the line.
//! 4. Where several read one film at once, neither: a player may share its line between two of them.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::lock;
use super::readers::Readers;
use crate::representation::CHUNK_BYTES;

/// Over how long what a reader took is looked at.
const SPELL: Duration = Duration::from_secs(5);
/// Over how long it is to be too little.
const JUDGED_OVER: Duration = Duration::from_secs(20);
/// What may be on its way in the system's buffers here; of a film of few bytes, five seconds of it.
const BUFFERED: u64 = 4 << 20;
/// Who asks for nothing for so long goes by its own pace; where a film has few bytes, for as long as
/// some reads of it are shown, since what was read last may be on its way so long.
const STILL: Duration = Duration::from_secs(3);
const READS: u64 = 8;
/// Who was given something within this shares the line.
const LATELY: Duration = Duration::from_secs(5);

/// A line to a set, as far as a reader shows it.
pub(super) struct Line {
    /// Since when it is judged, from which byte, and what of that does not count.
    since: Look,
    uncounted: u64,
    /// The beginning of this spell.
    spell: Look,
    /// When it asked for something last, and how far it was.
    asked: Look,
    verdict: Verdict,
}

/// How a reader stood.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) when: Instant,
    pub(super) at: u64,
    /// How long it has waited for the film in all.
    pub(super) waited: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Unknown,
    Suffices,
    /// It brings so many bytes a second.
    Thin(u64),
}

/// A line that is too thin, in bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thin {
    pub(super) brings: u64,
    pub(super) needs: u64,
}

impl Line {
    pub(super) fn from(at: u64, bytes_s: u64) -> Self {
        let began = Look { when: Instant::now(), at, waited: Duration::ZERO };
        Self {
            since: began,
            uncounted: BUFFERED.min(bytes_s.saturating_mul(SPELL.as_secs())),
            spell: began,
            asked: began,
            verdict: Verdict::Unknown,
        }
    }

    /// Looks at it again, about once a second. `asks`: whether it waits for the film's next bytes.
    fn look(&mut self, now: Look, asks: bool, needs: u64) {
        if self.verdict == Verdict::Suffices {
            return;
        }
        if asks || now.at != self.asked.at {
            self.asked = now;
        }
        let reads = READS * CHUNK_BYTES as u64;
        let still = Duration::from_secs(reads.checked_div(needs).unwrap_or(0));
        if now.when - self.asked.when >= STILL.max(still) {
            self.verdict = Verdict::Suffices;
        }
        if now.when - self.spell.when < SPELL {
            return;
        }
        let (spell, took) = (now.when - self.spell.when, now.at - self.spell.at);
        let uncounted = if self.spell.when == self.since.when { self.uncounted } else { 0 };
        let the_way_was_late = (now.waited.saturating_sub(self.spell.waited)) * 5 > spell;
        self.spell = now;
        if per_second(took.saturating_sub(uncounted), spell) >= needs + needs / 4 {
            self.verdict = Verdict::Suffices;
        } else if the_way_was_late {
            self.begin_anew(now);
        } else if now.when - self.since.when >= JUDGED_OVER {
            let took = (now.at - self.since.at).saturating_sub(self.uncounted);
            let brings = per_second(took, now.when - self.since.when);
            let is_thin = brings < needs - needs / 10;
            self.begin_anew(now);
            self.verdict = if is_thin { Verdict::Thin(brings) } else { Verdict::Unknown };
        }
    }

    /// Others read the same now.
    fn is_shared(&mut self, now: Look) {
        if self.verdict != Verdict::Suffices {
            self.begin_anew(now);
        }
    }

    fn begin_anew(&mut self, now: Look) {
        (self.since, self.spell, self.uncounted) = (now, now, 0);
        self.verdict = Verdict::Unknown;
    }
}

fn per_second(bytes: u64, over: Duration) -> u64 {
    let ms = u64::try_from(over.as_millis()).unwrap_or(u64::MAX);
    bytes.saturating_mul(1000).checked_div(ms).unwrap_or(u64::MAX)
}

impl Readers {
    /// Looks at the lines of all readers; to be called about once a second.
    pub(super) fn look_at_lines(&self) {
        let mut seen = lock(&self.seen);
        let mut active: HashMap<String, usize> = HashMap::new();
        for open in seen.reading.values().filter(|open| open.pace.given.elapsed() < LATELY) {
            *active.entry(open.read.media_id.clone()).or_default() += 1;
        }
        for open in seen.reading.values_mut() {
            let (now, asks) = open.pace.look();
            if active.get(&open.read.media_id).is_some_and(|count| *count > 1) {
                open.line.is_shared(now);
                continue;
            }
            let before = open.line.verdict;
            open.line.look(now, asks, open.read.bytes_s);
            if let (Verdict::Unknown, Verdict::Thin(brings)) = (before, open.line.verdict) {
                let (info_hash, needs) = (open.read.info_hash, open.read.bytes_s);
                tracing::warn!(%info_hash, brings_bytes_s = brings, needs_bytes_s = needs, "the line to a set is thinner than its film");
            }
        }
    }

    /// The thinnest line by which this title is read, where one is too thin for it.
    pub(super) fn thin_line(&self, media_id: &str) -> Option<Thin> {
        let seen = lock(&self.seen);
        let of_title = seen.reading.values().filter(|open| open.read.media_id == media_id);
        let thin = of_title.filter_map(|open| match open.line.verdict {
            Verdict::Thin(brings) => Some(Thin { brings, needs: open.read.bytes_s }),
            _ => None,
        });
        thin.min_by_key(|thin| thin.brings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A film of 1 MB a second, read so many bytes in each second, and how long the way was late.
    fn judged(seconds: &[(u64, u64)]) -> Verdict {
        const NEEDS: u64 = 1_000_000;
        let mut line = Line::from(0, NEEDS);
        let (began, mut at, mut waited) = (line.since.when, 0, Duration::ZERO);
        for (second, (bytes, late_ms)) in (1..).zip(seconds) {
            (at, waited) = (at + bytes, waited + Duration::from_millis(*late_ms));
            let now = Look { when: began + Duration::from_secs(second), at, waited };
            line.look(now, *late_ms > 0, NEEDS);
        }
        line.verdict
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_is_thin_where_a_hungry_player_gets_less_than_the_film() {
        let steady = |bytes: u64| vec![(bytes, 0); 20];
        let after = |first: &[(u64, u64)], bytes| [first, &vec![(bytes, 0); 40]].concat();
        for (seconds, verdict, why) in [
            (steady(700_000), Verdict::Thin(490_284), "what was buffered here is not counted"),
            (after(&[(4_000_000, 0)], 700_000)[..20].to_vec(), Verdict::Thin(655_284), "a gulp"),
            (after(&[], 700_000), Verdict::Thin(700_000), "without it"),
            (steady(1_300_000), Verdict::Suffices, "faster than the film"),
            (after(&[(9_000_000, 0)], 400_000), Verdict::Suffices, "a quiet scene behind a fill"),
            (
                after(&[(2_000_000, 0), (0, 0), (0, 0), (0, 0)], 400_000),
                Verdict::Suffices,
                "a pause",
            ),
            (vec![(300_000, 700); 40], Verdict::Unknown, "the film's own way is late"),
            (after(&[(4_194_304, 0)], 950_000), Verdict::Unknown, "about as fast as the film"),
            (steady(700_000)[..19].to_vec(), Verdict::Unknown, "too soon"),
        ] {
            assert_eq!(judged(&seconds), verdict, "{why}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_until_it_is_over() {
        let slow = vec![(700_000, 0); 25];
        let fast = vec![(1_500_000, 0); 10];
        assert!(matches!(judged(&slow), Verdict::Thin(_)));
        assert_eq!(judged(&[slow, fast].concat()), Verdict::Suffices);
    }
}
