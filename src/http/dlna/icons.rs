//! The pictures of the device that sets show in their lists. `icons/draw.py` makes them.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::lan::content_directory::ICONS;

const FILES: [(&str, &[u8]); 4] = [
    ("icon-120.png", include_bytes!("icons/icon-120.png")),
    ("icon-120.jpg", include_bytes!("icons/icon-120.jpg")),
    ("icon-48.png", include_bytes!("icons/icon-48.png")),
    ("icon-48.jpg", include_bytes!("icons/icon-48.jpg")),
];

/// The picture of this name.
pub(super) fn icon(file: &str) -> Option<Response> {
    let (media_type, ..) = ICONS.iter().find(|(_, _, name)| *name == file)?;
    let (_, bytes) = FILES.iter().find(|(name, _)| *name == file)?;
    let head = [(header::CONTENT_TYPE, *media_type), (header::CACHE_CONTROL, "max-age=86400")];
    Some((head, *bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_that_is_told_of_is_there_and_of_its_kind() {
        for (media_type, _, name) in ICONS {
            let bytes = FILES.iter().find(|(file, _)| *file == name).unwrap().1;
            let begins: &[u8] =
                if media_type == "image/png" { b"\x89PNG" } else { b"\xFF\xD8\xFF" };
            assert!(bytes.starts_with(begins), "{name}");
            assert!(icon(name).is_some());
        }
        assert!(icon("icon-1.png").is_none());
    }
}
