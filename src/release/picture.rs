//! The picture that a name tells of: where it was taken from, its lines, its coding. The parser's
//! answer in PTT's words, and what the parser leaves out.

use super::patterns::{Seen, patterns};

patterns! {
    FRAME = r"(?i)(?:^|\D)(\d{3,4})[x×](\d{3,4})p?(?:\D|$)";
    INTERLACED = r"(?i)\b(480|576|720|1080)i\b";
    PROGRESSIVE = r"(?i)\d{3,4}p\b";
    QUAD_HD = r"(?i)\bW?QHD\b|\bQuadHD\b|\b1440p\b";
    WEB_DL_RIP = r"(?i)\bWEB[ ._-]?DL[ ._-]?Rip\b";
    WEB_MUX = r"(?i)\b(?:DL|WEB|BD|BR)Mux\b";
    HDTV_RIP = r"(?i)\bHD[ ._-]?TV[ ._-]?Rip\b";
    VHS_RIP = r"(?i)\bVHS[ ._-]?Rip\b";
    VHS = r"(?i)\bVHS\b";
    PDTV = r"(?i)\bPDTV\b";
    PRE_DVD = r"(?i)\bPre-?(?:DVD|HD)(?:Rip)?\b";
    S_PRINT = r"(?i)\bS[ ._-]print\b";
    BARE_REMUX = r"(?i)\bremux\b";
    BD = r"(?i)[\[( ]BD[\]), .]";
    H264 = r"(?i)\b[hx][ ._-]?264\b|\bAVC\b";
    H265 = r"(?i)\b[hx][ ._-]?265\b|\bHEVC";
    TEN_BITS = r"(?i)\bHEVC[ ._-]?10|\bHi10P?\b|\bHDR10\b";
    DOLBY_VISION = r"(?i)\b(?:DV|DoVi|Dolby[ ._-]?Vision)\b";
    HDR10_PLUS = r"(?i)\bHDR10(?:\+|[ ._-]?Plus|P\b)";
    HDR = r"(?i)\bHDR(?:10)?\b";
    SDR = r"(?i)\bSDR\b";
}

/// What a name tells of its picture.
pub(super) struct Picture<'a>(Seen<'a>);

impl<'a> Picture<'a> {
    /// Of `name`, in which blanks stand for underscores: they are no end of a word to a pattern.
    pub(super) fn of(name: &'a str) -> Self {
        Self(PATTERNS.of(name))
    }

    /// `1080p`, `720i`, `1900x800p`.
    pub(super) fn resolution(&self, told: Option<&str>) -> Option<String> {
        if told == Some("4k") {
            return Some("2160p".to_owned());
        }
        if let Some(lines) = self.0.captures(INTERLACED).filter(|_| !self.0.has(PROGRESSIVE)) {
            return Some(format!("{}i", &lines[1]));
        }
        let frame = self.0.captures(FRAME).map(|frame| match &frame[1] {
            "3840" | "4096" => "2160p".to_owned(),
            "2560" => "1440p".to_owned(),
            "1920" => "1080p".to_owned(),
            "1280" => "720p".to_owned(),
            width => format!("{width}x{}p", &frame[2]),
        });
        // A frame says more than the lines that the parser cut out of it.
        let cut_out =
            told.is_none_or(|told| frame.as_ref().is_some_and(|frame| frame.ends_with(told)));
        let quad = || self.0.has(QUAD_HD).then(|| "1440p".to_owned());
        let frame = frame.filter(|_| cut_out);
        frame.or_else(|| told.map(str::to_owned)).or_else(quad)
    }

    /// `WEB-DL`, `BluRay REMUX`, `CAM`.
    pub(super) fn quality(&self, told: Option<&str>) -> Option<String> {
        for (pattern, word, coarser) in FINER {
            if told.is_none_or(|told| coarser.contains(&told)) && self.0.has(*pattern) {
                return Some((*word).to_owned());
            }
        }
        let word = match told {
            Some("BluRay") if self.0.has(BARE_REMUX) => "BluRay REMUX",
            Some(told) => told,
            None if self.0.has(BARE_REMUX) => "REMUX",
            None if self.0.has(BD) => "BDRip",
            None => return None,
        };
        Some(word.to_owned())
    }

    /// `avc`, `hevc`, `av1`, `xvid`, `mpeg`.
    pub(super) fn codec(&self, told: Option<&str>) -> Option<String> {
        let word = match told {
            Some("x264" | "h264" | "avc") => "avc",
            Some("x265" | "h265" | "hevc") => "hevc",
            Some("xvid" | "divx") => "xvid",
            Some(mpeg) if mpeg.starts_with("mp") => "mpeg",
            Some(other) => other,
            None if self.0.has(H265) => "hevc",
            None if self.0.has(H264) => "avc",
            None => return None,
        };
        Some(word.to_owned())
    }

    /// Bits a colour: 8, 10 or 12.
    pub(super) fn bit_depth(&self, told: Option<&str>) -> Option<u8> {
        let digits = |told: &str| told.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok();
        told.and_then(digits).or_else(|| self.0.has(TEN_BITS).then_some(10))
    }

    /// `DV`, `HDR10+`, `HDR`, `SDR`: what of them the name tells.
    pub(super) fn hdr(&self, name: &str) -> Vec<String> {
        let plus = self.0.has(HDR10_PLUS);
        // What is left of HDR10+ without its plus would read as HDR10.
        let without = || {
            let rest = self.0.regex(HDR10_PLUS).replace_all(name, " ");
            self.0.regex(HDR).is_match(&rest)
        };
        let rows = [
            ("DV", self.0.has(DOLBY_VISION)),
            ("HDR10+", plus),
            ("HDR", self.0.has(HDR) && (!plus || without())),
            ("SDR", self.0.has(SDR)),
        ];
        rows.iter().filter(|(_, told)| *told).map(|(word, _)| (*word).to_owned()).collect()
    }
}

/// What says more than the parser's word for the same; the last column is that word.
const FINER: &[(usize, &str, &[&str])] = &[
    (PRE_DVD, "SCR", &["DVD", "DVDRip"]),
    (S_PRINT, "CAM", &[]),
    (WEB_DL_RIP, "WEB-DLRip", &["WEB-DL", "WEBRip"]),
    (WEB_MUX, "WEBMux", &["WEB", "WEBRip", "WEB-DL"]),
    (HDTV_RIP, "HDTVRip", &["HDTV", "HDRip", "TVRip"]),
    (VHS_RIP, "VHSRip", &["DVDRip"]),
    (VHS, "VHS", &[]),
    (PDTV, "PDTV", &["HDTV", "TVRip"]),
];
