//! What speaks for a torrent and what against it, by its name and by what is known of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::candidate::Candidate;
use super::dubious;
use super::merit::Merit;
use super::naming::{Fit, Names, plain};
use super::picture;
use super::preferences::{Preferences, Resolution};
use super::target::Target;
use super::verified::{Verified, verified};
use super::watched;
use crate::media::{Episode, Query, Title, Wanted};
use crate::release::Release;
use crate::torrent::{Availability, IndexName, Store, Unique};

/// What is wanted, made comparable once for thousands of torrents.
pub(super) struct Judge<'a> {
    names: Names,
    title: Option<&'a Title>,
    wanted: Wanted,
    /// The same for the choice of the file: both rooms believe the crowd alike.
    target: Target,
    /// Numbers by which the episode is counted without a season.
    numbers: Vec<u32>,
    is_anime: bool,
    preferences: &'a Preferences,
    /// Thousands of releases share a handful of titles.
    fits: HashMap<String, Option<Fit>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(query: &'a Query, preferences: &'a Preferences) -> Self {
        let title = query.title.as_ref();
        let names = title.map(|title| Names::new(Some(&title.name), &title.aliases));
        Self {
            names: names.unwrap_or_default(),
            title,
            wanted: query.wanted(),
            target: Target::of(query, None, None),
            numbers: query.numbers(),
            is_anime: query.is_anime(),
            preferences,
            fits: HashMap::new(),
        }
    }

    pub(super) fn candidate(
        &mut self,
        torrent: Unique,
        availability: BTreeMap<Store, Availability>,
        release: Arc<Release>,
        picked: Option<&Release>,
    ) -> Candidate {
        let mut merits = Vec::with_capacity(10);
        merits.extend(of_stores(&availability, self.preferences));
        merits.extend(dubious::of_files(&torrent, &release, &self.names));
        let (title, number) = (self.of_title(&release), self.of_number(&release, picked, &torrent));
        merits.extend(match title {
            Some(Merit::TitleDiffers) if self.is_listed_as_it(&torrent, &release, number) => {
                Some(Merit::TitleUnknown)
            }
            title => title,
        });
        merits.extend(self.of_year(&release));
        merits.extend(number);
        if self.wanted == Wanted::Film {
            merits.extend(dubious::of_extra(&release, &self.names));
        }
        merits.extend(self.of_words(&release));
        merits.extend(picture::of_picture(&release, &torrent, self.preferences));
        merits.extend(self.of_languages(&release));
        merits.extend(watched::of_size(
            &release,
            &torrent,
            self.wanted,
            self.title,
            self.preferences,
        ));
        merits.extend(of_seeders(torrent.seeders, &merits));
        let points: f64 = merits.iter().map(|merit| self.worth(*merit, &release)).sum();
        let seeders = f64::from(torrent.seeders.unwrap_or(0));
        let (tenfold, most) = self.preferences.seeders.worth();
        let score = points + (tenfold * (1.0 + seeders).log10()).min(most);
        let score = (score * 10.0).round() / 10.0;
        Candidate { torrent, availability, release, score, reasons: merits }
    }

    /// A merit's points, with what the owner's ladders add.
    fn worth(&self, merit: Merit, release: &Release) -> f64 {
        let step = |place: usize| 50.0 * f64::from(u16::try_from(place.min(6)).unwrap_or(6));
        match merit {
            Merit::P2160 | Merit::P1440 | Merit::P1080 | Merit::P720 | Merit::LowResolution => {
                let lines = Resolution::of(release.resolution.as_deref().unwrap_or_default());
                let ladder = &self.preferences.resolutions;
                let place = ladder.iter().position(|one| *one == lines);
                place.map_or(50.0, |place| 400.0 - step(place))
            }
            Merit::Language => {
                let place =
                    self.preferences.languages.iter().position(|l| release.languages.contains(l));
                merit.points() - step(place.unwrap_or(0))
            }
            other => other.points(),
        }
    }

    /// How the title of a release fits; `None` where either is unknown.
    pub(super) fn fit(&mut self, release: &Release) -> Option<Fit> {
        let title = release.title.as_deref()?;
        if let Some(known) = self.fits.get(title) {
            return *known;
        }
        let fit = self.names.fit(Some(title));
        self.fits.insert(title.to_owned(), fit);
        fit
    }

    fn of_title(&mut self, release: &Release) -> Option<Merit> {
        Some(match self.fit(release)? {
            Fit::Title => Merit::TitleMatch,
            Fit::Alias => Merit::AliasMatch,
            // A longer name is a sequel's as often as a subtitle's. Anime is called by season and
            // arc, and a year in common tells a film.
            Fit::Partial if self.partial_will_do(release) => Merit::TitlePartial,
            Fit::Partial | Fit::Differs => Merit::TitleDiffers,
        })
    }

    /// Whether an index listed it for the very id that was asked, and all else that it says fits: then
    /// it is not another title for being called otherwise, but most likely called in another language. A
    /// name that goes on where the title ends is a sequel's.
    fn is_listed_as_it(
        &mut self,
        torrent: &Unique,
        release: &Release,
        number: Option<Merit>,
    ) -> bool {
        let by_id = torrent.found_by.iter().any(IndexName::lists_by_id);
        let fits = if self.wanted == Wanted::Film {
            let year = self.title.and_then(|title| title.year);
            release.year.is_some() && release.year == year
        } else {
            let told = !release.seasons.is_empty() || release.date.is_some();
            match number {
                Some(Merit::VerifiedEpisode) => true,
                Some(Merit::Episode | Merit::SeasonPack) => told,
                _ => false,
            }
        };
        by_id && fits && self.fit(release) == Some(Fit::Differs)
    }

    fn partial_will_do(&self, release: &Release) -> bool {
        let year = self.title.and_then(|title| title.year);
        let same_year = release.year.is_some() && release.year == year;
        let film = self.wanted == Wanted::Film;
        same_year || release.batch || (self.is_anime && !film)
    }

    fn of_year(&self, release: &Release) -> Option<Merit> {
        let (theirs, ours) = (release.year?, self.title?.year?);
        match self.wanted {
            Wanted::Film if theirs == ours => Some(Merit::YearMatch),
            // Festivals and cinemas differ by one.
            Wanted::Film if theirs.abs_diff(ours) > 1 => Some(Merit::YearDiffers),
            // A series' later seasons bear later years; an earlier one is another series.
            Wanted::Episode(_) if theirs + 1 < ours => Some(Merit::YearDiffers),
            _ => None,
        }
    }

    fn of_number(
        &self,
        release: &Release,
        picked: Option<&Release>,
        torrent: &Unique,
    ) -> Option<Merit> {
        if torrent.files.iter().any(|file| verified(file, &self.target) == Verified::Wanted) {
            return Some(Merit::VerifiedEpisode);
        }
        let seasons = &release.seasons;
        match self.wanted {
            Wanted::Film if !seasons.is_empty() => Some(Merit::NotAFilm),
            Wanted::Film => {
                (release.batch && release.episodes.is_empty()).then_some(Merit::Collection)
            }
            _ if self.is_of_day(release) => Some(Merit::Episode),
            Wanted::Episode(wanted) => Some(self.in_seasons(release, picked, wanted)),
            Wanted::Absolute { number, also } => {
                Some(self.counted_through(release, picked, number, also))
            }
        }
    }

    fn in_seasons(&self, release: &Release, picked: Option<&Release>, wanted: Episode) -> Merit {
        let Release { seasons, episodes, .. } = release;
        let counted = self.numbers.iter().any(|number| episodes.contains(number));
        if !seasons.is_empty() && !seasons.contains(&wanted.season) {
            // Counted on through all seasons, all may be filed under the first.
            let counted_on = *seasons == [1] && counted && !self.numbers.contains(&wanted.number);
            return if counted_on { alone(release) } else { Merit::SeasonDiffers };
        }
        let differs = || {
            let first = wanted.season == 1 && episodes.contains(&wanted.number);
            !episodes.is_empty() && !counted && !first
        };
        if seasons.is_empty() && !self.numbers.is_empty() {
            // A count through all seasons is known, so number 10 is none of the tenth season's.
            return match () {
                () if counted => alone(release),
                () if differs() => Merit::EpisodeDiffers,
                () => in_count(release, picked, wanted.number),
            };
        }
        in_count(release, picked, wanted.number)
    }

    fn counted_through(
        &self,
        release: &Release,
        picked: Option<&Release>,
        number: u32,
        also: Option<Episode>,
    ) -> Merit {
        let Release { seasons, episodes, .. } = release;
        let counted = self.numbers.iter().any(|number| episodes.contains(number));
        let fits = counted || also.is_some_and(|also| episodes.contains(&also.number));
        let other = also.is_some_and(|also| !seasons.is_empty() && !seasons.contains(&also.season));
        match () {
            // Counted on, all may be filed under the first season.
            () if other && !(fits && *seasons == [1]) => Merit::SeasonDiffers,
            () if fits => alone(release),
            () => in_count(release, picked, number),
        }
    }

    fn is_of_day(&self, release: &Release) -> bool {
        let aired = self.title.and_then(|title| title.air_date.as_ref());
        aired.is_some() && release.date.as_ref() == aired
    }

    fn of_words(&self, release: &Release) -> Option<Merit> {
        let words = &self.preferences.exclude;
        if words.is_empty() {
            return None;
        }
        let name = format!(" {} ", plain(&release.name));
        let hit = |word: &String| name.contains(&format!(" {} ", plain(word)));
        words.iter().any(hit).then_some(Merit::ExcludedWord)
    }

    fn of_languages(&self, release: &Release) -> Option<Merit> {
        let told = &release.languages;
        let Preferences { languages: wanted, only_these_languages: only, .. } = self.preferences;
        if wanted.is_empty() {
            let original = self.is_anime && told.iter().any(|language| language == "ja");
            let english = told.iter().any(|language| language == "en");
            let many = told.len() > 1 || release.many_languages;
            let other = !told.is_empty() && !original && !english && !many;
            return other.then_some(Merit::OtherLanguage);
        }
        match () {
            () if told.iter().any(|language| wanted.contains(language)) => Some(Merit::Language),
            () if *only => Some(Merit::LanguageNotTold),
            () if release.many_languages => Some(Merit::ManyLanguages),
            () if told.is_empty() => None,
            () => Some(Merit::LanguageDiffers),
        }
    }
}

/// The episode by itself, or among others.
fn alone(release: &Release) -> Merit {
    if release.episodes.iter().any(|number| release.is_single_episode(*number)) {
        Merit::Episode
    } else {
        Merit::SeasonPack
    }
}

/// By the numbers of the name; where it tells none, by those of the file that an index picked, which
/// may speak for a torrent but not against a pack.
fn in_count(release: &Release, picked: Option<&Release>, number: u32) -> Merit {
    let told = &release.episodes;
    let picked_fits = picked.is_some_and(|file| file.episodes.contains(&number));
    let pack = !release.seasons.is_empty() || release.batch;
    match () {
        () if told.contains(&number) => alone(release),
        () if !told.is_empty() => Merit::EpisodeDiffers,
        () if release.date.is_some() => Merit::EpisodeDiffers,
        () if picked_fits && !pack => Merit::Episode,
        () if pack => Merit::SeasonPack,
        () => Merit::EpisodeUntold,
    }
}

fn of_stores(
    availability: &BTreeMap<Store, Availability>,
    preferences: &Preferences,
) -> Option<Merit> {
    let mut all = availability.values();
    let refused = !availability.is_empty() && all.all(|one| *one == Availability::Refused);
    let cached = availability.values().any(|one| *one == Availability::Cached);
    match () {
        () if refused => Some(Merit::Refused),
        () if cached => Some(Merit::Cached),
        () => preferences.cached_only.then_some(Merit::NotCached),
    }
}

fn of_seeders(seeders: Option<u32>, merits: &[Merit]) -> Option<Merit> {
    match seeders? {
        0 if merits.contains(&Merit::Cached) => None,
        0 => Some(Merit::NoSeeders),
        1..50 => Some(Merit::Seeders),
        _ => Some(Merit::ManySeeders),
    }
}
