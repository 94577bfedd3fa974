//! What a terminal can show: how wide it is, and whether in colour.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::config::takes_colours;

/// Narrower than this nothing fits; lines then break as the terminal breaks them.
const NARROWEST: usize = 20;

/// Where something is printed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Terminal {
    /// In columns; `None`: it is none, and nothing is cut.
    pub(super) width: Option<usize>,
    pub(super) colour: bool,
}

/// How a word is set off.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    Bold,
    Good,
    Bad,
    Faint,
}

impl Terminal {
    /// Of the answer; plain where it goes into a file or another program.
    pub(super) fn of_stdout() -> Self {
        Self::of(&io::stdout()).unwrap_or_default()
    }

    /// Of what is said meanwhile; `None` where nobody looks.
    pub(super) fn of_stderr() -> Option<Self> {
        Self::of(&io::stderr())
    }

    fn of<T: IsTerminal + AsFd>(stream: &T) -> Option<Self> {
        if !stream.is_terminal() {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(stream).ok();
        let width = size.map(|size| usize::from(size.ws_col)).filter(|width| *width >= NARROWEST);
        Some(Self { width, colour: takes_colours() })
    }

    /// `text` set off, where there are colours. What is passed here has its width already.
    pub(super) fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => 1,
            Ink::Good => 32,
            Ink::Bad => 33,
            Ink::Faint => 2,
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// As much of `text` as fits behind `taken` columns, with a sign where it was cut.
    pub(super) fn fit(&self, text: &str, taken: usize) -> String {
        match self.width {
            Some(width) => cut(text, width.saturating_sub(taken).max(1)),
            None => text.to_owned(),
        }
    }

    /// `text` on as many lines as it needs, all but the first behind `indent` columns.
    pub(super) fn wrap(&self, text: &str, indent: usize) -> String {
        let Some(width) = self.width.filter(|width| *width > indent + 10) else {
            return text.to_owned();
        };
        let mut lines = String::new();
        let mut column = 0;
        for (number, word) in text.split(' ').enumerate() {
            if number > 0 && column + 1 + word.width() > width {
                lines.push('\n');
                lines.push_str(&" ".repeat(indent));
                column = indent;
            } else if number > 0 {
                lines.push(' ');
                column += 1;
            }
            lines.push_str(word);
            column += word.width();
        }
        lines
    }
}

/// `text` in at most `width` columns.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let needed = c.width().unwrap_or(0);
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('\u{2026}');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_by_the_columns_it_takes() {
        for (text, width, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd\u{2026}"),
            ("\u{65e5}\u{672c}\u{8a9e}", 6, "\u{65e5}\u{672c}\u{8a9e}"),
            ("\u{65e5}\u{672c}\u{8a9e}", 5, "\u{65e5}\u{672c}\u{2026}"),
            ("\u{65e5}\u{672c}\u{8a9e}", 4, "\u{65e5}\u{2026}"),
            ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}"),
            ("abc", 1, "\u{2026}"),
        ] {
            assert_eq!(cut(text, width), expected, "{text} in {width}");
            assert!(cut(text, width).width() <= width);
        }
    }

    #[test]
    fn a_sentence_is_broken_between_words() {
        let narrow = Terminal { width: Some(24), colour: false };
        let told = narrow.wrap("torrentio refuses this connection until about 18:40", 4);
        assert_eq!(told, "torrentio refuses this\n    connection until\n    about 18:40");
        let file = Terminal::default();
        assert_eq!(file.wrap("a b", 4), "a b");
        assert_eq!(file.ink(Ink::Good, "cached"), "cached");
        assert_eq!(file.fit("a long name", 5), "a long name");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text: String, width in 1usize..200) {
            proptest::prop_assert!(cut(&text, width).width() <= width);
        }
    }
}
