//! A folder of the catalogue as a page of links.

use askama::Template;

/// `/files/…`: players read it as well as people, so that it is nothing but links.
#[derive(Debug, Template)]
#[template(path = "files.html")]
pub struct Files {
    /// What the folder is called.
    pub name: String,
    /// Whether nothing is above it.
    pub is_root: bool,
    /// What it holds.
    pub rows: Vec<FileRow>,
    /// Whether it holds films, so that there are playlists of it.
    pub plays: bool,
}

/// A folder or file.
#[derive(Debug, Clone)]
pub struct FileRow {
    /// Its address in the folder.
    pub link: String,
    /// Its name; a folder's ends with `/`.
    pub name: String,
}
