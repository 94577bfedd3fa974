//! What lies on the disks, title by title.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::playable::Playable;
use super::records::Record;
use super::shelf::{LIBRARY, PERMANENT};
use super::{Error, Playback, durably};
use crate::library::{self, LibraryId, Name, Root};
use crate::swarm::name_on_disk;
use crate::torrent::InfoHash;

/// A file, and which root it lies in.
pub(super) type Lying = (usize, library::File);

/// A title and its files.
pub(super) struct Title {
    pub(super) media_id: String,
    pub(super) playable: Playable,
    pub(super) record: Record,
    pub(super) files: Vec<Lying>,
}

impl Title {
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, file)| file.bytes).sum()
    }

    /// Takes those of its torrent's files that are its own; gives back the others.
    pub(super) fn take_own(&mut self, files: Vec<Lying>) -> Vec<Lying> {
        let theirs: HashSet<PathBuf> = files_of(self, &files);
        let (own, rest) = files.into_iter().partition(|(_, f)| theirs.contains(&f.path));
        self.files = own;
        rest
    }

    /// Its whole file, if it is noted as such and lies there.
    pub(super) fn whole(&self) -> Option<&Lying> {
        let finished = self.playable.finished.as_ref()?;
        let whole = |file: &library::File| Some(file.len) == self.playable.file.size_bytes;
        self.files.iter().find(|(_, file)| file.path == *finished && whole(file))
    }

    pub(super) fn is_permanent(&self, roots: &[Root]) -> bool {
        self.files.iter().any(|(root, _)| roots[*root].name != LIBRARY)
    }
}

/// What lies on the disks at one moment.
pub(super) struct Lie {
    pub(super) roots: Vec<Root>,
    /// As [`Playback::lying`] has them.
    pub(super) titles: Vec<Title>,
    /// The files of none.
    pub(super) others: Vec<Lying>,
}

impl Playback {
    /// Walks the disks.
    pub(super) fn walk(&self) -> Result<Lie, Error> {
        let roots = self.roots();
        let (titles, others) = self.lying(&roots)?;
        Ok(Lie { roots, titles, others })
    }

    /// Every folder where titles may lie.
    pub(super) fn roots(&self) -> Vec<Root> {
        let options = &self.parts.shelf;
        let folders = options.place.folders();
        let root = |name: &str, folder: PathBuf| Root { name: name.to_owned(), folder, id: None };
        let permanent = folders.iter().map(|folder| root(PERMANENT, folder.join(PERMANENT)));
        let permanent: Vec<Root> = permanent.collect();
        let library = folders.into_iter().map(|folder| {
            // One that cannot be read is nobody's.
            let id = LibraryId::of(&folder).ok().flatten();
            Root { id, ..root(LIBRARY, folder) }
        });
        library.chain(permanent).chain(options.places.iter().cloned()).collect()
    }

    /// The titles that were chosen, with their files, and the files of none.
    pub(super) fn titles(&self, roots: &[Root]) -> Result<(Vec<Title>, Vec<Lying>), Error> {
        durably(|| {
            let mut files = files_by_torrent(roots);
            let mut titles = Vec::new();
            for playable in self.chosen.all()? {
                let of_torrent = self.title_of(playable?, &mut files)?;
                titles.extend(of_torrent);
            }
            Ok((titles, files.into_values().flatten().collect()))
        })
    }

    /// Of the torrents whose files lie on the disks, the titles with their files, also those that have
    /// none; and the files of no title.
    pub(super) fn lying(&self, roots: &[Root]) -> Result<(Vec<Title>, Vec<Lying>), Error> {
        durably(|| {
            let mut files = files_by_torrent(roots);
            let mut titles = Vec::new();
            let torrents: Vec<InfoHash> = files.keys().copied().collect();
            for info_hash in torrents {
                for playable in self.chosen.of_torrent(&info_hash)? {
                    titles.extend(self.title_of(playable, &mut files)?);
                }
            }
            Ok((titles, files.into_values().flatten().collect()))
        })
    }

    /// The titles of one torrent with their files, and which of them is the one that is asked for.
    pub(super) fn with_siblings(
        &self,
        media_id: &str,
        roots: &[Root],
    ) -> Result<(Vec<Title>, usize), Error> {
        durably(|| {
            let info_hash = self.known(media_id)?.info_hash;
            let mut files = HashMap::from([(info_hash, files_of_torrent(&info_hash, roots))]);
            let mut titles = Vec::new();
            for playable in self.chosen.of_torrent(&info_hash)? {
                titles.extend(self.title_of(playable, &mut files)?);
            }
            let at = titles.iter().position(|title| title.media_id == media_id);
            Ok((titles, at.ok_or(Error::UnknownMedia)?))
        })
    }

    /// What was chosen as a title, which takes its own of its torrent's files.
    fn title_of(
        &self,
        playable: Playable,
        files: &mut HashMap<InfoHash, Vec<Lying>>,
    ) -> Result<Option<Title>, Error> {
        if playable.is_own() {
            return Ok(None);
        }
        let media_id = playable.media_id();
        let record = self.shelf.records.of(&media_id)?;
        let mut title = Title { media_id, playable, record, files: Vec::new() };
        if let Some(lying) = files.get_mut(&title.playable.info_hash) {
            *lying = title.take_own(std::mem::take(lying));
        }
        Ok(Some(title))
    }
}

fn files_by_torrent(roots: &[Root]) -> HashMap<InfoHash, Vec<Lying>> {
    let mut files: HashMap<InfoHash, Vec<Lying>> = HashMap::new();
    for (at, root) in roots.iter().enumerate() {
        for file in root.files() {
            files.entry(file.info_hash).or_default().push((at, file));
        }
    }
    files
}

/// The files of one torrent.
pub(super) fn files_of_torrent(info_hash: &InfoHash, roots: &[Root]) -> Vec<Lying> {
    let all = roots.iter().enumerate();
    all.flat_map(|(at, root)| root.files_of(info_hash).into_iter().map(move |file| (at, file)))
        .collect()
}

/// Which of `files` are this title's: the one that is noted as whole, its copy, and what the swarm
/// has of it. A store's index of a file may be its own, so that the swarm's file is known by its
/// torrent, its extension and its length, and by its number only where those leave a choice.
fn files_of(title: &Title, files: &[Lying]) -> HashSet<PathBuf> {
    let playable = &title.playable;
    let on_disk = name_on_disk(&playable.file);
    let extension = on_disk.rsplit('.').next().unwrap_or_default();
    let of_torrent = || {
        let same = |file: &&library::File| file.info_hash == playable.info_hash;
        files.iter().map(|(_, file)| file).filter(same)
    };
    let pieces: Vec<&library::File> = of_torrent()
        .filter(|file| matches!(file.name, Name::Piece(_)) && file.extension == extension)
        .filter(|file| Some(file.len) == playable.file.size_bytes)
        .collect();
    let numbers: HashSet<&Name> = pieces.iter().map(|file| &file.name).collect();
    let number = playable.file.index.map(Name::Piece);
    let pieces =
        pieces.iter().filter(|file| numbers.len() == 1 || Some(&file.name) == number.as_ref());
    let named = of_torrent().filter(|file| {
        playable.finished.as_ref() == Some(&file.path)
            || matches!(&file.name, Name::Copy(id) if *id == title.media_id)
    });
    pieces.copied().chain(named).map(|file| file.path.clone()).collect()
}
