//! Bytes in whatever encoding, as text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::Error;
use super::language::Language;

/// How many bytes tell whether it is UTF-16 without a mark.
const TELLING: usize = 4096;

/// Text out of a stranger's bytes: by its mark (BOM), else UTF-8 where it is that, else guessed from
/// the bytes and the language. `stated`: the encoding that somebody says it has, which counts where it
/// fits. Control characters are gone, lines end with `\n`.
pub fn decode(
    bytes: &[u8],
    language: Option<Language>,
    stated: Option<&str>,
) -> Result<String, Error> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None => (guess(bytes, language, stated), bytes),
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let controls = text.chars().filter(|c| *c == '\0').count();
    // A picture, an archive: text has none, and a file that was torn a few.
    if controls > 16 && controls > text.len() / 64 {
        return Err(Error::NotText);
    }
    Ok(tidied(&text))
}

fn guess(bytes: &[u8], language: Option<Language>, stated: Option<&str>) -> &'static Encoding {
    if let Some(wide) = wide(bytes) {
        return wide;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    // A file that was cut in the middle of a character is still UTF-8.
    if let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        return UTF_8;
    }
    if let Some(encoding) = stated.and_then(|label| Encoding::for_label(label.as_bytes()))
        && encoding != UTF_8
        && encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
    {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(language.and_then(home), Utf8Detection::Deny)
}

/// UTF-16 without a mark: text whose every other byte is zero, as in scripts that were Latin first.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(TELLING) & !1];
    let zeros = |at: usize| head.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
    match () {
        () if pairs < 8 => None,
        () if odd > pairs / 4 && even < pairs / 64 + 1 => Some(UTF_16LE),
        () if even > pairs / 4 && odd < pairs / 64 + 1 => Some(UTF_16BE),
        () => None,
    }
}

/// A country whose old texts are in the language's encoding: what the detector takes as a hint.
fn home(language: Language) -> Option<&'static [u8]> {
    let country: &[u8] = match language.tag() {
        "ja" => b"jp",
        "ko" => b"kr",
        "zh-Hant" => b"tw",
        "zh" | "zh-Hans" => b"cn",
        "cs" => b"cz",
        "el" => b"gr",
        "he" => b"il",
        "uk" => b"ua",
        "be" => b"by",
        "fa" => b"ir",
        "ar" => b"sa",
        "sr" => b"rs",
        "sl" => b"si",
        "et" => b"ee",
        "vi" => b"vn",
        "da" => b"dk",
        "sv" => b"se",
        "kk" => b"kz",
        "bg" => b"bg",
        "ru" => b"ru",
        "pl" => b"pl",
        "hu" => b"hu",
        "hr" => b"hr",
        "sk" => b"sk",
        "ro" => b"ro",
        "mk" => b"mk",
        "tr" => b"tr",
        "th" => b"th",
        "lt" => b"lt",
        "lv" => b"lv",
        "is" => b"is",
        _ => return None,
    };
    Some(country)
}

fn tidied(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    tidy.push('\n');
                }
            }
            '\n' | '\t' => tidy.push(c),
            '\u{feff}' => {}
            c if c.is_control() => {}
            c => tidy.push(c),
        }
    }
    tidy
}
