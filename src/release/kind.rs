//! What kind of file a name is of: by its extension, and by the word `sample`.

use super::patterns::{Seen, patterns};

/// Containers of video. Not `gif`, `mng`, `yuv` (no film), nor `ogg`, `mp2` (sound).
const VIDEO: [u64; 36] = packed_all([
    "3g2", "3gp", "amv", "asf", "avi", "divx", "drc", "f4p", "f4v", "flv", "m2ts", "m2v", "m4p",
    "m4v", "mk3d", "mkv", "mov", "mp4", "mpe", "mpeg", "mpg", "mpv", "mts", "mxf", "nsv", "ogm",
    "ogv", "qt", "rm", "rmvb", "roq", "svi", "ts", "vob", "webm", "wmv",
]);

/// Other extensions that are told as such; after a last dot anything else is part of the name.
const OTHER: [u64; 42] = packed_all([
    "ac3", "ass", "bmp", "dts", "flac", "gif", "htm", "html", "idx", "iso", "jpeg", "jpg", "m3u",
    "m4a", "md5", "mka", "mks", "mp2", "mp3", "nfo", "ogg", "opus", "par2", "pdf", "png", "rar",
    "sfv", "smi", "srt", "ssa", "sub", "sup", "torrent", "ttxt", "txt", "url", "vtt", "wav",
    "webp", "yuv", "zip", "7z",
]);

/// What a set-top box does not run, and a torrent of a film has no use for.
const EXECUTABLE: [u64; 18] = packed_all([
    "apk", "bat", "cmd", "com", "dll", "exe", "hta", "jar", "js", "lnk", "msi", "pif", "ps1",
    "scr", "vbe", "vbs", "wsf", "zipx",
]);

patterns! {
    SAMPLE = r"(?i)(?:^|[^\p{L}\p{N}])sample(?:[^\p{L}\p{N}]|$)";
    SAMPLE_FOLDER = r"(?i)(?:^|[/\\])\W*samples?\W*[/\\]";
    DISC = r"(?i)\b(?:BDMV|VIDEO_TS|BD(?:25|50|66|100)|DVD[ ._-]?[59]|ISO|(?:COMPLETE|FULL)[ ._-](?:UHD[ ._-])?BLU-?RAY)\b";
    LOCKED = r"(?i)\bpassword[ ._-](?:protected|required|inside|in[ ._-])";
}

/// Longest extension, in bytes.
const LONGEST: usize = 8;

/// What stands behind the last dot of the file's name, where that is short and something stands
/// before it. Looked for from the end, by bytes: a ranking asks for it of each of thousands of files.
fn last_part(name: &str) -> Option<&str> {
    let bytes = name.as_bytes();
    let from = bytes.len().saturating_sub(LONGEST + 1);
    let at = from + bytes[from..].iter().rposition(|byte| matches!(byte, b'.' | b'/' | b'\\'))?;
    let named = at > 0 && !matches!(bytes[at - 1], b'/' | b'\\');
    (bytes[at] == b'.' && named).then(|| &name[at + 1..])
}

/// An extension of at most eight bytes as one number, in lower case: a list has thousands of files.
const fn packed(extension: &str) -> u64 {
    let (bytes, mut packed, mut at) = (extension.as_bytes(), 0, 0);
    while at < bytes.len() {
        packed = packed << 8 | bytes[at].to_ascii_lowercase() as u64;
        at += 1;
    }
    packed
}

const fn packed_all<const COUNT: usize>(list: [&str; COUNT]) -> [u64; COUNT] {
    let (mut all, mut at) = ([0; COUNT], 0);
    while at < COUNT {
        all[at] = packed(list[at]);
        at += 1;
    }
    all
}

/// The extension in lower case, where it is one that is known: after the last dot of a release name
/// often stands a group.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    let known = |last: &&str| {
        let last = packed(last);
        VIDEO.contains(&last) || OTHER.contains(&last) || EXECUTABLE.contains(&last)
    };
    last_part(name).filter(known).map(str::to_ascii_lowercase)
}

/// Whether the extension is one of video.
#[must_use]
pub fn is_video(name: &str) -> bool {
    last_part(name).is_some_and(|last| VIDEO.contains(&packed(last)))
}

/// Whether the extension is one of a program.
#[must_use]
pub fn is_executable(name: &str) -> bool {
    last_part(name).is_some_and(|last| EXECUTABLE.contains(&packed(last)))
}

/// Whether `sample` is a word of the file's name, or the name of a folder it is in. "The Sampler"
/// is a title.
#[must_use]
pub fn is_sample(name: &str) -> bool {
    has_sample(name, &PATTERNS.of(name))
}

fn has_sample(name: &str, seen: &Seen) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    if base.len() == name.len() {
        return seen.has(SAMPLE);
    }
    PATTERNS.of(base).has(SAMPLE) || seen.has(SAMPLE_FOLDER)
}

/// What words of a name say of its kind.
pub(super) struct Words {
    pub(super) sample: bool,
    /// A disc as it was sold, with menus and parts; no player on a television opens an image of one.
    pub(super) disc: bool,
    /// A password is needed.
    pub(super) locked: bool,
}

impl Words {
    pub(super) fn of(name: &str) -> Self {
        let seen = PATTERNS.of(name);
        let sample = has_sample(name, &seen);
        Self { sample, disc: seen.has(DISC), locked: seen.has(LOCKED) }
    }
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
            ("folder/.mkv", None, false),
            ("folder\\.mkv", None, false),
            ("folder/é.mkv", Some("mkv"), true),
            ("film.mkv.", None, false),
            ("film.torrent", Some("torrent"), false),
            ("film.mkvmkvmkv", None, false),
            ("film.ééééé", None, false),
            ("", None, false),
        ] {
            assert_eq!(extension(name).as_deref(), expected, "{name}");
            assert_eq!(is_video(name), video, "{name}");
        }
    }
}
