//! What an app asks of an add-on: `/{resource}/{type}/{id}.json`, or with arguments
//! `/{resource}/{type}/{id}/{name=value&…}.json` (stremio-addon-sdk, docs/protocol.md). Pure.

use percent_encoding::percent_decode_str;

/// Longest path that is read, in bytes: a file's name may have 255, escaped thrice that.
const LONGEST: usize = 4_096;
/// Longest value of one argument, in bytes.
const LONGEST_VALUE: usize = 1_024;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Catalogue,
    Meta,
    Stream,
    Subtitles,
}

/// The arguments that we know; others are let pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) search: Option<String>,
    pub(super) genre: Option<String>,
    /// How many rows to leave out.
    pub(super) skip: u32,
    /// OpenSubtitles' hash of the file that plays.
    pub(super) video_hash: Option<String>,
    pub(super) video_size: Option<u64>,
    pub(super) file_name: Option<String>,
}

/// A request to the add-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) resource: Resource,
    /// `movie`, `series`, `anime`, or another's word.
    pub(super) kind: String,
    /// A title's id, or a catalogue's.
    pub(super) id: String,
    pub(super) extra: Extra,
}

impl Asked {
    /// Reads the escaped path behind the key; `None` where it is no request of the protocol.
    pub(super) fn read(path: &str) -> Option<Self> {
        let path = path.strip_suffix(".json").filter(|path| path.len() <= LONGEST)?;
        let mut parts = path.split('/');
        let resource = match parts.next()? {
            "catalog" => Resource::Catalogue,
            "meta" => Resource::Meta,
            "stream" => Resource::Stream,
            "subtitles" => Resource::Subtitles,
            _ => return None,
        };
        let (kind, id) = (text(parts.next()?)?, text(parts.next()?)?);
        let extra = parts.next().map(Extra::read).unwrap_or_default();
        let whole = parts.next().is_none() && !kind.is_empty() && !id.is_empty();
        whole.then_some(Self { resource, kind, id, extra })
    }
}

impl Extra {
    /// Reads `name=value&name=value`. Of a name that comes twice the last counts; what cannot be read
    /// is as if it were not there.
    fn read(arguments: &str) -> Self {
        let mut extra = Self::default();
        let pairs = arguments.split('&').filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            let value = text(value).map(|value| value.trim().to_owned());
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            match text(name).as_deref() {
                Some("search") => extra.search = Some(value),
                Some("genre") => extra.genre = Some(value),
                Some("skip") => extra.skip = value.parse().unwrap_or(0),
                Some("videoHash") => extra.video_hash = is_hash(&value).then_some(value),
                Some("videoSize") => extra.video_size = value.parse().ok(),
                Some("filename") => extra.file_name = Some(value),
                _ => {}
            }
        }
        extra
    }
}

/// Sixteen hexadecimal digits.
fn is_hash(value: &str) -> bool {
    value.len() == 16 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What an escaped text says, if that is UTF-8 and not too long. A plus stands for itself: apps write
/// `%20` (`encodeURIComponent`).
fn text(escaped: &str) -> Option<String> {
    let told = percent_decode_str(escaped).decode_utf8().ok()?;
    (told.len() <= LONGEST_VALUE && !told.contains('\0')).then(|| told.into_owned())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    fn asked(path: &str) -> (Resource, String, String, Extra) {
        let Asked { resource, kind, id, extra } = Asked::read(path).expect(path);
        (resource, kind, id, extra)
    }

    #[test]
    fn requests_of_apps_are_read() {
        let owned = str::to_owned;
        for (path, resource, kind, id, extra) in [
            (
                "stream/movie/tt1254207.json",
                Resource::Stream,
                "movie",
                "tt1254207",
                Extra::default(),
            ),
            (
                "stream/series/tt0944947%3A1%3A2.json",
                Resource::Stream,
                "series",
                "tt0944947:1:2",
                Extra::default(),
            ),
            ("meta/series/kitsu:12.json", Resource::Meta, "series", "kitsu:12", Extra::default()),
            (
                "catalog/movie/popular/genre=Sci-Fi&skip=100.json",
                Resource::Catalogue,
                "movie",
                "popular",
                Extra { genre: Some(owned("Sci-Fi")), skip: 100, ..Extra::default() },
            ),
            (
                "catalog/movie/popular/search=Tom%20%26%20Jerry%20%3D%201%2F2.json",
                Resource::Catalogue,
                "movie",
                "popular",
                Extra { search: Some(owned("Tom & Jerry = 1/2")), ..Extra::default() },
            ),
            (
                "subtitles/movie/tt1254207/videoHash=8e245d9679d31e12&videoSize=12&filename=a.mkv.json",
                Resource::Subtitles,
                "movie",
                "tt1254207",
                Extra {
                    video_hash: Some(owned("8e245d9679d31e12")),
                    video_size: Some(12),
                    file_name: Some(owned("a.mkv")),
                    ..Extra::default()
                },
            ),
            (
                "subtitles/movie/tt1254207/videoHash=no&videoSize=-1&skip=x&odd&=&genre=.json",
                Resource::Subtitles,
                "movie",
                "tt1254207",
                Extra::default(),
            ),
        ] {
            assert_eq!(asked(path), (resource, owned(kind), owned(id), extra), "{path}");
        }
        for path in [
            "",
            ".json",
            "stream.json",
            "stream/movie.json",
            "stream/movie/.json",
            "stream//tt1.json",
            "stream/movie/tt1",
            "stream/movie/%FF.json",
            "stream/movie/tt1/skip=1/more.json",
            "addon_catalog/all/community.json",
        ] {
            assert_eq!(Asked::read(path), None, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_read_or_refused(path in "\\PC{0,80}") {
            let _ = Asked::read(&path);
            let _ = Asked::read(&format!("catalog/movie/x/{path}.json"));
        }

        #[test]
        fn what_an_app_escapes_is_what_is_read(
            id in "[a-z0-9:]{1,20}",
            search in "[^\\p{C}\\s]{1,20}",
            skip in 0_u32..100_000,
        ) {
            let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let path = format!(
                "catalog/movie/{}/search={}&skip={skip}.json", escape(&id), escape(&search)
            );
            let read = Asked::read(&path).unwrap();
            proptest::prop_assert_eq!(read.id, id);
            proptest::prop_assert_eq!(read.extra.search, Some(search));
            proptest::prop_assert_eq!(read.extra.skip, skip);
        }
    }
}
