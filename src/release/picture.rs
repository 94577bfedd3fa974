//! The picture that a name tells of: where it was taken from, its lines, its coding. The parser's
//! answer in PTT's words, and what the parser leaves out.

use std::sync::LazyLock;

use regex::Regex;

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a constant pattern"));
    };
}

pattern!(FRAME, r"(?i)(?:^|\D)(\d{3,4})[x×](\d{3,4})p?(?:\D|$)");
pattern!(INTERLACED, r"(?i)\b(480|576|720|1080)i\b");
pattern!(PROGRESSIVE, r"(?i)\d{3,4}p\b");
pattern!(QUAD_HD, r"(?i)\bW?QHD\b|\bQuadHD\b|\b1440p\b");
pattern!(WEB_DL_RIP, r"(?i)\bWEB[ ._-]?DL[ ._-]?Rip\b");
pattern!(WEB_MUX, r"(?i)\b(?:DL|WEB|BD|BR)Mux\b");
pattern!(HDTV_RIP, r"(?i)\bHD[ ._-]?TV[ ._-]?Rip\b");
pattern!(VHS_RIP, r"(?i)\bVHS[ ._-]?Rip\b");
pattern!(VHS, r"(?i)\bVHS\b");
pattern!(PDTV, r"(?i)\bPDTV\b");
pattern!(PRE_DVD, r"(?i)\bPre-?(?:DVD|HD)(?:Rip)?\b");
pattern!(S_PRINT, r"(?i)\bS[ ._-]print\b");
pattern!(BARE_REMUX, r"(?i)\bremux\b");
pattern!(BD, r"(?i)[\[( ]BD[\]), .]");
pattern!(H264, r"(?i)\b[hx][ ._-]?264\b|\bAVC\b");
pattern!(H265, r"(?i)\b[hx][ ._-]?265\b|\bHEVC");
pattern!(TEN_BITS, r"(?i)\bHEVC[ ._-]?10|\bHi10P?\b|\bHDR10\b");
pattern!(DOLBY_VISION, r"(?i)\b(?:DV|DoVi|Dolby[ ._-]?Vision)\b");
pattern!(HDR10_PLUS, r"(?i)\bHDR10(?:\+|[ ._-]?Plus|P\b)");
pattern!(HDR, r"(?i)\bHDR(?:10)?\b");
pattern!(SDR, r"(?i)\bSDR\b");

/// `1080p`, `720i`, `1896x1048p`.
pub(super) fn resolution(name: &str, told: Option<&str>) -> Option<String> {
    if told == Some("4k") {
        return Some("2160p".to_owned());
    }
    if let Some(lines) = INTERLACED.captures(name).filter(|_| !PROGRESSIVE.is_match(name)) {
        return Some(format!("{}i", &lines[1]));
    }
    let frame = FRAME.captures(name).map(|frame| match &frame[1] {
        "3840" | "4096" => "2160p".to_owned(),
        "2560" => "1440p".to_owned(),
        "1920" => "1080p".to_owned(),
        "1280" => "720p".to_owned(),
        width => format!("{width}x{}p", &frame[2]),
    });
    // A frame says more than the lines that the parser cut out of it.
    let cut_out = told.is_none_or(|told| frame.as_ref().is_some_and(|frame| frame.ends_with(told)));
    let quad = || QUAD_HD.is_match(name).then(|| "1440p".to_owned());
    let frame = frame.filter(|_| cut_out);
    frame.or_else(|| told.map(str::to_owned)).or_else(quad)
}

/// `WEB-DL`, `BluRay REMUX`, `CAM`.
pub(super) fn quality(name: &str, told: Option<&str>) -> Option<String> {
    // Rows that say more than the parser's word for the same; the last column is that word.
    let finer: [(&Regex, &str, &[&str]); 8] = [
        (&PRE_DVD, "SCR", &["DVD", "DVDRip"]),
        (&S_PRINT, "CAM", &[]),
        (&WEB_DL_RIP, "WEB-DLRip", &["WEB-DL", "WEBRip"]),
        (&WEB_MUX, "WEBMux", &["WEB", "WEBRip", "WEB-DL"]),
        (&HDTV_RIP, "HDTVRip", &["HDTV", "HDRip", "TVRip"]),
        (&VHS_RIP, "VHSRip", &["DVDRip"]),
        (&VHS, "VHS", &[]),
        (&PDTV, "PDTV", &["HDTV", "TVRip"]),
    ];
    for (pattern, word, coarser) in finer {
        if told.is_none_or(|told| coarser.contains(&told)) && pattern.is_match(name) {
            return Some(word.to_owned());
        }
    }
    let else_where = [(&*BARE_REMUX, "REMUX"), (&*BD, "BDRip")];
    let untold = || else_where.iter().find(|(pattern, _)| pattern.is_match(name));
    let remux = told.is_some_and(|told| told == "BluRay") && BARE_REMUX.is_match(name);
    match told {
        Some(_) if remux => Some("BluRay REMUX".to_owned()),
        Some(told) => Some(told.to_owned()),
        None => untold().map(|(_, word)| (*word).to_owned()),
    }
}

/// `avc`, `hevc`, `av1`, `xvid`, `mpeg`.
pub(super) fn codec(name: &str, told: Option<&str>) -> Option<String> {
    let word = match told {
        Some("x264" | "h264" | "avc") => "avc",
        Some("x265" | "h265" | "hevc") => "hevc",
        Some("xvid" | "divx") => "xvid",
        Some(mpeg) if mpeg.starts_with("mp") => "mpeg",
        Some(other) => other,
        None if H265.is_match(name) => "hevc",
        None if H264.is_match(name) => "avc",
        None => return None,
    };
    Some(word.to_owned())
}

/// Bits a colour: 8, 10 or 12.
pub(super) fn bit_depth(name: &str, told: Option<&str>) -> Option<u8> {
    let digits = |told: &str| told.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    told.and_then(digits).or_else(|| TEN_BITS.is_match(name).then_some(10))
}

/// `DV`, `HDR10+`, `HDR`, `SDR`: what of them the name tells.
pub(super) fn hdr(name: &str) -> Vec<String> {
    let plus = HDR10_PLUS.is_match(name);
    let mut found = Vec::new();
    let rows = [
        ("DV", DOLBY_VISION.is_match(name)),
        ("HDR10+", plus),
        ("HDR", HDR.is_match(&HDR10_PLUS.replace_all(name, " "))),
        ("SDR", SDR.is_match(name)),
    ];
    found.extend(rows.iter().filter(|(_, told)| *told).map(|(word, _)| (*word).to_owned()));
    found
}
