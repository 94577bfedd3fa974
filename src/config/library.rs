//! `[library]`: how long films stay, how much room they take, where else they may lie.

use std::path::{Path, PathBuf};

use super::{BadConfig, Given};

/// `[library]`, but for where it is.
#[derive(Debug, Clone)]
pub struct LibraryConfig {
    /// `library.mode`: whether nothing is removed but by hand.
    pub permanent: bool,
    /// Most bytes of all titles; `None`: as many as the disk takes.
    pub max_bytes: Option<u64>,
    /// What stays free on the disk; `None`: what suits it.
    pub reserve_bytes: Option<u64>,
    /// After how many minutes a title that nobody reads goes; 0: not for that.
    pub idle_minutes: u64,
    /// Whether what nothing spares goes when the server stops.
    pub clean_on_stop: bool,
    /// Further folders where titles may be kept, by name.
    pub places: Vec<(String, PathBuf)>,
    /// Whether the next episode is looked for ahead.
    pub next_episode: bool,
}

impl Given {
    pub(super) fn shelf(&self) -> Result<LibraryConfig, BadConfig> {
        let permanent = match self.text("library.mode") {
            None | Some("temporary") => false,
            Some("permanent") => true,
            Some(_) => {
                return Err(self.wrong("library.mode", "\"temporary\" or \"permanent\""));
            }
        };
        let most: u64 = self.number("library.max_bytes", 0)?;
        let reserve = self.0.contains_key("library.reserve_bytes");
        Ok(LibraryConfig {
            permanent,
            max_bytes: (most > 0).then_some(most),
            reserve_bytes: reserve.then(|| self.number("library.reserve_bytes", 0)).transpose()?,
            idle_minutes: self.number("library.idle_minutes", 30)?,
            clean_on_stop: self.bool("library.clean_on_stop", false),
            places: self.places()?,
            next_episode: self.bool("library.next_episode", true),
        })
    }

    /// `NAME=FOLDER` each.
    fn places(&self) -> Result<Vec<(String, PathBuf)>, BadConfig> {
        let path = "library.places";
        let mut places: Vec<(String, PathBuf)> = Vec::new();
        for item in self.list(path) {
            let place = item.split_once('=').map(|(name, folder)| (name.trim(), folder.trim()));
            let sound = |name: &str, folder: &str| {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                let taken = places.iter().any(|(other, _)| other == name);
                let ours = matches!(name, "library" | "permanent");
                !name.is_empty()
                    && name.len() <= 24
                    && name.bytes().all(plain)
                    && !(taken || ours)
                    && Path::new(folder).is_absolute()
            };
            let Some((name, folder)) = place.filter(|(name, folder)| sound(name, folder)) else {
                let wanted = "a list such as [\"films=/mnt/films/credenza\"]: a name of small \
                              letters that is not taken, and a whole path";
                return Err(self.wrong(path, wanted));
            };
            places.push((name.to_owned(), folder.into()));
        }
        Ok(places)
    }
}
