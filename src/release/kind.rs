//! What kind of file a name is of: by its extension, and by the word `sample`.

use super::patterns::patterns;

/// Containers of video. Not `gif`, `mng`, `yuv` (no film), nor `ogg`, `mp2` (sound).
const VIDEO: &[&str] = &[
    "3g2", "3gp", "amv", "asf", "avi", "divx", "drc", "f4p", "f4v", "flv", "m2ts", "m2v", "m4p",
    "m4v", "mk3d", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg", "mpv", "mts", "mxf", "nsv", "ogm",
    "ogv", "qt", "rm", "rmvb", "roq", "svi", "ts", "vob", "webm", "wmv",
];

/// Other extensions that are told as such; after a last dot anything else is part of the name.
const OTHER: &[&str] = &[
    "ac3", "ass", "bmp", "dts", "flac", "gif", "htm", "html", "idx", "iso", "jpeg", "jpg", "m3u",
    "m4a", "md5", "mka", "mks", "mp2", "mp3", "nfo", "ogg", "opus", "par2", "pdf", "png", "rar",
    "sfv", "smi", "srt", "ssa", "sub", "sup", "torrent", "ttxt", "txt", "url", "vtt", "wav",
    "webp", "yuv", "zip", "7z",
];

/// What a set-top box does not run, and a torrent of a film has no use for.
const EXECUTABLE: &[&str] = &[
    "apk", "bat", "cmd", "com", "dll", "exe", "hta", "jar", "js", "lnk", "msi", "pif", "ps1",
    "scr", "vbe", "vbs", "wsf", "zipx",
];

patterns! {
    SAMPLE = r"(?i)(?:^|[^\p{L}\p{N}])sample(?:[^\p{L}\p{N}]|$)";
    SAMPLE_FOLDER = r"(?i)(?:^|[/\\])\W*samples?\W*[/\\]";
}

fn last_part(name: &str) -> Option<&str> {
    let base = name.rsplit(['/', '\\']).next()?;
    let (stem, extension) = base.rsplit_once('.')?;
    (!stem.is_empty() && extension.len() <= 8).then_some(extension)
}

fn is_of(list: &[&str], extension: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// The extension in lower case, where it is one that is known: after the last dot of a release name
/// often stands a group.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    let known = |last: &&str| [VIDEO, OTHER, EXECUTABLE].iter().any(|list| is_of(list, last));
    last_part(name).filter(known).map(str::to_ascii_lowercase)
}

/// Whether the extension is one of video.
#[must_use]
pub fn is_video(name: &str) -> bool {
    last_part(name).is_some_and(|last| is_of(VIDEO, last))
}

/// Whether the extension is one of a program.
#[must_use]
pub fn is_executable(name: &str) -> bool {
    last_part(name).is_some_and(|last| is_of(EXECUTABLE, last))
}

/// Whether `sample` is a word of the file's name, or the name of a folder it is in. "The Sampler"
/// is a title.
#[must_use]
pub fn is_sample(name: &str) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    PATTERNS.of(base).has(SAMPLE) || PATTERNS.of(name).has(SAMPLE_FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_is_a_word_or_a_folder() {
        for (name, expected) in [
            ("sample.mkv", true),
            ("Film.2019.Sample.mkv", true),
            ("film-sample.mkv", true),
            ("film_sample.mkv", true),
            ("Sample/film.mkv", true),
            ("Film (2019)/Samples/film.mkv", true),
            ("[Sample] film.mkv", true),
            ("The.Sampler.2012.mkv", false),
            ("Resampled.2012.mkv", false),
            ("The Sampler/film.mkv", false),
        ] {
            assert_eq!(is_sample(name), expected, "{name}");
        }
    }

    #[test]
    fn an_extension_is_known_or_part_of_the_name() {
        for (name, expected, video) in [
            ("Film.2019.mkv", Some("mkv"), true),
            ("FILM.M2TS", Some("m2ts"), true),
            ("Film.2019.1080p.x264-GROUP", None, false),
            ("film.srt", Some("srt"), false),
            ("film.gif", Some("gif"), false),
            ("film.ogg", Some("ogg"), false),
            ("film.mp2", Some("mp2"), false),
            ("film.mng", None, false),
            ("film.yuv", Some("yuv"), false),
            (".mkv", None, false),
            ("mkv", None, false),
            ("folder.mkv/readme", None, false),
        ] {
            assert_eq!(extension(name).as_deref(), expected, "{name}");
            assert_eq!(is_video(name), video, "{name}");
        }
    }
}
