//! What a file is by its first bytes, whatever its name says. Pure.
//!
//! A torrent, or a store, may send a program, an archive or a disc image under a film's name. None
//! of them plays, and a machine that opens one by its content may come to harm, so they are told
//! apart here. What is not known is not refused: there are more containers than this table has.

/// How many first bytes tell: up to the descriptors of a disc image (ISO 9660, ECMA-167).
pub const TELLING: usize = 40 << 10;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Video, or sound.
    Film(Container),
    /// Something else that is known, and does not play.
    Other(Other),
    /// No magic that is known here, or too few bytes.
    Unknown,
}

/// A container of video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Container {
    Matroska,
    WebM,
    Mp4,
    MpegTs,
    M2ts,
    MpegPs,
    MpegVideo,
    Avi,
    Asf,
    Flv,
    Ogg,
    RealMedia,
}

/// What a film never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Other {
    /// Something that a machine runs.
    Program(&'static str),
    /// Something that is unpacked first.
    Archive(&'static str),
    /// The image of a disc or a disk.
    DiscImage(&'static str),
}

impl Other {
    /// In words, with an article.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Program(words) | Self::Archive(words) | Self::DiscImage(words) => words,
        }
    }
}

/// Magic at a fixed place: where, what, and what it means.
type Magic = (usize, &'static [u8], Other);

/// None of these is the beginning of a film.
const OTHERS: &[Magic] = &[
    (0, b"MZ", Other::Program("a Windows program")),
    (0, b"\x7fELF", Other::Program("a Linux program")),
    (0, b"\xfe\xed\xfa\xce", Other::Program("a macOS program")),
    (0, b"\xfe\xed\xfa\xcf", Other::Program("a macOS program")),
    (0, b"\xce\xfa\xed\xfe", Other::Program("a macOS program")),
    (0, b"\xcf\xfa\xed\xfe", Other::Program("a macOS program")),
    (0, b"\xca\xfe\xba\xbe", Other::Program("a macOS or Java program")),
    (0, b"dex\n", Other::Program("an Android program")),
    (0, b"#!", Other::Program("a script")),
    (0, b"\xef\xbb\xbf#!", Other::Program("a script")),
    (0, b"\x4c\0\0\0\x01\x14\x02\0", Other::Program("a Windows shortcut")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Other::Program("a Windows installer or document")),
    (0, b"PK\x03\x04", Other::Archive("a ZIP archive")),
    (0, b"PK\x05\x06", Other::Archive("a ZIP archive")),
    (0, b"PK\x07\x08", Other::Archive("a ZIP archive")),
    (0, b"Rar!\x1a\x07", Other::Archive("a RAR archive")),
    (0, b"7z\xbc\xaf\x27\x1c", Other::Archive("a 7-Zip archive")),
    (0, b"\x1f\x8b\x08", Other::Archive("a gzip archive")),
    (0, b"BZh", Other::Archive("a bzip2 archive")),
    (0, b"\xfd7zXZ\0", Other::Archive("an XZ archive")),
    (0, b"\x28\xb5\x2f\xfd", Other::Archive("a Zstandard archive")),
    (0, b"MSCF\0\0\0\0", Other::Archive("a Windows cabinet")),
    (0, b"!<arch>\n", Other::Archive("a software package")),
    (257, b"ustar", Other::Archive("a tar archive")),
    (0x8001, b"CD001", Other::DiscImage("a disc image (ISO 9660)")),
    (0x8001, b"BEA01", Other::DiscImage("a disc image (UDF)")),
    (0x8801, b"BEA01", Other::DiscImage("a disc image (UDF)")),
    // A CD as a drive reads it raw: a sector's sync, and the same magic behind its header.
    (0, b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", Other::DiscImage("a raw disc image")),
    (0, b"conectix", Other::DiscImage("a disk image")),
    (0, b"KDMV", Other::DiscImage("a disk image")),
    (0, b"QFI\xfb", Other::DiscImage("a disk image")),
];

/// Magic of containers.
const FILMS: &[(usize, &[u8], Container)] = &[
    (4, b"ftyp", Container::Mp4),
    // QuickTime of before `ftyp`: the first atom.
    (4, b"moov", Container::Mp4),
    (4, b"mdat", Container::Mp4),
    (4, b"wide", Container::Mp4),
    (4, b"pnot", Container::Mp4),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Container::Asf),
    (0, b"FLV\x01", Container::Flv),
    (0, b"OggS", Container::Ogg),
    (0, b".RMF", Container::RealMedia),
    (0, b"\0\0\x01\xba", Container::MpegPs),
    (0, b"\0\0\x01\xb3", Container::MpegVideo),
];

/// What begins like this. `head` is the file's start: [`TELLING`] bytes of it, or all there are.
#[must_use]
pub fn content_of(head: &[u8]) -> Content {
    let has = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if let Some(film) = film(head) {
        return Content::Film(film);
    }
    let other = OTHERS.iter().find(|(at, magic, _)| has(*at, magic));
    other.map_or(Content::Unknown, |(.., other)| Content::Other(*other))
}

fn film(head: &[u8]) -> Option<Container> {
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        // RFC 8794: the DocType stands in the EBML header, within its first bytes.
        let header = &head[..head.len().min(64)];
        let web = header.windows(4).any(|four| four == b"webm");
        return Some(if web { Container::WebM } else { Container::Matroska });
    }
    if head.starts_with(b"RIFF") && head.get(8..11) == Some(b"AVI") {
        return Some(Container::Avi);
    }
    let fixed = FILMS
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    fixed.map(|(.., film)| *film).or_else(|| transport_stream(head))
}

/// Packets of 188 bytes that each begin with 0x47 (ISO 13818-1), of 192 with a clock before each
/// (Blu-ray), or of 204 with parity behind. A recording may begin within a packet.
fn transport_stream(head: &[u8]) -> Option<Container> {
    const SYNCS: usize = 5;
    let kinds = [(Container::MpegTs, 188), (Container::M2ts, 192), (Container::MpegTs, 204)];
    for (container, packet) in kinds {
        let synced =
            |start: usize| (0..SYNCS).all(|at| head.get(start + at * packet) == Some(&0x47));
        if (0..packet).any(synced) {
            return Some(container);
        }
    }
    None
}

/// Whether a file of this name may be passed on although it begins so: a program never, and what is
/// called a film has to be one.
#[must_use]
pub fn passes(content: Content, is_called_a_film: bool) -> bool {
    match content {
        Content::Film(_) | Content::Unknown => true,
        Content::Other(Other::Program(_)) => false,
        Content::Other(Other::Archive(_) | Other::DiscImage(_)) => !is_called_a_film,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: usize, magic: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; place];
        bytes.extend_from_slice(magic);
        bytes.extend_from_slice(&[0xaa; 4096]);
        bytes
    }

    fn packets(length: usize, sync: usize, start: usize) -> Vec<u8> {
        let mut bytes = vec![0x11; start + length * 8];
        for number in 0..8 {
            bytes[start + number * length + sync] = 0x47;
        }
        bytes
    }

    #[test]
    fn films_are_known_by_their_first_bytes() {
        for (what, head, container) in [
            (
                "Matroska",
                at(0, b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska"),
                Container::Matroska,
            ),
            (
                "WebM",
                at(0, b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"),
                Container::WebM,
            ),
            ("MP4", at(0, b"\0\0\0\x20ftypisom"), Container::Mp4),
            ("QuickTime", at(0, b"\0\0\0\x08wide\0\0\0\0mdat"), Container::Mp4),
            ("AVI", at(0, b"RIFF\x10\0\0\0AVI LIST"), Container::Avi),
            ("ASF", at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"), Container::Asf),
            ("FLV", at(0, b"FLV\x01\x05"), Container::Flv),
            ("Ogg", at(0, b"OggS\0\x02"), Container::Ogg),
            ("MPEG-PS", at(0, b"\0\0\x01\xba\x44"), Container::MpegPs),
            ("TS", packets(188, 0, 0), Container::MpegTs),
            ("TS that begins within a packet", packets(188, 0, 100), Container::MpegTs),
            ("M2TS", packets(192, 4, 0), Container::M2ts),
            ("TS with parity", packets(204, 0, 0), Container::MpegTs),
        ] {
            assert_eq!(content_of(&head), Content::Film(container), "{what}");
        }
    }

    #[test]
    fn what_a_film_never_is_is_known_too() {
        for (place, magic, other) in OTHERS {
            let content = content_of(&at(*place, magic));
            assert_eq!(content, Content::Other(*other), "{magic:?}");
            assert!(!passes(content, true), "{magic:?}");
            let program = matches!(other, Other::Program(_));
            assert_eq!(passes(content, false), !program, "{magic:?}");
            // Too few bytes to tell.
            assert_eq!(content_of(&at(*place, magic)[..place + 1]), Content::Unknown, "{magic:?}");
        }
        for nothing in [&b""[..], b"\0", b"RIFF\x10\0\0\0WAVEfmt ", b"<!doctype html>", b"hello"] {
            assert_eq!(content_of(nothing), Content::Unknown, "{nothing:?}");
            assert!(passes(Content::Unknown, true));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_and_what_comes_after_the_magic_changes_nothing(
            which in 0..OTHERS.len(),
            tail in proptest::collection::vec(proptest::num::u8::ANY, 0..3000),
        ) {
            let _ = content_of(&tail);
            let (place, magic, _) = OTHERS[which];
            let mut bytes = vec![0; place];
            bytes.extend_from_slice(magic);
            bytes.extend_from_slice(&tail);
            let content = content_of(&bytes);
            // By chance another magic, or packets of a transport stream, may stand in random bytes.
            proptest::prop_assert!(content != Content::Unknown);
        }

        #[test]
        fn a_films_start_is_a_films_wherever_it_is_cut(cut in 12_usize..2000) {
            let head = at(0, b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska");
            let head = &head[..cut.min(head.len())];
            proptest::prop_assert_eq!(content_of(head), Content::Film(Container::Matroska));
        }
    }
}
