//! The titles. All of them are made up; their descriptions say so.

/// What a work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A film.
    Film,
    /// A series with seasons.
    Series,
    /// A series that Kitsu counts by itself.
    Anime,
}

/// An episode of the first season.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Part {
    pub number: u32,
    pub name: &'static str,
    /// `YYYY-MM-DD`.
    pub aired: &'static str,
}

/// A film or a series.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Work {
    pub kind: Kind,
    /// Its id at `IMDb`, of a range that `IMDb` has not given out.
    pub imdb: &'static str,
    /// Its number at TMDB, likewise.
    pub tmdb: u32,
    pub kitsu: Option<u32>,
    pub anidb: Option<u32>,
    pub mal: Option<u32>,
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub year: u16,
    /// `YYYY-MM-DD`.
    pub released: &'static str,
    pub runtime_min: u32,
    pub description: &'static str,
    pub parts: &'static [Part],
}

/// All of them.
pub const WORKS: [Work; 3] = [
    Work {
        kind: Kind::Film,
        imdb: "tt9900101",
        tmdb: 9_900_101,
        kitsu: None,
        anidb: None,
        mal: None,
        name: "The Lamp and the Tide",
        aliases: &[],
        year: 2024,
        released: "2024-03-20",
        runtime_min: 1,
        description: "A demonstration: a lighthouse lamp, a sea and sixty-six seconds, all drawn \
                      by arithmetic for credenza demo.",
        parts: &[],
    },
    Work {
        kind: Kind::Series,
        imdb: "tt9900102",
        tmdb: 9_900_102,
        kitsu: None,
        anidb: None,
        mal: None,
        name: "Harbour Watch",
        aliases: &[],
        year: 2023,
        released: "2023-09-04",
        runtime_min: 1,
        description: "A demonstration: three short watches at a harbour that is nowhere, made for \
                      credenza demo.",
        parts: &[
            Part { number: 1, name: "The First Bell", aired: "2023-09-04" },
            Part { number: 2, name: "Small Hours", aired: "2023-09-11" },
            Part { number: 3, name: "The Long Ebb", aired: "2023-09-18" },
        ],
    },
    Work {
        kind: Kind::Anime,
        imdb: "tt9900103",
        tmdb: 9_900_103,
        kitsu: Some(99001),
        anidb: Some(99201),
        mal: Some(99301),
        name: "Paper Kites",
        aliases: &["Paper Kites", "Kami no Tako"],
        year: 2022,
        released: "2022-04-02",
        runtime_min: 1,
        description: "A demonstration: an anime that never was, for ids of Kitsu; its pictures are \
                      those of Harbour Watch.",
        parts: &[
            Part { number: 1, name: "String", aired: "2022-04-02" },
            Part { number: 2, name: "Wind", aired: "2022-04-09" },
        ],
    },
];

impl Work {
    /// The work with this id at `IMDb`.
    #[must_use]
    pub fn by_imdb(id: &str) -> Option<&'static Self> {
        WORKS.iter().find(|work| work.imdb == id)
    }

    /// The work with this id at Kitsu.
    #[must_use]
    pub fn by_kitsu(id: u32) -> Option<&'static Self> {
        WORKS.iter().find(|work| work.kitsu == Some(id))
    }

    /// The work with this id at `AniDB`.
    #[must_use]
    pub fn by_anidb(id: u32) -> Option<&'static Self> {
        WORKS.iter().find(|work| work.anidb == Some(id))
    }

    /// The anime with this number at Kitsu, `AniDB` or `MyAnimeList`, such as `anidb:99201`.
    #[must_use]
    pub fn by_anime_id(id: &str) -> Option<&'static Self> {
        let (base, number) = id.split_once(':')?;
        let number: u32 = number.parse().ok()?;
        WORKS.iter().find(|work| {
            let known = match base {
                "kitsu" => work.kitsu,
                "anidb" => work.anidb,
                "mal" => work.mal,
                _ => None,
            };
            known == Some(number)
        })
    }

    /// The type in a path of Cinemeta.
    #[must_use]
    pub const fn cinemeta_type(&self) -> &'static str {
        match self.kind {
            Kind::Film => "movie",
            Kind::Series | Kind::Anime => "series",
        }
    }

    /// Its name as in a slug.
    #[must_use]
    pub fn slug(&self) -> String {
        self.name.to_lowercase().replace(' ', "-")
    }
}
