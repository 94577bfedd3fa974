//! The choice of a torrent's file.

use serde::Serialize;

use super::episode::{self, Verified};
use super::naming::{Fit, Names};
use super::reading::{self, Reading, Whole};
use super::reason::Reason;
use super::{extra, film};
use crate::media::{ImdbId, Query, StremioId, Wanted};
use crate::release;
use crate::torrent::TorrentFile;

/// What the file must be, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The film or the episode.
    pub wanted: Wanted,
    /// What the torrent is called; as its metainfo or the store says rather than an index.
    pub torrent_name: Option<String>,
    /// What the film or series is called.
    pub title: Option<String>,
    /// Other names of the same.
    pub aliases: Vec<String>,
    /// The year of a film.
    pub year: Option<u16>,
    /// The file that an index pointed at.
    pub file_index: Option<u32>,
    /// What was asked, to be compared with what the crowd has verified.
    pub stremio_id: Option<StremioId>,
    /// The same at IMDb, if that is known and is not what was asked.
    pub imdb: Option<ImdbId>,
    /// The same at `AniDB`, with the episode.
    pub anidb: Option<(u32, u32)>,
    /// When the episode was first shown, as `YYYY-MM-DD`.
    pub air_date: Option<String>,
}

impl Target {
    /// A film or episode of which nothing else is known.
    #[must_use]
    pub const fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            torrent_name: None,
            title: None,
            aliases: Vec::new(),
            year: None,
            file_index: None,
            stremio_id: None,
            imdb: None,
            anidb: None,
            air_date: None,
        }
    }

    /// What `query` asks of a torrent that is called `torrent_name`.
    #[must_use]
    pub fn of(query: &Query, torrent_name: Option<&str>, file_index: Option<u32>) -> Self {
        let title = query.title.as_ref();
        Self {
            torrent_name: torrent_name.map(str::to_owned),
            title: title.map(|title| title.name.clone()),
            aliases: title.map(|title| title.aliases.clone()).unwrap_or_default(),
            year: title.and_then(|title| title.year),
            file_index,
            stremio_id: Some(query.id),
            imdb: title.and_then(|title| title.imdb),
            air_date: title.and_then(|title| title.air_date.clone()),
            ..Self::new(query.wanted())
        }
    }
}

/// The file that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PickedFile {
    /// The file itself: `index`, `name` and `size` are printed.
    #[serde(flatten, serialize_with = "as_printed")]
    pub file: TorrentFile,
    /// The season it tells.
    pub season: Option<u32>,
    /// The episode it was chosen for, else the one it tells.
    pub episode: Option<u32>,
}

fn as_printed<S: serde::Serializer>(file: &TorrentFile, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Printed<'a> {
        index: Option<u32>,
        name: &'a str,
        size: Option<u64>,
    }
    Printed { index: file.index, name: &file.name, size: file.size_bytes }.serialize(serializer)
}

/// A file that was not chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Considered {
    /// Its path in the torrent.
    pub name: String,
    /// `None`: passed over.
    pub score: Option<f64>,
    /// Why.
    pub match_reasons: Vec<Reason>,
}

/// The choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pick {
    /// The file.
    pub file: PickedFile,
    /// Its points: of the reasons, and for size min(bytes / 10 GiB, 10).
    pub score: f64,
    /// Why.
    pub match_reasons: Vec<Reason>,
    /// The others, the best first.
    pub considered: Vec<Considered>,
}

/// No file may be chosen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct NoPick {
    /// A sentence that says why.
    pub reason: String,
    /// All files, the best first.
    pub considered: Vec<Considered>,
}

/// A file with what is said for and against it.
struct Judged<'a> {
    file: &'a TorrentFile,
    reading: Reading,
    reasons: Vec<Reason>,
}

impl Judged<'_> {
    /// Without size, which only tells equal claims apart; `None` where it is passed over.
    fn points(&self) -> Option<f64> {
        self.reasons.iter().map(|reason| reason.points()).sum()
    }

    fn score(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a tenth of a point is enough")]
        let size = |bytes: u64| (bytes as f64 / (10.0 * 1024.0 * 1024.0 * 1024.0)).min(10.0);
        let points = self.points()? + self.file.size_bytes.map_or(0.0, size);
        Some((points * 1e6).round() / 1e6)
    }
}

/// Chooses the file of a torrent, or says why none may be.
pub fn pick(files: &[TorrentFile], target: &Target) -> Result<Pick, NoPick> {
    let names = names(target);
    let (passed, videos) = sort_out(files, &names);
    let listed: Vec<&TorrentFile> = videos.iter().map(|(file, _)| *file).collect();
    let (readings, whole) = reading::read(&listed, target.torrent_name.as_deref());
    let mut judged = Vec::with_capacity(files.len());
    for ((file, against), reading) in videos.into_iter().zip(readings) {
        judged.push(Judged { file, reading, reasons: against.into_iter().collect() });
    }
    match target.wanted {
        Wanted::Film => judge_film(&mut judged, &whole, &names, target),
        _ => judge_episodes(&mut judged, &whole, target),
    }
    for one in judged.iter_mut().filter(|one| one.points().is_some()) {
        add_small_reasons(one, &names, target);
    }
    choose(judged, &passed, target)
}

/// The names to compare with: the title's; where that is not known, the torrent's.
fn names(target: &Target) -> Names {
    let torrent = || release::parse(target.torrent_name.as_deref()?).title;
    match &target.title {
        Some(title) => Names::new(Some(title), &target.aliases),
        None => Names::new(torrent().as_deref(), &target.aliases),
    }
}

type Video<'a> = (&'a TorrentFile, Option<Reason>);

/// Files that are passed over unread, and the videos, of which some are passed over too.
fn sort_out<'a>(files: &'a [TorrentFile], names: &Names) -> (Vec<Considered>, Vec<Video<'a>>) {
    let some_link = files.iter().any(has_link);
    let (mut passed, mut videos) = (Vec::new(), Vec::new());
    for file in files {
        let against = if !release::is_video(&file.name) {
            Some(Reason::NotVideo)
        } else if release::is_sample(&file.name) {
            Some(Reason::Sample)
        } else if extra::is_extra(&file.name, &release::parse(file.base_name()), names) {
            Some(Reason::Extra)
        } else {
            None
        };
        match against {
            Some(reason) => passed.push(Considered {
                name: file.name.clone(),
                score: None,
                match_reasons: vec![reason],
            }),
            None => videos.push((file, (some_link && !has_link(file)).then_some(Reason::NoLink))),
        }
    }
    (passed, videos)
}

fn has_link(file: &TorrentFile) -> bool {
    file.link.as_deref().is_some_and(|link| !link.is_empty())
}

fn judge_episodes(judged: &mut [Judged], whole: &Whole, target: &Target) {
    for one in judged.iter_mut().filter(|one| one.reasons.is_empty()) {
        one.reasons.push(match episode::verified(one.file, target) {
            Verified::Wanted => Reason::VerifiedEpisode,
            Verified::Another => Reason::NoEpisode,
            Verified::Unknown => episode::judge(&one.reading, whole, target),
        });
    }
    if judged.iter().any(|one| one.points().is_some()) {
        return;
    }
    let readings: Vec<Reading> = judged.iter().map(|one| one.reading.clone()).collect();
    for at in episode::three_digits(&readings, target.wanted) {
        // What the crowd or the store has said against it stands.
        if judged[at].reasons == [Reason::NoEpisode] && judged[at].file.sid.is_none() {
            judged[at].reasons = vec![Reason::ExactEpisode];
        }
    }
    if let [only] = judged {
        judge_only(only, whole, target);
    }
}

/// The only video, under a name that says nothing, in a torrent that says it is the episode.
fn judge_only(only: &mut Judged, whole: &Whole, target: &Target) {
    let silent = only.reading.release.seasons.is_empty()
        && only.reading.release.date.is_none()
        && (only.reading.episodes.is_empty() || only.reading.bare);
    if only.reasons != [Reason::NoEpisode] || !silent || only.file.sid.is_some() {
        return;
    }
    let torrent = Reading {
        seasons: whole.release.seasons.clone(),
        episodes: whole.release.episodes.clone(),
        release: whole.release.clone(),
        bare: false,
    };
    let of_torrent = episode::judge(&torrent, whole, target);
    if matches!(of_torrent, Reason::ExactEpisode | Reason::AirDate | Reason::AbsoluteEpisode) {
        only.reasons = vec![Reason::OnlyVideo];
        (only.reading.seasons, only.reading.episodes) = (torrent.seasons, torrent.episodes);
    }
}

fn judge_film(judged: &mut [Judged], whole: &Whole, names: &Names, target: &Target) {
    let torrent = Reading { release: whole.release.clone(), ..Reading::default() };
    let asked = target.stremio_id.map(|id| id.to_string());
    for one in judged.iter_mut().filter(|one| one.reasons.is_empty()) {
        let verified = asked.is_some() && one.file.sid == asked;
        if verified {
            one.reasons.push(Reason::VerifiedEpisode);
        } else if film::is_another(&one.reading, &torrent, names, target.year) {
            one.reasons.push(Reason::TitleDiffers);
        }
    }
    if let [only] = judged
        && only.reasons.is_empty()
    {
        only.reasons.push(Reason::OnlyVideo);
    }
}

fn add_small_reasons(one: &mut Judged, names: &Names, target: &Target) {
    let base = one.file.base_name();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    if target.torrent_name.as_deref().is_some_and(|name| name == base || name == stem) {
        one.reasons.push(Reason::ExactName);
    }
    let release = &one.reading.release;
    let of_year = match (target.wanted, release.year, target.year) {
        (Wanted::Film, Some(theirs), Some(ours)) => theirs.abs_diff(ours) <= 1,
        _ => true,
    };
    match names.fit(release.title.as_deref()).filter(|_| of_year) {
        Some(Fit::Title) => one.reasons.push(Reason::Title),
        Some(Fit::Alias) => one.reasons.push(Reason::Alias),
        _ => {}
    }
    if target.file_index.is_some() && one.file.index == target.file_index {
        one.reasons.push(Reason::Index);
    }
}

fn choose(mut judged: Vec<Judged>, passed: &[Considered], target: &Target) -> Result<Pick, NoPick> {
    // By name, where points and size are equal: the same question has the same answer.
    judged.sort_by(|a, b| {
        let score = |one: &Judged| one.score().unwrap_or(-1.0);
        score(b).total_cmp(&score(a)).then_with(|| a.file.name.cmp(&b.file.name))
    });
    let considered = |judged: &[Judged]| {
        let rest = judged.iter().map(|one| Considered {
            name: one.file.name.clone(),
            score: one.score(),
            match_reasons: one.reasons.clone(),
        });
        rest.chain(passed.iter().cloned()).collect::<Vec<_>>()
    };
    let refuse = |reason: String| Err(NoPick { reason, considered: considered(&judged) });
    let Some(best) = judged.first().filter(|best| best.points().is_some()) else {
        return refuse(why_none(&judged, passed, target));
    };
    if target.wanted == Wanted::Film
        && let Some((one, other)) = film::two_films(&equal_claims(&judged, best))
    {
        return refuse(format!(
            "the torrent holds different films with an equal claim, {one:?} and {other:?}; name the \
             file by its index"
        ));
    }
    Ok(Pick {
        file: picked(best, target),
        score: best.score().unwrap_or_default(),
        match_reasons: best.reasons.clone(),
        considered: considered(&judged[1..]),
    })
}

fn equal_claims<'a>(judged: &'a [Judged], best: &Judged) -> Vec<(&'a Reading, Option<u64>)> {
    let equal = judged.iter().filter(|one| one.points() == best.points());
    equal.map(|one| (&one.reading, one.file.size_bytes)).collect()
}

fn picked(best: &Judged, target: &Target) -> PickedFile {
    let Reading { seasons, episodes, .. } = &best.reading;
    let (season, number) = match target.wanted {
        Wanted::Episode(wanted) => (Some(wanted.season), Some(wanted.number)),
        Wanted::Absolute { number, also } => (also.map(|also| also.season), Some(number)),
        Wanted::Film => (None, None),
    };
    let told = |list: &[u32], wanted: Option<u32>| {
        wanted.filter(|wanted| list.contains(wanted)).or_else(|| list.first().copied())
    };
    let three_digits =
        best.reading.bare && number.is_some_and(|number| !episodes.contains(&number));
    let split = three_digits && best.reasons.contains(&Reason::ExactEpisode);
    let verified = best.reasons.contains(&Reason::VerifiedEpisode);
    PickedFile {
        file: best.file.clone(),
        season: if split || verified { season } else { told(seasons, season) },
        episode: if split || verified { number } else { told(episodes, number) },
    }
}

/// A sentence for a torrent without a file that may be played.
fn why_none(judged: &[Judged], passed: &[Considered], target: &Target) -> String {
    let total = judged.len() + passed.len();
    let wanted = match target.wanted {
        Wanted::Film => "the film".to_owned(),
        Wanted::Episode(episode) => {
            format!("season {}, episode {}", episode.season, episode.number)
        }
        Wanted::Absolute { number, .. } => format!("episode {number}"),
    };
    let has = |reason: Reason| judged.iter().any(|one| one.reasons.contains(&reason));
    if total == 0 {
        "the torrent lists no files; try another torrent".to_owned()
    } else if judged.is_empty()
        && passed.iter().all(|file| file.match_reasons == [Reason::NotVideo])
    {
        format!("none of the torrent's {total} files is a video; try another torrent")
    } else if judged.is_empty() {
        format!(
            "of the torrent's {total} files, the videos are samples or extras; try another torrent"
        )
    } else if has(Reason::TitleDiffers) {
        format!("the torrent's files are of another title than {wanted}; try another torrent")
    } else if has(Reason::SeasonContradicts) {
        format!(
            "no file of the torrent is {wanted}: those that fit by number are of another season; try another torrent"
        )
    } else {
        format!("no file of the torrent's {total} says that it is {wanted}; try another torrent")
    }
}
