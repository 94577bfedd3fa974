//! Torrents that are no film whatever they are called: programs, archives, password notes, trailers.

use std::sync::LazyLock;

use regex::Regex;

use super::merit::Merit;
use super::naming::Names;
use crate::release::{self, Release};
use crate::torrent::{TorrentFile, Unique};

static ARCHIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\.(?:rar|zip|7z|r\d\d|part\d+|ace|tar|gz|001)$").expect("a constant pattern")
});
/// A note that sends the reader to a site for the key of an archive.
static NOTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bpass(?:word|wort|code|key)?s?\b[^/\\]*\.(?:txt|url|html?|nfo|rtf|docx?|pdf|png|jpe?g|lnk)$")
        .expect("a constant pattern")
});
/// A torrent that is nothing but what lies beside a film; with a sign before it, it comes along.
static EXTRA: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[ ._\-(\[](?:trailers?|teasers?|featurettes?|bonus[ ._-]dis[ck]s?|making[ ._-]of|soundtracks?|OST)(?:[ ._\-)\]]|$)",
    )
    .expect("a constant pattern")
});
static COMES_ALONG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[+&]|\b(?:with|incl(?:uding)?|and|plus|mit|avec|con)\b")
        .expect("a constant pattern")
});

/// By its files, and by its name where that is a file's.
pub(super) fn of_files(torrent: &Unique, release: &Release, names: &Names) -> Option<Merit> {
    let mut all =
        torrent.files.iter().map(|file| file.name.as_str()).chain(torrent.file_name.as_deref());
    if all.any(release::is_executable) || release::is_executable(&torrent.name) {
        return Some(Merit::Executable);
    }
    let titled = || names.any(|name| name.split(' ').any(|word| word.starts_with("pass")));
    // Most files are episodes, and a pack has hundreds: what is no note is told by its extension.
    let note =
        |file: &TorrentFile| !release::is_video(&file.name) && NOTE.is_match(file.base_name());
    let note = torrent.files.iter().any(note);
    if (note || release.locked) && !titled() {
        return Some(Merit::PasswordNote);
    }
    let listed = !torrent.files.is_empty();
    let archived = || torrent.files.iter().any(|file| ARCHIVE.is_match(&file.name));
    let video = torrent.files.iter().any(|file| release::is_video(&file.name));
    match () {
        () if listed && !video && archived() => Some(Merit::Archive),
        () if listed && !video => Some(Merit::NoVideo),
        () if !listed && ARCHIVE.is_match(&torrent.name) => Some(Merit::Archive),
        () => None,
    }
}

/// Where a film is asked for, its trailer, sample or sound track.
pub(super) fn of_extra(release: &Release, names: &Names) -> Option<Merit> {
    let word = EXTRA.find(&release.name);
    let extra = word.is_some_and(|word| {
        let before = &release.name[..word.start()];
        !COMES_ALONG.is_match(before) && !names.within_word(word.as_str())
    });
    (extra || release.is_sample).then_some(Merit::Extra)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_is_told_from_a_film_that_brings_its_extras() {
        for (name, title, expected) in [
            ("Film.2019.Trailer.1080p.mkv", "Film", true),
            ("Film (2019) Soundtrack FLAC", "Film", true),
            ("Film.2019.Sample.mkv", "Film", true),
            ("Film.2019.1080p + Featurettes", "Film", false),
            ("Film 2019 1080p with Making Of", "Film", false),
            ("Film.2019.1080p.BluRay", "Film", false),
            ("Trailer.Park.2006.1080p", "Trailer Park", false),
            ("The.Trailer.2006.1080p", "The Trailer", false),
        ] {
            let names = Names::new(Some(title), &[]);
            let merit = of_extra(&release::parse(name), &names);
            assert_eq!(merit.is_some(), expected, "{name}");
        }
    }
}
