//! Folders and films as a set asks for them.

use std::collections::HashSet;
use std::time::Duration;

use super::links::Links;
use super::{MediaServer, claim};
use crate::http::rooms::Visitor;
use crate::lan::content_directory::{Call, Didl, Fault, Order, Wanted};
use crate::media::StremioId;
use crate::playback::{Children, Error, Node, NodeId, NodeKind, Page};
use crate::select::{Captions, Profile};

/// Most that are told at once, whatever is asked: a set that wants all of a longer folder asks on,
/// since it is told how many there are.
const MOST: usize = 1000;
/// How long the answer about one film waits for what lies beside it.
const A_MOMENT: Duration = Duration::from_millis(1500);
/// Most folders that a search looks into, and how deep.
const MOST_FOLDERS: usize = 100;
const DEEPEST: usize = 4;
/// What the names of folders begin with of which nobody outside has to be asked.
const HERE: [&str; 4] = ["here", "continue", "downloading", "pinned"];

/// `Browse` (ContentDirectory:1, 2.7.4).
pub(super) async fn browse(
    visitor: &Visitor,
    server: &MediaServer,
    set: &'static Profile,
    call: &Call,
) -> Result<Vec<String>, Fault> {
    let id = NodeId::parse(call.required("ObjectID")?).ok_or(Fault::NoSuchObject)?;
    let playback = &visitor.rooms.playback;
    let found = match call.required("BrowseFlag")?.trim() {
        "BrowseMetadata" => {
            let node = match claim::node(visitor).filter(|node| node.id == id) {
                Some(node) => node,
                None => playback.node(&id).await.map_err(|error| fault_of(&error))?,
            };
            learn_subtitles(visitor, set, &node).await;
            Children { nodes: vec![node], total: 1 }
        }
        "BrowseDirectChildren" => {
            let (page, order) = (page(call)?, Order::read(call.text("SortCriteria").unwrap_or("")));
            let children = match (order, claim::node_in(visitor, &id)) {
                (None, None) => playback.children(&id, page).await,
                (order, first) => sorted(visitor, &id, page, order, first).await,
            };
            children.map_err(|error| fault_of(&error))?
        }
        _ => return Err(Fault::InvalidArguments),
    };
    Ok(told(visitor, server, set, &found))
}

/// Who asks of one film alone is about to play it. Kodi takes its subtitles from this answer, and keeps
/// it: one without them is not asked for again.
async fn learn_subtitles(visitor: &Visitor, set: &Profile, node: &Node) {
    let NodeKind::Video(video) = &node.kind else { return };
    let (rooms, media_id) = (&visitor.rooms, &video.media_id);
    if set.captions.contains(&Captions::Res) && rooms.subtitles_of(media_id).is_empty() {
        // Why nothing is learnt, the room itself has noted.
        let _ = rooms.playback.subtitles_within(media_id, A_MOMENT).await;
    }
}

/// `Search` (2.7.5) through what lies in a folder and those in it, and through what is known of titles
/// that are not here. A search for what there is none of, such as music, finds nothing; it is no error.
pub(super) async fn search(
    visitor: &Visitor,
    server: &MediaServer,
    set: &'static Profile,
    call: &Call,
) -> Result<Vec<String>, Fault> {
    let id = NodeId::parse(call.required("ContainerID")?).ok_or(Fault::NoSuchContainer)?;
    let page = page(call)?;
    let wanted = Wanted::read(call.required("SearchCriteria")?);
    let mut found = found_in(visitor, id, &wanted).await?;
    if let Some(order) = Order::read(call.text("SortCriteria").unwrap_or_default()) {
        order.sort(&mut found);
    }
    Ok(told(visitor, server, set, &cut(found, page)))
}

/// First what is here, then films that are at hand, for who asks for some of them: a set that lists all
/// there is wants what is here. What is here is not told twice.
async fn found_in(visitor: &Visitor, id: NodeId, wanted: &Wanted) -> Result<Vec<Node>, Fault> {
    let takes = |node: &Node| *wanted != Wanted::Films && wanted.takes(node);
    let at_hand = visitor.rooms.playback.at_hand(&id, takes);
    let at_hand = at_hand.map_err(|error| container_fault_of(&error))?;
    let mut found = Vec::new();
    if id.as_str() == NodeId::ROOT || is_here(&id) {
        found = films_in(visitor, id, wanted).await?;
    }
    let here: HashSet<StremioId> = found.iter().filter_map(title_of).collect();
    let is_new = |node: &Node| title_of(node).is_none_or(|title| !here.contains(&title));
    found.extend(at_hand.into_iter().filter(is_new));
    Ok(found)
}

/// The title that a film is of.
fn title_of(node: &Node) -> Option<StremioId> {
    match &node.kind {
        NodeKind::Video(video) => video.title_id,
        NodeKind::Folder { .. } => None,
    }
}

/// Films of a folder and those in it. Folders whose content has to be asked for outside are left out:
/// a search that waits for strangers is given up by the set.
async fn films_in(visitor: &Visitor, id: NodeId, wanted: &Wanted) -> Result<Vec<Node>, Fault> {
    let playback = &visitor.rooms.playback;
    let mut found: Vec<Node> = Vec::new();
    let (mut folders, mut looked) = (vec![(id, 0)], 0);
    while let Some((id, depth)) = folders.pop() {
        looked += 1;
        let children = playback.children(&id, Page::WHOLE).await;
        let children = children.map_err(|error| container_fault_of(&error))?;
        if *wanted == Wanted::Nothing {
            break;
        }
        for node in children.nodes {
            if matches!(node.kind, NodeKind::Folder { .. }) {
                if depth < DEEPEST && looked + folders.len() < MOST_FOLDERS && is_here(&node.id) {
                    folders.push((node.id, depth + 1));
                }
            } else if wanted.takes(&node) && !found.iter().any(|one| same_film(one, &node)) {
                found.push(node);
            }
        }
    }
    Ok(found)
}

fn is_here(id: &NodeId) -> bool {
    HERE.iter().any(|word| id.as_str().split('.').next() == Some(word))
}

/// Whether two nodes are one film in two folders.
fn same_film(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (NodeKind::Video(one), NodeKind::Video(other)) => one.media_id == other.media_id,
        _ => false,
    }
}

fn page(call: &Call) -> Result<Page, Fault> {
    let (start, count) = (call.number("StartingIndex")?, call.number("RequestedCount")?);
    // 0 is "all" (2.7.4.2).
    let count = if count == 0 { MOST } else { count.min(MOST) };
    Ok(Page { start, count: Some(count) })
}

/// A page of all there is, `first` before the rest where no other order is wanted.
async fn sorted(
    visitor: &Visitor,
    id: &NodeId,
    page: Page,
    order: Option<Order>,
    first: Option<Node>,
) -> Result<Children, Error> {
    let children = visitor.rooms.playback.children(id, Page::WHOLE).await?;
    let mut nodes: Vec<Node> = first.into_iter().chain(children.nodes).collect();
    if let Some(order) = order {
        order.sort(&mut nodes);
    }
    Ok(cut(nodes, page))
}

fn cut(nodes: Vec<Node>, page: Page) -> Children {
    let total = nodes.len();
    let count = page.count.unwrap_or(usize::MAX);
    Children { nodes: nodes.into_iter().skip(page.start).take(count).collect(), total }
}

/// `Result`, `NumberReturned`, `TotalMatches`, `UpdateID`.
fn told(visitor: &Visitor, server: &MediaServer, set: &Profile, found: &Children) -> Vec<String> {
    let links = Links::of(visitor);
    let mut didl = Didl::default();
    for node in &found.nodes {
        didl.add(node, &links.places(node), set);
    }
    let update = server.subscriptions.update_id();
    let numbers = [found.nodes.len().to_string(), found.total.to_string(), update.to_string()];
    [didl.end()].into_iter().chain(numbers).collect()
}

/// The same of a folder that is searched.
fn container_fault_of(error: &Error) -> Fault {
    match fault_of(error) {
        Fault::NoSuchObject => Fault::NoSuchContainer,
        other => other,
    }
}

/// UPnP's code for the story's error.
pub(super) fn fault_of(error: &Error) -> Fault {
    match error {
        Error::NoSuchNode { .. } | Error::UnknownMedia => Fault::NoSuchObject,
        error => {
            tracing::debug!(%error, "a set's call could not be answered");
            Fault::CannotProcess
        }
    }
}
