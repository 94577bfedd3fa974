//! A short video that says something in words: what a television shows where a film cannot play.
//!
//! It is made here, without any program's help: text as a picture, the picture as one key frame of
//! H.264 Baseline, after it frames that say "as before", in an MP4 whose index stands first. Every
//! set plays that.

mod h264;
mod mp4;
mod picture;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::representation::{ByteStream, Representation};

/// How long a clip is: long enough to read two sentences.
pub const SECONDS: u32 = 10;
/// How many clips are kept; each takes some 300 KiB.
const MOST: usize = 8;
/// Longest words that are shown, in characters.
const LONGEST: usize = 600;
/// Bytes that are passed on at once.
const CHUNK: usize = 64 << 10;

/// A short video of some words.
#[derive(Debug)]
pub struct Clip {
    bytes: Bytes,
    entity_tag: String,
}

impl Clip {
    /// A clip of a heading and some sentences under it.
    #[must_use]
    pub fn new(heading: &str, words: &str) -> Self {
        let words: String = words.chars().take(LONGEST).collect();
        let picture = picture::Picture::of(heading, &words);
        let stream = h264::encode(&picture, SECONDS);
        let bytes = mp4::file(&stream);
        let digest = Sha256::digest(&bytes);
        let entity_tag = format!("clip-{}", HEXLOWER.encode(&digest[..12]));
        Self { bytes: bytes.into(), entity_tag }
    }
}

impl Representation for Clip {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn media_type(&self) -> &'static str {
        "video/mp4"
    }

    fn entity_tag(&self) -> &str {
        &self.entity_tag
    }

    /// The same words are the same bytes, whenever they were made.
    fn last_modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_600_000_000)
    }

    fn may_stall(&self) -> bool {
        false
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(self.bytes.len());
        let mut left = self.bytes.slice(at(range.start)..at(range.end));
        let mut chunks = Vec::with_capacity(left.len() / CHUNK + 1);
        while !left.is_empty() {
            chunks.push(Ok(left.split_to(left.len().min(CHUNK))));
        }
        stream::iter(chunks).boxed()
    }
}

/// Clips that were made of late.
#[derive(Debug, Default)]
pub struct Clips(Mutex<VecDeque<Made>>);

type Made = ((String, String), Arc<Clip>);

impl Clips {
    /// The clip of these words.
    #[must_use]
    pub fn of(&self, heading: &str, words: &str) -> Arc<Clip> {
        let key = (heading.to_owned(), words.to_owned());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, clip)) = kept.iter().find(|(known, _)| *known == key) {
            return Arc::clone(clip);
        }
        let clip = Arc::new(Clip::new(heading, words));
        kept.push_back((key, Arc::clone(&clip)));
        if kept.len() > MOST {
            kept.pop_front();
        }
        clip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_bytes_and_few_are_kept() {
        let clips = Clips::default();
        let one = clips.of("A title", "Nothing plays.");
        assert!(Arc::ptr_eq(&one, &clips.of("A title", "Nothing plays.")));
        assert_eq!(one.entity_tag(), Clip::new("A title", "Nothing plays.").entity_tag());
        assert_ne!(one.entity_tag(), clips.of("Another", "Nothing plays.").entity_tag());
        for number in 0..MOST {
            let _ = clips.of("A title", &number.to_string());
        }
        assert!(!Arc::ptr_eq(&one, &clips.of("A title", "Nothing plays.")));
        assert!(one.len() < 600_000, "{}", one.len());
    }

    #[tokio::test]
    async fn ranges_are_parts_of_the_whole() {
        let clip = Clip::new("A title", "Nothing plays.");
        for range in [0..clip.len(), 5..clip.len() / 2, clip.len() - 1..clip.len()] {
            let parts: Vec<Bytes> =
                clip.read(range.clone()).map(|part| part.unwrap()).collect().await;
            let whole = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            assert_eq!(parts.concat(), clip.bytes[whole]);
        }
    }
}
