//! How long a film runs, as its container says: enough to find a second of it. Pure.
//!
//! Only what stands at fixed places is read (Matroska's `Info`, RFC 9559; an MP4's `mvhd`, ISO
//! 14496-12), with bounds on every step: strangers wrote it.

/// What a part of a file says of how long it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Runs {
    /// So many seconds.
    Seconds(f64),
    /// That stands at this byte: read on there.
    LookAt(u64),
    /// It does not say.
    Unknown,
}

/// What `bytes`, which stand at `place` of the file, say. Begin with place 0.
#[must_use]
pub fn runs(place: u64, bytes: &[u8]) -> Runs {
    if place == 0 && bytes.starts_with(b"\x1a\x45\xdf\xa3") {
        return matroska(bytes).map_or(Runs::Unknown, Runs::Seconds);
    }
    match boxes(place, bytes) {
        Runs::Seconds(seconds) if !(seconds.is_finite() && seconds > 0.0) => Runs::Unknown,
        said => said,
    }
}

/// Boxes of an MP4, one after another: `moov` holds `mvhd`, and may stand behind gigabytes of `mdat`.
fn boxes(mut place: u64, bytes: &[u8]) -> Runs {
    let start = place;
    loop {
        let Ok(at) = usize::try_from(place - start) else { return Runs::Unknown };
        let Some(head) = bytes.get(at..at + 8) else {
            return if place > start { Runs::LookAt(place) } else { Runs::Unknown };
        };
        let (kind, short) = (&head[4..8], number(&head[..4]));
        if !kind.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ') {
            return Runs::Unknown;
        }
        if kind == b"moov" {
            // `mvhd` is its first child (14496-12, 8.2.2); where it is not all here, from there again.
            return match bytes.get(at + 8..at + 48) {
                Some(child) => mvhd(child),
                None if place > start => Runs::LookAt(place),
                None => Runs::Unknown,
            };
        }
        let size = match short {
            1 => match bytes.get(at + 8..at + 16) {
                Some(long) => number(long),
                None if place > start => return Runs::LookAt(place),
                None => return Runs::Unknown,
            },
            short => short,
        };
        match place.checked_add(size).filter(|_| size >= 8) {
            Some(next) => place = next,
            None => return Runs::Unknown,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a film does not run for 2^53 ticks")]
fn mvhd(child: &[u8]) -> Runs {
    if child.get(4..8) != Some(b"mvhd") {
        return Runs::Unknown;
    }
    let (scale, ticks) = match child[8] {
        0 => (number(&child[20..24]), number(&child[24..28])),
        1 => (number(&child[28..32]), number(&child[32..40])),
        _ => return Runs::Unknown,
    };
    if scale == 0 { Runs::Unknown } else { Runs::Seconds(ticks as f64 / scale as f64) }
}

/// A number as it stands in files, the highest byte first.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// An element's name or size: its first bit that is set tells its length (RFC 8794, 4).
pub(super) fn variable(bytes: &[u8], at: usize, keep_marker: bool) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    let length = first.leading_zeros() as usize + 1;
    let whole = bytes.get(at..at + length).filter(|_| length <= 8)?;
    let value = number(whole);
    let marker = 1_u64 << (7 * length);
    let unknown = value & (marker - 1) == marker - 1;
    let value = if keep_marker { value } else { value & (marker - 1) };
    Some((if unknown && !keep_marker { u64::MAX } else { value }, at + length))
}

const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_A966;
const CLUSTER: u64 = 0x1F43_B675;
const TIMESTAMP_SCALE: u64 = 0x002A_D7B1;
const DURATION: u64 = 0x4489;

#[expect(clippy::cast_precision_loss, reason = "a scale is about a million")]
fn matroska(bytes: &[u8]) -> Option<f64> {
    let (mut at, mut scale, mut ticks) = (0_usize, 1_000_000_u64, None);
    let mut end_of_info = None;
    loop {
        if end_of_info.is_some_and(|end| at >= end) {
            break;
        }
        let Some((name, after)) = variable(bytes, at, true) else { break };
        let Some((size, inside)) = variable(bytes, after, false) else { break };
        match name {
            SEGMENT => at = inside,
            INFO => {
                end_of_info = Some(inside.saturating_add(usize::try_from(size).ok()?));
                at = inside;
            }
            CLUSTER => break,
            _ => {
                let end = inside.checked_add(usize::try_from(size).ok()?)?;
                let value = bytes.get(inside..end);
                match (name, value, end_of_info) {
                    (TIMESTAMP_SCALE, Some(value), Some(_)) if value.len() <= 8 => {
                        scale = number(value);
                    }
                    (DURATION, Some(value), Some(_)) => ticks = float(value),
                    _ => {}
                }
                at = end;
            }
        }
    }
    let seconds = ticks? * scale as f64 / 1e9;
    (seconds.is_finite() && seconds > 0.0).then_some(seconds)
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8], inside: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inside.len() + 8).unwrap();
        [&size.to_be_bytes(), kind, inside].concat()
    }

    fn movie(scale: u32, ticks: u32) -> Vec<u8> {
        let mut inside = vec![0; 12];
        inside.extend(scale.to_be_bytes());
        inside.extend(ticks.to_be_bytes());
        inside.extend([0; 80]);
        boxed(b"moov", &boxed(b"mvhd", &inside))
    }

    #[test]
    fn an_mp4_says_so_at_its_start_or_behind_its_bytes() {
        let start = boxed(b"ftyp", b"isom\0\0\0\0");
        let first = [start.clone(), movie(600, 6000), boxed(b"mdat", &[7; 100])].concat();
        assert_eq!(runs(0, &first), Runs::Seconds(10.0));
        let last = [start, boxed(b"mdat", &[7; 5000]), movie(1000, 2500)].concat();
        assert_eq!(runs(0, &last[..4000]), Runs::LookAt(5024));
        assert_eq!(runs(5024, &last[5024..]), Runs::Seconds(2.5));
        // Cut within the box that says so.
        assert_eq!(runs(0, &last[..5040]), Runs::LookAt(5024));
        assert_eq!(runs(0, &[boxed(b"ftyp", b""), movie(0, 5)].concat()), Runs::Unknown);
    }

    #[test]
    fn matroska_says_so_in_its_info() {
        let duration = [&b"\x44\x89\x88"[..], &5000.0_f64.to_be_bytes()].concat();
        let scale = b"\x2a\xd7\xb1\x83\x0f\x42\x40";
        let inside = [&scale[..], &duration].concat();
        let info =
            [&b"\x15\x49\xa9\x66"[..], &[0x80 | u8::try_from(inside.len()).unwrap()], &inside];
        let head =
            b"\x1a\x45\xdf\xa3\x83\x42\x86\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
        let film = [&head[..], b"\xec\x82\0\0", &info.concat(), b"\x1f\x43\xb6\x75\xff"].concat();
        assert_eq!(runs(0, &film), Runs::Seconds(5.0));
        assert_eq!(runs(0, &film[..30]), Runs::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_and_who_reads_on_gets_further(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
            place in 0_u64..1 << 40,
        ) {
            let _ = runs(0, &[&b"\x1a\x45\xdf\xa3"[..], &bytes].concat());
            for place in [0, place] {
                if let Runs::LookAt(next) = runs(place, &bytes) {
                    proptest::prop_assert!(next > place);
                }
            }
        }
    }
}
