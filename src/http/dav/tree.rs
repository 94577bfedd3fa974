//! The catalogue as folders and files: names that people read and that stand once in a folder, and
//! the way from such names to a node.

use std::collections::HashSet;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::playback::{self, Node, NodeId, NodeKind, Page, Playback, SubtitleLine, Video};
use crate::select::Profile;

/// Longest name of a file, in bytes: what file systems take on which a client keeps it.
const LONGEST: usize = 255;
/// Most subtitles of one film that are listed.
const MOST_SUBTITLES: usize = 6;
/// How the names of subtitles end.
const SUBTITLES: &str = ".srt";
/// Most folders in each other; the catalogue has six.
const DEEPEST: usize = 12;
/// What stands as it is in an address (RFC 3986, 2.3).
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A folder or file.
#[derive(Debug, Clone)]
pub(in crate::http) struct Entry {
    /// Its name in its folder; the root has none.
    pub(in crate::http) name: String,
    /// Of subtitles, their film's.
    pub(in crate::http) node: Node,
    /// Where it is no film but subtitles that lie beside one.
    pub(in crate::http) subtitles: Option<SubtitleLine>,
}

impl Entry {
    pub(in crate::http) fn is_folder(&self) -> bool {
        matches!(self.node.kind, NodeKind::Folder { .. })
    }

    pub(in crate::http) fn video(&self) -> Option<&Video> {
        match &self.node.kind {
            NodeKind::Video(video) if self.subtitles.is_none() => Some(video),
            NodeKind::Video(_) | NodeKind::Folder { .. } => None,
        }
    }

    /// The address in its folder.
    pub(in crate::http) fn link(&self) -> String {
        let name = utf8_percent_encode(&self.name, &PLAIN);
        if self.is_folder() { format!("{name}/") } else { name.to_string() }
    }
}

/// The set that asks, where it is known what that plays.
pub(in crate::http) type Set = Option<&'static Profile>;

/// The names in a path behind `/dav`; `None` where it is none of ours.
pub(in crate::http) fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Some(Vec::new());
    }
    let read = |name: &str| percent_decode_str(name).decode_utf8().ok().map(String::from);
    let names: Option<Vec<String>> = path.split('/').map(read).collect();
    names.filter(|names| names.len() <= DEEPEST)
}

/// What stands at a path; `None` where nothing does.
pub(in crate::http) async fn find(
    playback: &Arc<Playback>,
    set: Set,
    names: &[String],
) -> Result<Option<Entry>, playback::Error> {
    let Some(root) = NodeId::parse(NodeId::ROOT) else { return Ok(None) };
    let node = playback.node(&root).await?;
    let mut at = Entry { name: String::new(), node, subtitles: None };
    for name in names {
        if !at.is_folder() {
            return Ok(None);
        }
        // Subtitles are looked up for who asks for one alone: a list of films has many.
        let children = if name.ends_with(SUBTITLES) {
            entries(playback, set, &at.node.id).await?
        } else {
            named(playback.children(&at.node.id, Page::WHOLE).await?.nodes)
        };
        let name = without_progress(name);
        match children.into_iter().find(|child| without_progress(&child.name) == name) {
            Some(child) => at = child,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// What a folder holds, in its order.
pub(in crate::http) async fn entries(
    playback: &Arc<Playback>,
    set: Set,
    folder: &NodeId,
) -> Result<Vec<Entry>, playback::Error> {
    let entries = named(playback.children(folder, Page::WHOLE).await?.nodes);
    Ok(with_subtitles(playback, set, entries))
}

/// The same for who looks through it, and will look for subtitles in it: those that can be learnt in a
/// moment are.
pub(in crate::http) async fn looked_through(
    playback: &Arc<Playback>,
    set: Set,
    folder: &NodeId,
) -> Result<Vec<Entry>, playback::Error> {
    let nodes = playback.children(folder, Page::WHOLE).await?.nodes;
    playback.listed(folder, &nodes);
    let entries = named(nodes);
    let films = entries.iter().filter_map(Entry::video);
    let films: Vec<String> = films.map(|film| bytes_of(playback, set, film)).collect();
    playback.learn_subtitles_of_folder(&films).await;
    Ok(with_subtitles(playback, set, entries))
}

fn with_subtitles(playback: &Arc<Playback>, set: Set, mut entries: Vec<Entry>) -> Vec<Entry> {
    let beside = entries.iter().flat_map(|film| subtitles_of(playback, set, film));
    let beside: Vec<Entry> = beside.collect();
    entries.extend(beside);
    entries
}

/// The media id of what the set gets of a film; its own where nothing is chosen yet.
fn bytes_of(playback: &Playback, set: Set, film: &Video) -> String {
    playback.chosen(&film.media_id, set).unwrap_or_else(|| film.media_id.clone())
}

/// The subtitles of a film that are known, as files beside it: players look for names that begin with
/// the film's.
fn subtitles_of(playback: &Arc<Playback>, set: Set, film: &Entry) -> Vec<Entry> {
    let Some(video) = film.video() else { return Vec::new() };
    let stem = film.name.rsplit_once('.').map_or(film.name.as_str(), |(stem, _)| stem);
    let mut rows: Vec<Entry> = Vec::new();
    let lines = playback.subtitles_known(&bytes_of(playback, set, video)).into_iter();
    for line in lines.take(MOST_SUBTITLES) {
        let spelled = (1..).map(|number| ending(&line, number));
        let mut names = spelled.map(|ending| fitted(stem, "", &ending));
        let name = names.find(|name| rows.iter().all(|row| row.name != *name));
        let node = film.node.clone();
        rows.push(Entry { name: name.unwrap_or_default(), node, subtitles: Some(line) });
    }
    rows
}

/// `.en.forced.srt`, as players read it; a second of the same has a number.
fn ending(line: &SubtitleLine, number: u32) -> String {
    let language = Some(line.tag()).filter(|tag| *tag != "und").map(|tag| format!(".{tag}"));
    let number = (number > 1).then(|| format!(".{number}"));
    let flags = [(line.forced, ".forced"), (line.sdh, ".sdh")];
    let flags: String = flags.iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
    format!("{}{}{flags}{SUBTITLES}", number.unwrap_or_default(), language.unwrap_or_default())
}

/// Gives each a name that no other has, in any case of letters.
fn named(nodes: Vec<Node>) -> Vec<Entry> {
    let mut taken: HashSet<String> = HashSet::new();
    let entry = |node: Node| {
        let extension = match &node.kind {
            NodeKind::Video(video) => video.link_name.rsplit_once('.').map(|(_, ending)| ending),
            NodeKind::Folder { .. } => None,
        };
        let extension = extension.map(|ending| format!(".{ending}")).unwrap_or_default();
        let stem = stem(&node.title, &extension);
        let spelled = (1..).map(|number| match number {
            1 => fitted(&stem, "", &extension),
            number => fitted(&stem, &format!(" ({number})"), &extension),
        });
        let mut free = spelled.filter(|name| taken.insert(without_progress(name).to_lowercase()));
        let name = free.next().unwrap_or_default();
        Entry { name, node, subtitles: None }
    };
    nodes.into_iter().map(entry).collect()
}

/// A title without what no file may be called.
fn stem(title: &str, extension: &str) -> String {
    let plain = |c: char| match c {
        '/' | '\\' => Some('-'),
        c if c.is_control() => None,
        c => Some(c),
    };
    let name: String = title.chars().filter_map(plain).collect();
    let name = name.trim().trim_end_matches('.');
    let name = name.strip_suffix(extension).filter(|_| !extension.is_empty()).unwrap_or(name);
    // Names that begin with a point are hidden, `.` and `..` are folders.
    let name = name.trim_start_matches('.').trim();
    if name.is_empty() { "Untitled".to_owned() } else { name.to_owned() }
}

fn fitted(stem: &str, number: &str, extension: &str) -> String {
    let mut end = stem.len().min(LONGEST.saturating_sub(number.len() + extension.len()));
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{number}{extension}", stem[..end].trim_end())
}

/// A name without `[45%] `, which changes while somebody reads.
fn without_progress(name: &str) -> &str {
    let rest = name.strip_prefix('[').and_then(|rest| rest.split_once("%] "));
    match rest {
        Some((percent, rest)) if percent.len() <= 2 && percent.parse::<u8>().is_ok() => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(title: &str, link_name: Option<&str>) -> Node {
        let id = NodeId::parse("a").unwrap();
        let kind = match link_name {
            None => NodeKind::Folder { children: None },
            Some(link_name) => NodeKind::Video(Box::new(Video {
                media_id: "ask:tt1254207".to_owned(),
                link_name: link_name.to_owned(),
                media_type: "video/mp4",
                size_bytes: None,
                duration_s: None,
                resolution: None,
                position_s: None,
                title_id: None,
                file_name: None,
            })),
        };
        let title = title.to_owned();
        Node { id, parent: None, title, changed: None, picture: None, kind }
    }

    #[test]
    fn each_file_has_a_name_of_its_own_that_can_be_read() {
        let long = "x".repeat(300);
        let cut = format!("{}.mp4", "x".repeat(251));
        let cut_again = format!("{} (2).mp4", "x".repeat(247));
        let rows = [
            ("Tom & Jerry <1> \"q\" é 日本", Some("a.mkv"), "Tom & Jerry <1> \"q\" é 日本.mkv"),
            ("Film", Some("a.mkv"), "Film.mkv"),
            ("film", Some("a.mkv"), "film (2).mkv"),
            ("film", Some("a.mp4"), "film.mp4"),
            ("a/b\\c\u{7}.", None, "a-b-c"),
            ("..", None, "Untitled"),
            ("", None, "Untitled (2)"),
            ("Release.mkv", Some("a.mkv"), "Release.mkv"),
            ("No extension", Some("video"), "No extension"),
            (&long, Some("a.mp4"), &cut),
            (&long, Some("a.mp4"), &cut_again),
            ("[45%] Coming", Some("a.mkv"), "[45%] Coming.mkv"),
            ("Coming", Some("a.mkv"), "Coming (2).mkv"),
        ];
        let nodes = rows.iter().map(|(title, link_name, _)| node(title, *link_name)).collect();
        let names: Vec<String> = named(nodes).into_iter().map(|entry| entry.name).collect();
        let expected: Vec<&str> = rows.iter().map(|(.., expected)| *expected).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_name_comes_back_out_of_its_address() {
        for name in ["Tom & Jerry <1> \"q\" é 日本.mkv", "100% #1?", "a+b;c=d,e", "~-._!'()*"] {
            let (name, node) = (name.to_owned(), node(name, None));
            let entry = Entry { name: name.clone(), node, subtitles: None };
            assert!(entry.link().is_ascii());
            assert_eq!(segments(&format!("/{}", entry.link())), Some(vec![name]));
        }
        assert_eq!(segments("/"), Some(vec![]));
        assert_eq!(segments("/%ff"), None);
        assert_eq!(segments(&"/a".repeat(13)), None);
    }

    #[test]
    fn progress_is_no_part_of_a_name() {
        for (name, expected) in
            [("[45%] Film", "Film"), ("[x%] Film", "[x%] Film"), ("[REC]", "[REC]"), ("[", "[")]
        {
            assert_eq!(without_progress(name), expected);
        }
    }
}
