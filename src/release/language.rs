//! Languages: the parser's words in codes of two letters (ISO 639-1), as PTT writes them.

use std::sync::LazyLock;

use super::patterns::Patterns;

/// The parser's word and its code. Latin American Spanish is PTT's `la`, which ISO gives to Latin.
const CODES: &[(&str, &str)] = &[
    ("english", "en"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("chinese", "zh"),
    ("taiwanese", "zh"),
    ("french", "fr"),
    ("spanish", "es"),
    ("latino", "la"),
    ("portuguese", "pt"),
    ("italian", "it"),
    ("greek", "el"),
    ("german", "de"),
    ("russian", "ru"),
    ("ukrainian", "uk"),
    ("hindi", "hi"),
    ("telugu", "te"),
    ("tamil", "ta"),
    ("lithuanian", "lt"),
    ("latvian", "lv"),
    ("estonian", "et"),
    ("polish", "pl"),
    ("czech", "cs"),
    ("slovakian", "sk"),
    ("hungarian", "hu"),
    ("romanian", "ro"),
    ("bulgarian", "bg"),
    ("serbian", "sr"),
    ("croatian", "hr"),
    ("slovenian", "sl"),
    ("dutch", "nl"),
    ("danish", "da"),
    ("finnish", "fi"),
    ("swedish", "sv"),
    ("norwegian", "no"),
    ("arabic", "ar"),
    ("turkish", "tr"),
    ("vietnamese", "vi"),
    ("indonesian", "id"),
    ("thai", "th"),
    ("malay", "ms"),
    ("malayalam", "ml"),
    ("hebrew", "he"),
    ("persian", "fa"),
];

/// Languages and scripts that the parser does not tell.
const MORE: &[(&str, &str)] = &[
    (r"(?i)\bE-?Subs?\b", "en"),
    (r"(?i)[+\[(,/&]\s*Hin\b|\bHin\s*[+\])&,/]", "hi"),
    (r"(?i)\bTelugu\b|[+\[(,/&]\s*Tel\b|\bTel\s*[+\])&,/]", "te"),
    (r"(?i)\bTamil\b|[+\[(,/&]\s*Tam\b|\bTam\s*[+\])&,/]", "ta"),
    (r"(?i)\bmalayalam\b|[\u{0d00}-\u{0d7f}]", "ml"),
    (r"(?i)\bkannada\b|[\u{0c80}-\u{0cff}]", "kn"),
    (r"(?i)\bmarathi\b", "mr"),
    (r"(?i)\bgujarati\b|[\u{0a80}-\u{0aff}]", "gu"),
    (r"(?i)\b(?:punjabi|panjabi)\b", "pa"),
    (r"(?i)\b(?:bengali|bangla)\b|[\u{0980}-\u{09ff}]", "bn"),
    (r"[\u{3040}-\u{30ff}]", "ja"),
    (r"[\u{4e00}-\u{9fff}]", "zh"),
    (r"[\u{0400}-\u{04ff}]", "ru"),
    (r"[\u{0600}-\u{06ff}]", "ar"),
    (r"[\u{0e00}-\u{0e7f}]", "th"),
    (r"[\u{0900}-\u{097f}]", "hi"),
];

pub(super) static PATTERNS: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(&MORE.iter().map(|(pattern, _)| *pattern).collect::<Vec<_>>()));

/// The codes of the parser's `words`, and of what stands in `name` besides, each once.
pub(super) fn codes(name: &str, words: &[String]) -> Vec<String> {
    let mut codes: Vec<&str> = Vec::new();
    let told = words.iter().filter_map(|word| CODES.iter().find(|(known, _)| known == word));
    let found = PATTERNS.of(name);
    let seen = found.places().map(|row| MORE[row].1);
    for code in told.map(|(_, code)| *code).chain(seen) {
        // Kanji are Japan's too.
        let kanji = code == "zh" && codes.contains(&"ja");
        if !codes.contains(&code) && !kanji {
            codes.push(code);
        }
    }
    codes.into_iter().map(str::to_owned).collect()
}

/// Whether the parser's `words` say that there is sound in several languages.
pub(super) fn many(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "multi audio" | "dual audio"))
}
