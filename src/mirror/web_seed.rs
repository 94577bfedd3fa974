//! Where a web seed has a file (BEP 19).

use percent_encoding::utf8_percent_encode;
use url::Url;

use super::known::Known;
use super::template::{ESCAPED, is_safe};

/// Why a web seed is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It speaks another protocol (BEP 19 has FTP too), or is no address at all.
    NotWeb,
    /// The torrent's name is a part of the address and is not known yet.
    NeedsMetadata,
    /// The file's path would lead out of its folder.
    Path,
}

/// The address of the file at a web seed. That of a torrent of several files is a folder, in which
/// the torrent's is, whether it ends in `/` or not; that of a single file may be the file itself.
pub(super) fn url(seed: &str, known: &Known) -> Result<Url, Unfit> {
    let base = seed.trim().split('#').next().unwrap_or_default();
    let web = Url::parse(base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let web = web.ok_or(Unfit::NotWeb)?;
    if !web.username().is_empty() || web.password().is_some() {
        return Err(Unfit::NotWeb);
    }
    if known.single_file && !base.ends_with('/') {
        return Ok(web);
    }
    let mut text = base.to_owned();
    if !text.ends_with('/') {
        text.push('/');
    }
    let name = known.torrent_name.as_deref();
    let parts: Vec<&str> = if known.single_file {
        vec![name.unwrap_or(&known.path)]
    } else {
        let name = name.ok_or(Unfit::NeedsMetadata)?;
        [name].into_iter().chain(known.path.split('/')).collect()
    };
    for (number, part) in parts.iter().enumerate() {
        if !is_safe(part) {
            return Err(Unfit::Path);
        }
        if number > 0 {
            text.push('/');
        }
        text.extend(utf8_percent_encode(part, ESCAPED));
    }
    let joined = Url::parse(&text).map_err(|_| Unfit::NotWeb)?;
    // Nothing that a stranger calls a file decides who is asked.
    if joined.origin() == web.origin() { Ok(joined) } else { Err(Unfit::NotWeb) }
}

/// Whom `seed` asks, for health and messages; `None` where it is no web address.
pub(super) fn origin(seed: &str) -> Option<String> {
    let url = Url::parse(seed.trim()).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    web.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torrent::InfoHash;

    fn known(torrent: Option<&str>, path: &str, single_file: bool) -> Known {
        let known = Known::torrent(InfoHash::from_bytes([1; 20]));
        let (torrent_name, path) = (torrent.map(str::to_owned), path.to_owned());
        Known { path, torrent_name, single_file, ..known }
    }

    #[test]
    fn an_address_is_joined_as_bep_19_says() {
        let pack = known(Some("Big Buck Bunny"), "sub/Big Buck Bunny.mp4", false);
        let one = known(Some("a b.mkv"), "a b.mkv", true);
        for (seed, known, wanted) in [
            (
                "https://w.example/t/",
                &pack,
                "https://w.example/t/Big%20Buck%20Bunny/sub/Big%20Buck%20Bunny.mp4",
            ),
            (
                "https://w.example/t",
                &pack,
                "https://w.example/t/Big%20Buck%20Bunny/sub/Big%20Buck%20Bunny.mp4",
            ),
            (
                "http://w.example:8080",
                &pack,
                "http://w.example:8080/Big%20Buck%20Bunny/sub/Big%20Buck%20Bunny.mp4",
            ),
            ("https://w.example/t/?f=", &one, "https://w.example/t/?f="),
            ("https://w.example/t/", &one, "https://w.example/t/a%20b.mkv"),
            ("https://w.example/t/film.mkv", &one, "https://w.example/t/film.mkv"),
            (" https://w.example/t/#x", &one, "https://w.example/t/a%20b.mkv"),
        ] {
            assert_eq!(url(seed, known).unwrap().as_str(), wanted, "{seed}");
        }
        let nameless = known(None, "x.mkv", false);
        for (seed, known, wanted) in [
            ("ftp://w.example/t/", &pack, Unfit::NotWeb),
            ("w.example/t/", &pack, Unfit::NotWeb),
            ("https://me:pass@w.example/t/", &pack, Unfit::NotWeb),
            ("", &pack, Unfit::NotWeb),
            ("https://w.example/t/", &nameless, Unfit::NeedsMetadata),
            (
                "https://w.example/t/",
                &super::tests::known(Some("n"), "a/../../b", false),
                Unfit::Path,
            ),
            ("https://w.example/t/", &super::tests::known(Some(".."), "b", false), Unfit::Path),
            ("https://w.example/t/", &super::tests::known(Some("n"), "a//b", false), Unfit::Path),
        ] {
            assert_eq!(url(seed, known), Err(wanted), "{seed}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_leaves_the_folder_of_its_seed(
            torrent in ".{1,30}", parts in proptest::collection::vec("[^/]{1,30}", 1..4), seed in ".{0,40}",
        ) {
            let _ = url(&seed, &known(Some(&torrent), &parts.join("/"), false));
            let Ok(joined) = url("https://w.example/a/", &known(Some(&torrent), &parts.join("/"), false)) else {
                let unsafe_part = parts.iter().any(|part| !is_safe(part)) || !is_safe(&torrent);
                proptest::prop_assert!(unsafe_part);
                return Ok(());
            };
            proptest::prop_assert!(joined.as_str().starts_with("https://w.example/a/"));
            let read: Vec<String> = joined.path_segments().unwrap().skip(1)
                .map(|part| percent_encoding::percent_decode_str(part).decode_utf8().unwrap().into_owned())
                .collect();
            let wanted: Vec<String> = [torrent].into_iter().chain(parts).collect();
            proptest::prop_assert_eq!(read, wanted);
            proptest::prop_assert_eq!((joined.query(), joined.fragment()), (None, None));
        }
    }
}
