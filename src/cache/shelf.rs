//! The kinds of entries and how much of each is kept.

/// One kind of entry.
pub(super) struct Shelf {
    /// The tree's name in the engine.
    pub(super) name: &'static str,
    /// Its place in [`ALL`].
    pub(super) place: usize,
    /// Most entries.
    pub(super) most: usize,
    /// Most bytes of keys and values together.
    pub(super) most_bytes: usize,
    /// Most bytes of one value; a larger one is not kept.
    pub(super) longest: usize,
}

// Together some 2.8 MiB of payload: the engine takes more than twice that on the disk, and the whole shall
// stay below 10 MB. What is oldest goes first.

/// Torrents found for an id, packed. A search is some 10 to 100 kB, so this is the last evening's.
pub(super) const FOUND: Shelf =
    Shelf { name: "found", place: 0, most: 400, most_bytes: 1024 << 10, longest: 384 << 10 };

/// What an id is called.
pub(super) const TITLE: Shelf =
    Shelf { name: "title", place: 1, most: 1_000, most_bytes: 160 << 10, longest: 16 << 10 };

/// What a store said of a hash: some 40 bytes each.
pub(super) const AVAILABILITY: Shelf =
    Shelf { name: "availability", place: 2, most: 8_000, most_bytes: 384 << 10, longest: 8 };

/// Hashes that a store refuses.
pub(super) const REFUSED: Shelf =
    Shelf { name: "refused", place: 3, most: 2_000, most_bytes: 128 << 10, longest: 8 };

/// How the search for an id went: a line an index.
pub(super) const ASKED: Shelf =
    Shelf { name: "asked", place: 4, most: 400, most_bytes: 256 << 10, longest: 16 << 10 };

/// What is known of an index.
pub(super) const INDEX: Shelf =
    Shelf { name: "index", place: 5, most: 64, most_bytes: 64 << 10, longest: 4 << 10 };

/// What was said of titles, packed: details of some 2 kB each, rows of catalogues.
pub(super) const ANSWER: Shelf =
    Shelf { name: "answer", place: 6, most: 600, most_bytes: 320 << 10, longest: 64 << 10 };

/// Which id is which.
pub(super) const LINK: Shelf =
    Shelf { name: "link", place: 7, most: 1_500, most_bytes: 64 << 10, longest: 512 };

/// Subtitles, packed: some 40 kB for a film.
pub(super) const SUBTITLE: Shelf =
    Shelf { name: "subtitle", place: 8, most: 60, most_bytes: 512 << 10, longest: 192 << 10 };

/// All of them.
pub(super) const ALL: [&Shelf; 9] =
    [&FOUND, &TITLE, &AVAILABILITY, &REFUSED, &ASKED, &INDEX, &ANSWER, &LINK, &SUBTITLE];
