//! Folders and films as a set asks for them.

use std::collections::HashSet;
use std::time::Duration;

use super::links::Links;
use super::{MediaServer, claim};
use crate::http::visitor::Visitor;
use crate::lan::content_directory::{Call, Didl, Fault, Order, Wanted};
use crate::media::StremioId;
use crate::playback::{Children, Error, Node, NodeId, NodeKind, Page};
use crate::select::{Captions, Profile};

/// Most that are told at once, whatever is asked: a set that wants all of a longer folder asks on,
/// since it is told how many there are.
const MOST: usize = 1000;
/// How long the answer about one film waits for what lies beside it.
const A_MOMENT: Duration = Duration::from_millis(1500);

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
            let children = children.map_err(|error| fault_of(&error))?;
            if page.start == 0 {
                playback.listed(&id, &children.nodes);
            }
            children
        }
        _ => return Err(Fault::InvalidArguments),
    };
    Ok(told(visitor, server, set, found))
}

/// Who asks of one film alone is about to play it. Kodi takes its subtitles from this answer, and keeps
/// it: one without them is not asked for again.
async fn learn_subtitles(visitor: &Visitor, set: &'static Profile, node: &Node) {
    let NodeKind::Video(video) = &node.kind else { return };
    let rooms = &visitor.rooms;
    let chosen = rooms.playback.chosen(&video.media_id, Some(set));
    let media_id = chosen.as_ref().unwrap_or(&video.media_id);
    if set.captions.contains(&Captions::Res)
        && rooms.subtitles_of(media_id).is_empty()
        && rooms.playback.may_ask_for_subtitles_of(media_id)
    {
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
    let mut found = found_in(visitor, &id, &wanted)?;
    if let Some(order) = Order::read(call.text("SortCriteria").unwrap_or_default()) {
        order.sort(&mut found);
    }
    let mut found = cut(found, page);
    let marked = visitor.rooms.playback.mark_coming(&mut found.nodes).await;
    marked.map_err(|error| fault_of(&error))?;
    Ok(told(visitor, server, set, found))
}

/// First what is here, then films that are at hand, for who asks for some of them: a set that lists all
/// there is wants what is here. What is here is not told twice.
fn found_in(visitor: &Visitor, id: &NodeId, wanted: &Wanted) -> Result<Vec<Node>, Fault> {
    let playback = &visitor.rooms.playback;
    let here = playback.search_here(id, |title| wanted.takes_title(&title.to_lowercase()));
    let mut found = here.map_err(|error| container_fault_of(&error))?;
    let takes = |node: &Node| *wanted != Wanted::Films && wanted.takes(node);
    let at_hand = playback.at_hand(id, takes);
    let at_hand = at_hand.map_err(|error| container_fault_of(&error))?;
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
fn told(
    visitor: &Visitor,
    server: &MediaServer,
    set: &'static Profile,
    found: Children,
) -> Vec<String> {
    let links = Links::of(visitor, set);
    let mut didl = Didl::default();
    let numbers = [found.nodes.len(), found.total].map(|number| number.to_string());
    for node in found.nodes {
        let node = visitor.rooms.playback.told_to(set, node);
        didl.add(&node, &links.places(&node), set);
    }
    let update = server.subscriptions.update_id().to_string();
    let numbers = numbers.into_iter().chain([update]);
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
