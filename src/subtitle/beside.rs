//! Which subtitle files of a torrent are a film's: by name, by episode, by folder.

use super::name::{self, Named};
use crate::release;
use crate::torrent::TorrentFile;

/// Largest subtitle file that is read.
pub const MOST_BYTES: u64 = 4 << 20;
/// Most of them that are told of one film.
const MOST: usize = 100;
/// Most files of a torrent that are looked at.
const MOST_LOOKED_AT: usize = 20_000;
/// Most videos and most subtitles of them that are compared, each with each: the longest series have
/// some thousand episodes, and a torrent that means harm must not hold up a list.
const MOST_COMPARED: usize = 2_000;
/// What is read; text all of them.
const EXTENSIONS: &[&str] = &["srt", "ass", "ssa", "vtt", "sub"];

/// A subtitle file of a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The file.
    pub file: TorrentFile,
    /// What its name says.
    pub named: Named,
}

/// Whether a file is one of subtitles in text, by its name and length.
#[must_use]
pub fn is_subtitle(file: &TorrentFile) -> bool {
    let extension = file.base_name().rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension));
    known && file.size_bytes.is_none_or(|bytes| (1..=MOST_BYTES).contains(&bytes))
}

/// The subtitle files among `files`, those of one torrent, that are of `film`, in their order.
#[must_use]
pub fn beside(files: &[TorrentFile], film: &TorrentFile) -> Vec<Beside> {
    let files = &files[..files.len().min(MOST_LOOKED_AT)];
    let torrent = Torrent::of(files, film);
    let of_film = files.iter().filter(|file| is_subtitle(file) && !torrent.is_picture(file));
    let of_film = of_film.take(MOST_COMPARED);
    of_film.filter_map(|file| torrent.judge(file)).take(MOST).collect()
}

/// What is compared with: the film, and the videos that a subtitle may be of instead.
struct Torrent<'a> {
    film: &'a TorrentFile,
    film_stem: &'a str,
    film_says: release::Release,
    videos: Vec<&'a TorrentFile>,
    /// Indexes of pictures of subtitles (`VobSub`): each is one of a pair.
    pictures: Vec<&'a str>,
}

impl<'a> Torrent<'a> {
    fn of(files: &'a [TorrentFile], film: &'a TorrentFile) -> Self {
        let is_film =
            |file: &&TorrentFile| release::is_video(&file.name) && !release::is_sample(&file.name);
        let index = |file: &'a TorrentFile| {
            let (stem, extension) = file.name.rsplit_once('.')?;
            extension.eq_ignore_ascii_case("idx").then_some(stem)
        };
        Self {
            film,
            film_stem: name::stem(film.base_name()),
            film_says: release::parse(film.base_name()),
            videos: files.iter().filter(is_film).take(MOST_COMPARED).collect(),
            pictures: files.iter().filter_map(index).collect(),
        }
    }

    fn is_picture(&self, file: &TorrentFile) -> bool {
        let stem = file.name.strip_suffix(".sub").or_else(|| file.name.strip_suffix(".SUB"));
        stem.is_some_and(|stem| self.pictures.contains(&stem))
    }

    fn judge(&self, file: &TorrentFile) -> Option<Beside> {
        let named = name::read(&file.name, Some(self.film_stem));
        let of_film = self.by_name(file).or_else(|| self.by_episode(file, named));
        let of_film = of_film.unwrap_or_else(|| self.by_folder(file));
        of_film.then(|| Beside { file: file.clone(), named })
    }

    /// By the longest name of a video that its own, or that of a folder it is in, begins with.
    fn by_name(&self, file: &TorrentFile) -> Option<bool> {
        let (folders, base) = file.name.rsplit_once(['/', '\\']).unwrap_or(("", &file.name));
        let begins = |part: &str| {
            let stems = self.videos.iter().map(|video| name::stem(video.base_name()));
            let stems = stems.chain([self.film_stem]);
            stems.filter(|stem| name::after(part, stem).is_some()).max_by_key(|stem| stem.len())
        };
        let part = begins(name::stem(base));
        let longest = part.or_else(|| folders.rsplit(['/', '\\']).find_map(begins))?;
        Some(longest.eq_ignore_ascii_case(self.film_stem))
    }

    /// By season and episode, where both names say which.
    fn by_episode(&self, file: &TorrentFile, named: Named) -> Option<bool> {
        let mut parts = file.name.rsplit(['/', '\\']);
        let base = parts.next().filter(|_| !named.says_no_more);
        let told = base.into_iter().chain(parts.take(2)).map(release::parse);
        let theirs = told.into_iter().find(|told| !told.episodes.is_empty())?;
        let ours = &self.film_says;
        if ours.episodes.is_empty() {
            return None;
        }
        let season = theirs.seasons.is_empty()
            || ours.seasons.is_empty()
            || theirs.seasons.iter().any(|season| ours.seasons.contains(season));
        Some(season && theirs.episodes.iter().any(|number| ours.episodes.contains(number)))
    }

    /// Of the videos in the nearest folder above it that has any: the only one, or the film among its
    /// extras.
    fn by_folder(&self, file: &TorrentFile) -> bool {
        let mut folder = file.name.as_str();
        loop {
            folder = folder.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
            let inside = |video: &&&TorrentFile| {
                folder.is_empty()
                    || video
                        .name
                        .strip_prefix(folder)
                        .is_some_and(|rest| rest.starts_with(['/', '\\']))
            };
            let near: Vec<_> = self.videos.iter().filter(inside).collect();
            if near.is_empty() && !folder.is_empty() {
                continue;
            }
            let same = |video: &TorrentFile| {
                video.base_name() == self.film.base_name()
                    && video.size_bytes == self.film.size_bytes
            };
            let larger = |video: &TorrentFile| {
                video.size_bytes.unwrap_or(0) > self.film.size_bytes.unwrap_or(0) / 2
            };
            let others = near.iter().filter(|video| !same(video));
            let is_near = near.is_empty() || near.iter().any(|video| same(video));
            return is_near && !others.into_iter().any(|video| larger(video));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> TorrentFile {
        TorrentFile { name: name.into(), size_bytes: Some(size), ..TorrentFile::default() }
    }

    #[test]
    fn what_is_too_large_or_a_picture_is_none() {
        let film = file("A.mkv", 1 << 30);
        let files = [
            film.clone(),
            file("A.srt", MOST_BYTES),
            file("A.en.srt", MOST_BYTES + 1),
            file("A.de.srt", 0),
            file("A.sub", 10),
            file("A.idx", 10),
            file("A.fr.sub", 10),
            file("A.txt", 10),
        ];
        let names: Vec<_> = beside(&files, &film).into_iter().map(|one| one.file.name).collect();
        assert_eq!(names, ["A.srt", "A.fr.sub"]);
    }
}
