//! Words as a picture: light letters on dark, wrapped, within what every set shows of its edges.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Its width and height; whole blocks of 16.
pub(super) const WIDTH: usize = 1280;
pub(super) const HEIGHT: usize = 720;

/// Five of a hundred at each edge may not be seen.
const MARGIN: usize = 72;
const FONT: RasterHeight = RasterHeight::Size32;
/// From one line to the next.
const LEADING: usize = 48;
/// Luma of dark and light (ITU-R BT.709, 16 to 235).
const DARK: u8 = 34;
const LIGHT: u8 = 224;
/// Signs that the font lacks, and what people write instead.
const INSTEAD: &[(&str, char)] = &[
    ("\u{2010}\u{2011}\u{2013}\u{2014}", '-'),
    ("\u{2018}\u{2019}", '\''),
    ("\u{201c}\u{201d}", '"'),
];
/// What stands for a letter that the font lacks.
const MISSING: char = '?';

/// A grey picture.
pub(super) struct Picture {
    luma: Vec<u8>,
}

impl Picture {
    /// A heading with words under it. What finds no room is left out.
    pub(super) fn of(heading: &str, words: &str) -> Self {
        let mut picture = Self { luma: vec![DARK; WIDTH * HEIGHT] };
        let columns = (WIDTH - 2 * MARGIN) / get_raster_width(FontWeight::Regular, FONT);
        // A name in letters that the font lacks says nothing.
        let heading = if is_shown(heading) { wrap(heading, columns) } else { Vec::new() };
        let heading = heading.into_iter().take(2).map(|line| (FontWeight::Bold, line));
        let gap = [(FontWeight::Bold, String::new())];
        let words = wrap(words, columns).into_iter().map(|line| (FontWeight::Regular, line));
        let lines: Vec<(FontWeight, String)> = heading.chain(gap).chain(words).collect();
        let room = (HEIGHT - 2 * MARGIN) / LEADING;
        let top = (HEIGHT - lines.len().min(room) * LEADING) / 2;
        for (at, (weight, line)) in lines.iter().take(room).enumerate() {
            picture.write(line, *weight, top + at * LEADING);
        }
        picture
    }

    /// Luma at a point.
    pub(super) fn at(&self, x: usize, y: usize) -> u8 {
        self.luma[y * WIDTH + x]
    }

    fn write(&mut self, line: &str, weight: FontWeight, top: usize) {
        let width = get_raster_width(weight, FONT);
        for (at, c) in line.chars().enumerate() {
            let known = INSTEAD.iter().find(|(signs, _)| signs.contains(c));
            let letter = get_raster(known.map_or(c, |(_, sign)| *sign), weight, FONT);
            let Some(letter) = letter.or_else(|| get_raster(MISSING, weight, FONT)) else {
                continue;
            };
            for (y, row) in letter.rows().enumerate() {
                for (x, ink) in row.iter().enumerate() {
                    let point = (top + y) * WIDTH + MARGIN + at * width + x;
                    if let Some(luma) = self.luma.get_mut(point) {
                        *luma = blend(*ink);
                    }
                }
            }
        }
    }
}

fn blend(ink: u8) -> u8 {
    let more = u16::from(LIGHT - DARK) * u16::from(ink) / 255;
    DARK.saturating_add(u8::try_from(more).unwrap_or(u8::MAX))
}

/// Whether the font has most of these letters.
fn is_shown(text: &str) -> bool {
    let has = |c: &char| get_raster(*c, FontWeight::Bold, FONT).is_some();
    let letters = text.chars().filter(|c| !c.is_whitespace()).count();
    let known = text.chars().filter(|c| !c.is_whitespace()).filter(has).count();
    letters > 0 && known * 2 > letters
}

/// Lines of at most so many letters, broken between words; a longer word is broken where it ends.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let fits = |line: &String| line.chars().count() + 1 + word.len() <= columns;
        if let Some(line) = lines.last_mut().filter(|line| fits(line)) {
            line.push(' ');
            line.extend(word);
            continue;
        }
        while word.len() > columns {
            lines.push(word.drain(..columns).collect());
        }
        lines.push(word.into_iter().collect());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        for (text, columns, expected) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("  one  ", 7, vec!["one"]),
            ("abcdefghij k", 4, vec!["abcd", "efgh", "ij k"]),
            ("", 7, vec![]),
        ] {
            assert_eq!(wrap(text, columns), expected);
        }
    }

    #[test]
    fn letters_of_western_europe_are_drawn_and_nothing_outside_the_margins() {
        let plain = Picture::of("", "");
        assert!(plain.luma.iter().all(|luma| *luma == DARK));
        let written = Picture::of("Äpfel", "Où ça? ñ ß Ł č");
        assert_ne!(written.luma, Picture::of("?pfel", "O? ?a? ? ? ? ?").luma);
        let full = Picture::of(&"W".repeat(300), &"W ".repeat(600));
        let at = |x: usize, y: usize| full.at(x, y);
        assert!((0..WIDTH).all(|x| at(x, MARGIN / 2) == DARK && at(x, HEIGHT - 30) == DARK));
        assert!((0..HEIGHT).all(|y| at(MARGIN / 2, y) == DARK && at(WIDTH - 30, y) == DARK));
        let light = full.luma.iter().filter(|luma| **luma > 200).count();
        assert!(light > 10_000, "{light}");
    }

    #[test]
    fn a_name_that_cannot_be_drawn_is_left_out() {
        assert_eq!(Picture::of("日本", "Words").luma, Picture::of("", "Words").luma);
        assert!(is_shown("Café 日"));
    }
}
