//! A code for a phone's camera, drawn with characters that every console has.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules round the code (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;

/// The code of a text, two modules a character; `None` where it is too long for one.
pub(super) fn code(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let modules = code.width();
    let side = modules + 2 * QUIET;
    let is_light = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < modules);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => code[(x, y)] == Color::Light,
            // Below an odd number of rows the last half is the console's own black.
            _ => y < side,
        }
    };
    let row = |y: usize| {
        let half = |x| match (is_light(x, y), is_light(x, y + 1)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        };
        (0..side).map(half).collect()
    };
    Some((0..side).step_by(2).map(row).collect())
}
