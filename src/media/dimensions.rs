//! How many pixels a film's picture has, as the first bytes of its container say. Pure.
//!
//! Read are Matroska's `Tracks` (RFC 9559) and an MP4's sample description (ISO 14496-12), where they
//! stand at the start; nobody reads on for them. What is cut off says nothing. Strangers wrote it.

use super::length::{number, variable};

/// No picture is wider or higher: 8K has 7680 pixels.
const MOST: u64 = 16_384;

/// Width and height of the first track of pictures, in pixels.
#[must_use]
pub fn dimensions(head: &[u8]) -> Option<(u32, u32)> {
    let (width, height) =
        if head.starts_with(b"\x1a\x45\xdf\xa3") { matroska(head)? } else { mp4(head)? };
    let sound = |side: u64| u32::try_from(side).ok().filter(|_| (1..=MOST).contains(&side));
    Some((sound(width)?, sound(height)?))
}

/// What a part holds, cut where the bytes end, and whether it is all here.
type Inside<'a> = (&'a [u8], bool);

const SEGMENT: u64 = 0x1853_8067;
const TRACKS: u64 = 0x1654_AE6B;
const TRACK_ENTRY: u64 = 0xAE;
const TRACK_TYPE: u64 = 0x83;
const VIDEO: u64 = 0xE0;
const PIXEL_WIDTH: u64 = 0xB0;
const PIXEL_HEIGHT: u64 = 0xBA;

/// Elements one after another (RFC 8794, 6); of unknown size is only the last.
fn elements(bytes: &[u8]) -> impl Iterator<Item = (u64, Inside<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (name, after) = variable(bytes, at, true)?;
        let (size, start) = variable(bytes, after, false)?;
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let end = end.filter(|end| *end <= bytes.len());
        let inside = bytes.get(start..end.unwrap_or(bytes.len()))?;
        at = end.unwrap_or(bytes.len());
        Some((name, (inside, end.is_some())))
    })
}

fn element(bytes: &[u8], wanted: u64) -> Option<Inside<'_>> {
    elements(bytes).find(|(name, _)| *name == wanted).map(|(_, inside)| inside)
}

/// An unsigned integer (RFC 8794, 7.2), if all of it is here.
fn integer(bytes: &[u8], wanted: u64) -> Option<u64> {
    let (value, whole) = element(bytes, wanted)?;
    (whole && (1..=8).contains(&value.len())).then(|| number(value))
}

fn matroska(head: &[u8]) -> Option<(u64, u64)> {
    let (segment, _) = element(head, SEGMENT)?;
    let (tracks, _) = element(segment, TRACKS)?;
    let entries = elements(tracks).filter(|(name, _)| *name == TRACK_ENTRY);
    let mut pictures = entries.filter(|(_, (entry, _))| integer(entry, TRACK_TYPE) == Some(1));
    let (_, (entry, _)) = pictures.next()?;
    let (video, _) = element(entry, VIDEO)?;
    Some((integer(video, PIXEL_WIDTH)?, integer(video, PIXEL_HEIGHT)?))
}

/// Boxes one after another (ISO 14496-12, 4.2); one of size 0 goes to the end.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], Inside<'_>)> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let head = bytes.get(at..at + 8)?;
        let (short, kind) = (number(&head[..4]), &head[4..]);
        let (size, start) = match short {
            0 => (u64::MAX, at + 8),
            1 => (number(bytes.get(at + 8..at + 16)?), at + 16),
            short => (short, at + 8),
        };
        let end = usize::try_from(size).ok().and_then(|size| at.checked_add(size));
        let end = end.filter(|end| *end <= bytes.len());
        let inside = bytes.get(start..end.unwrap_or(bytes.len()))?;
        at = end.unwrap_or(bytes.len());
        Some((kind, (inside, end.is_some())))
    })
}

fn inner<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, (inside, _))| inside)
}

fn mp4(head: &[u8]) -> Option<(u64, u64)> {
    let movie = inner(head, b"moov")?;
    let tracks = boxes(movie).filter(|(kind, _)| *kind == b"trak");
    let media = tracks.filter_map(|(_, (track, _))| inner(track, b"mdia"));
    // The handler says what the track is (8.4.3): 4 bytes behind version, flags and four of zeros.
    let mut pictures = media.filter(|media| {
        inner(media, b"hdlr").and_then(|told| told.get(8..12)) == Some(b"vide".as_slice())
    });
    let samples = inner(inner(pictures.next()?, b"minf")?, b"stbl")?;
    let description = inner(samples, b"stsd")?;
    // Version, flags and a count, then the first entry: its head, and 24 bytes before the width
    // (12.1.3).
    let side = |at: usize| description.get(at..at + 2).map(number);
    Some((side(40)?, side(42)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8], inside: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inside.len() + 8).unwrap();
        [&size.to_be_bytes(), kind, inside].concat()
    }

    fn track(handler: &[u8], width: u16, height: u16) -> Vec<u8> {
        let told = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]].concat());
        let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let entry = boxed(b"avc1", &[&[0; 24], &sides[..], &[0; 50]].concat());
        let table = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry[..]].concat());
        let media = boxed(b"minf", &boxed(b"stbl", &table));
        boxed(
            b"trak",
            &[boxed(b"tkhd", &[0; 84]), boxed(b"mdia", &[told, media].concat())].concat(),
        )
    }

    #[test]
    fn an_mp4_says_so_in_the_first_track_of_pictures() {
        let start = boxed(b"ftyp", b"isom\0\0\0\0");
        let tracks = [boxed(b"mvhd", &[0; 100]), track(b"soun", 2, 16), track(b"vide", 1920, 800)];
        let movie = boxed(b"moov", &tracks.concat());
        let film = [&start[..], &movie, &boxed(b"mdat", &[7; 10])].concat();
        assert_eq!(dimensions(&film), Some((1920, 800)));
        assert_eq!(dimensions(&film[..start.len() + movie.len() - 50]), Some((1920, 800)));
        assert_eq!(dimensions(&film[..start.len() + movie.len() - 56]), None, "cut");
        let sound = boxed(b"moov", &track(b"soun", 2, 16));
        assert_eq!(dimensions(&[start, sound].concat()), None);
        assert_eq!(dimensions(&boxed(b"moov", &track(b"vide", 0, 800))), None);
    }

    /// An element with a name of these bytes.
    fn element_of(name: &[u8], inside: &[u8]) -> Vec<u8> {
        [name, &[0x80 | u8::try_from(inside.len()).unwrap()], inside].concat()
    }

    #[test]
    fn matroska_says_so_in_its_tracks() {
        let sound = element_of(b"\xae", &element_of(b"\x83", &[2]));
        let sides = [element_of(b"\xb0", &[0x0f, 0]), element_of(b"\xba", &[0x06, 0x40])].concat();
        let video = element_of(b"\xe0", &sides);
        let picture = element_of(b"\xae", &[element_of(b"\x83", &[1]), video].concat());
        let tracks = element_of(b"\x16\x54\xae\x6b", &[sound, picture].concat());
        let head =
            b"\x1a\x45\xdf\xa3\x83\x42\x86\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
        let film = [&head[..], b"\xec\x82\0\0", &tracks, b"\x1f\x43\xb6\x75\xff"].concat();
        assert_eq!(dimensions(&film), Some((3840, 1600)));
        assert_eq!(dimensions(&film[..film.len() - 6]), None, "a cut number is none");
        assert_eq!(dimensions(head), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = dimensions(&bytes);
            let _ = dimensions(&[&b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x16\x54\xae\x6b\xff"[..], &bytes].concat());
            let _ = dimensions(&[&b"\0\0\0\0moov\0\0\0\0trak\0\0\0\0mdia"[..], &bytes].concat());
        }
    }
}
