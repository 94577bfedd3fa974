//! Pictures made small: some sets show none that is larger than what DLNA calls `JPEG_TN`, a JPEG of at
//! most 160 x 160 pixels. Strangers made the pictures: how many pixels one has is looked at before any
//! is read. Pure.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};

/// Longest side of a small one, in pixels.
const SIDE: u32 = 160;
/// Most pixels of one that is read, and most bytes that it takes meanwhile. A poster has less than
/// half a million pixels, a background one or two.
const MOST_PIXELS: u64 = 4_000_000;
const MOST_BYTES: u64 = 32 << 20;
/// The encoder's measure, of 100: one of 160 pixels has some 8 KiB.
const QUALITY: u8 = 80;

/// `picture` (a JPEG or PNG) as a small JPEG; `None` where it cannot be read, or is too large.
pub(super) fn small(picture: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return None;
    }
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let fits = width <= SIDE && height <= SIDE;
    let small = if fits { whole } else { whole.thumbnail(SIDE, SIDE) };
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    small.to_rgb8().write_with_encoder(encoder).ok()?;
    Some(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, RgbaImage};

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let colour = |x: u32, _| image::Rgba([u8::try_from(x % 256).unwrap_or(0), 90, 200, 255]);
        let whole = DynamicImage::from(RgbaImage::from_fn(width, height, colour)).to_rgb8();
        let mut bytes = Cursor::new(Vec::new());
        whole.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn size_of(jpeg: &[u8]) -> (u32, u32) {
        let reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
        let whole = reader.decode().unwrap();
        (whole.width(), whole.height())
    }

    #[test]
    fn a_picture_keeps_its_shape_and_gets_no_side_beyond_160() {
        for (width, height, small_width, small_height) in [
            (600, 900, 107, 160),
            (1280, 720, 160, 90),
            (160, 160, 160, 160),
            (40, 60, 40, 60),
            (2000, 2, 160, 1),
        ] {
            for format in [ImageFormat::Jpeg, ImageFormat::Png] {
                let made = small(&picture(width, height, format)).unwrap();
                assert_eq!(size_of(&made), (small_width, small_height), "{width} x {height}");
                assert!(made.len() < 32 << 10);
            }
        }
    }

    /// As PNG counts it (ISO 15948, annex D).
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }
            })
        })
    }

    #[test]
    fn what_is_no_picture_or_far_too_large_gives_none() {
        let png = picture(64, 64, ImageFormat::Png);
        assert!(small(b"").is_none() && small(b"GIF89a").is_none());
        assert!(small(&png[..png.len() / 2]).is_none(), "cut");
        // The head of a PNG says 60,000 x 60,000; its sum is right.
        let mut bomb = png.clone();
        assert_eq!(crc(&png[12..29]).to_be_bytes(), png[29..33]);
        bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        let sum = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(small(&bomb).is_none());
        assert!(small(&picture(2100, 2000, ImageFormat::Jpeg)).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_made_is_small(
            at in 0_usize..2000,
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..40),
            png: bool,
        ) {
            let format = if png { ImageFormat::Png } else { ImageFormat::Jpeg };
            let mut picture = picture(70, 300, format);
            let at = at.min(picture.len() - 1);
            let end = picture.len().min(at + bytes.len());
            picture[at..end].copy_from_slice(&bytes[..end - at]);
            if let Some(made) = small(&picture) {
                let (width, height) = size_of(&made);
                proptest::prop_assert!(width <= SIDE && height <= SIDE);
            }
        }
    }
}
