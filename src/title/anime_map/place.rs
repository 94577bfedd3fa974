//! Counting: through seasons, and from an entry's own start.

use crate::media::Episode;

/// The episodes of a series in the order of their showing, without specials; empty where nobody
/// could say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order(Vec<Episode>);

impl Order {
    /// Takes the episodes in any order; specials (season 0) do not count.
    pub fn of(episodes: impl IntoIterator<Item = Episode>) -> Self {
        let mut all: Vec<Episode> =
            episodes.into_iter().filter(|episode| episode.season > 0).collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An episode's number in a count through all seasons. One that is not listed yet comes after
    /// those before it.
    #[must_use]
    pub fn number_of(&self, asked: Episode) -> Option<u32> {
        match asked.season {
            0 => None,
            // A first season needs no list.
            1 if self.is_empty() => Some(asked.number),
            _ if self.is_empty() => None,
            _ => {
                let before = self.0.partition_point(|episode| *episode < asked);
                let listed = self.0.get(before) == Some(&asked);
                // Beyond the last that is listed of its season, but how far?
                let last = before.checked_sub(1).map(|place| self.0[place]);
                let gap = match last {
                    _ if listed => 0,
                    Some(last) if last.season == asked.season => asked.number - last.number - 1,
                    _ => asked.number - 1,
                };
                u32::try_from(before).ok()?.checked_add(1)?.checked_add(gap)
            }
        }
    }

    /// The episode of this number in a count through all seasons.
    #[must_use]
    pub fn at(&self, number: u32) -> Option<Episode> {
        self.0.get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
    }

    fn has(&self, episode: Episode) -> bool {
        self.0.binary_search(&episode).is_ok()
    }

    fn last_season(&self) -> Option<u32> {
        self.0.last().map(|episode| episode.season)
    }
}

/// Where the episode `number` of an entry stands that begins at `first` (the series' start where
/// nobody told), without those that are not counted.
pub(super) fn place_of(
    first: Option<Episode>,
    number: u32,
    skipped: &[u32],
    order: &Order,
) -> Option<Episode> {
    if number == 0 || skipped.contains(&number) {
        return None;
    }
    let before = skipped.iter().filter(|skip| **skip < number).count();
    let nth = number - u32::try_from(before).ok()?;
    let first = first.unwrap_or(Episode { season: 1, number: 1 });
    let within = Episode { season: first.season, number: first.number.checked_add(nth - 1)? };
    if first.season == 0 || order.is_empty() || order.has(within) {
        return Some(within);
    }
    // Through the end of its season into the next; or not listed yet.
    let start = order.number_of(first)?;
    let through = order.at(start.checked_add(nth - 1)?);
    through.or_else(|| order.last_season().filter(|last| *last <= first.season).map(|_| within))
}
