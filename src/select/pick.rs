//! The choice of a torrent's file.

use std::sync::Arc;

use super::choice::{Considered, NoPick, Pick, PickedFile};
use super::naming::{Fit, Names};
use super::reading::{self, Reading, Whole};
use super::reason::Reason;
use super::target::Target;
use super::verified::{Verified, verified};
use super::{disc, episode, extra, film};
use crate::media::Wanted;
use crate::release::{self, Release};
use crate::torrent::TorrentFile;

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
    let (listed, releases): (Vec<_>, Vec<_>) = videos.into_iter().unzip();
    let (readings, whole) = reading::read(&listed, releases, target.torrent_name.as_deref());
    let some_link = files.iter().any(has_link);
    let judge = |(file, reading)| {
        let no_link = (some_link && !has_link(file)).then_some(Reason::NoLink);
        Judged { file, reading, reasons: no_link.into_iter().collect() }
    };
    let mut judged: Vec<Judged> = listed.into_iter().zip(readings).map(judge).collect();
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

/// Files that are passed over by their kind, and the videos with what their names say.
fn sort_out<'a>(
    files: &'a [TorrentFile],
    names: &Names,
) -> (Vec<Considered>, Vec<(&'a TorrentFile, Release)>) {
    let (mut passed, mut videos) = (Vec::new(), Vec::new());
    // All together: names are read by threads of their own.
    let names_of_files: Vec<&str> = files.iter().map(TorrentFile::base_name).collect();
    for (file, release) in files.iter().zip(release::parse_all(&names_of_files)) {
        let against = if !release::is_video(&file.name) {
            Reason::NotVideo
        } else if release::is_sample(&file.name) {
            Reason::Sample
        } else {
            let release = Arc::unwrap_or_clone(release);
            if !extra::is_extra(&file.name, &release, names) {
                videos.push((file, release));
                continue;
            }
            Reason::Extra
        };
        passed.push(Considered {
            name: file.name.clone(),
            score: None,
            match_reasons: vec![against],
        });
    }
    (passed, videos)
}

fn has_link(file: &TorrentFile) -> bool {
    file.link.as_deref().is_some_and(|link| !link.is_empty())
}

fn judge_episodes(judged: &mut [Judged], whole: &Whole, target: &Target) {
    for one in judged.iter_mut().filter(|one| one.reasons.is_empty()) {
        one.reasons.push(match verified(one.file, target) {
            Verified::Wanted => Reason::VerifiedEpisode,
            Verified::Another => Reason::NoEpisode,
            Verified::Unknown => episode::judge(&one.reading, whole, target),
        });
    }
    if judged.iter().any(|one| one.points().is_some()) {
        return pass_over_pieces(judged);
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

/// Of files that claim the same episode, one that is far smaller is a piece of it.
fn pass_over_pieces(judged: &mut [Judged]) {
    let claims: Vec<_> = judged
        .iter()
        .map(|one| (one.points(), one.file.size_bytes))
        .filter_map(|(points, size)| Some((points?, size?)))
        .collect();
    for one in judged.iter_mut().filter(|one| !one.reasons.contains(&Reason::VerifiedEpisode)) {
        let Some(points) = one.points() else { continue };
        #[expect(clippy::float_cmp, reason = "sums of the same whole numbers")]
        let same = claims.iter().filter(|(theirs, _)| *theirs == points);
        let largest = same.map(|(_, size)| *size).max().unwrap_or(0);
        if film::is_piece(one.file.size_bytes, largest) {
            one.reasons = vec![Reason::Sample];
        }
    }
}

/// The only video, under a name that says nothing, in a torrent that says it is the episode.
fn judge_only(only: &mut Judged, whole: &Whole, target: &Target) {
    let silent = only.reading.release.seasons.is_empty()
        && only.reading.release.date.is_none()
        && !only.reading.release.half
        && only.reading.episodes.is_empty();
    if only.reasons != [Reason::NoEpisode] || !silent || only.file.sid.is_some() {
        return;
    }
    let torrent = Reading {
        seasons: whole.release.seasons.clone(),
        episodes: whole.release.episodes.clone(),
        release: whole.release.clone(),
        bare: false,
        on_disc: false,
    };
    let of_torrent = episode::judge(&torrent, whole, target);
    if matches!(of_torrent, Reason::ExactEpisode | Reason::AirDate | Reason::AbsoluteEpisode) {
        only.reasons = vec![Reason::OnlyVideo];
        (only.reading.seasons, only.reading.episodes) = (torrent.seasons, torrent.episodes);
    }
}

fn judge_film(judged: &mut [Judged], whole: &Whole, names: &Names, target: &Target) {
    let torrent = Reading { release: whole.release.clone(), ..Reading::default() };
    for one in judged.iter_mut().filter(|one| one.reasons.is_empty()) {
        if verified(one.file, target) == Verified::Wanted {
            one.reasons.push(Reason::VerifiedEpisode);
        } else if film::is_another(&one.reading, &torrent, names, target.year) {
            one.reasons.push(Reason::TitleDiffers);
        }
    }
    pass_over_parts(judged, target);
    let beside = [Reason::Sample, Reason::Extra, Reason::LaterPart];
    let mut films = judged.iter_mut().filter(|one| !one.reasons.iter().any(|r| beside.contains(r)));
    if let (Some(only), None) = (films.next(), films.next())
        && only.reasons.is_empty()
    {
        only.reasons.push(Reason::OnlyVideo);
    }
}

/// Menus and later parts of discs, and what is far smaller than the film.
fn pass_over_parts(judged: &mut [Judged], target: &Target) {
    let open: Vec<usize> = (0..judged.len()).filter(|at| judged[*at].reasons.is_empty()).collect();
    let files: Vec<&TorrentFile> = open.iter().map(|at| judged[*at].file).collect();
    let later = disc::later_parts(&files);
    let largest = files.iter().filter_map(|file| file.size_bytes).max().unwrap_or(0);
    for ((at, file), later) in open.into_iter().zip(files).zip(later) {
        let pointed = target.file_index.is_some() && file.index == target.file_index;
        let piece = film::is_piece(file.size_bytes, largest) && !pointed;
        let against = match () {
            () if disc::is_menu(file) => Some(Reason::Extra),
            () if later && !pointed => Some(Reason::LaterPart),
            () if piece && judged[at].reading.on_disc => Some(Reason::Extra),
            () if piece => Some(Reason::Sample),
            () => None,
        };
        judged[at].reasons.extend(against);
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
        score(b)
            .total_cmp(&score(a))
            .then_with(|| (&a.file.name, a.file.index).cmp(&(&b.file.name, b.file.index)))
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
