//! What each action of the three services does.

use super::{MediaServer, browse};
use crate::http::visitor::Visitor;
use crate::lan::content_directory::{
    Call, FEATURE_LIST, Fault, SEARCH_CAPABILITIES, SORT_CAPABILITIES, Service, source_protocols,
};
use crate::playback::{NodeId, NodeKind, ShelfChange};
use crate::select::{Bookmarks, Profile};

/// The values that a call is answered with, in the order of the description.
pub(super) async fn answer(
    visitor: &Visitor,
    server: &MediaServer,
    set: &'static Profile,
    call: &Call,
) -> Result<Vec<String>, Fault> {
    match call.service {
        Service::ContentDirectory => content_directory(visitor, server, set, call).await,
        Service::ConnectionManager => connection_manager(call),
        Service::Registrar => registrar(call),
    }
}

async fn content_directory(
    visitor: &Visitor,
    server: &MediaServer,
    set: &'static Profile,
    call: &Call,
) -> Result<Vec<String>, Fault> {
    let one = |text: &str| Ok(vec![text.to_owned()]);
    match call.action.name {
        "GetSearchCapabilities" => one(SEARCH_CAPABILITIES),
        "GetSortCapabilities" => one(SORT_CAPABILITIES),
        "GetSystemUpdateID" => one(&server.subscriptions.update_id().to_string()),
        "X_GetFeatureList" => one(FEATURE_LIST),
        "X_SetBookmark" => set_bookmark(visitor, set, call).await,
        "Browse" => browse::browse(visitor, server, set, call).await,
        "Search" => browse::search(visitor, server, set, call).await,
        _ => Err(Fault::InvalidAction),
    }
}

/// Where a Samsung set stopped; it goes on there, and so does every other player of the household.
async fn set_bookmark(
    visitor: &Visitor,
    set: &'static Profile,
    call: &Call,
) -> Result<Vec<String>, Fault> {
    let id = NodeId::parse(call.required("ObjectID")?).ok_or(Fault::NoSuchObject)?;
    let position: f64 =
        call.required("PosSecond")?.trim().parse().map_err(|_| Fault::InvalidArguments)?;
    let seconds = match set.bookmarks {
        Bookmarks::Seconds => position,
        Bookmarks::Milliseconds => position / 1000.0,
    };
    let playback = &visitor.rooms.playback;
    let node = playback.node(&id).await.map_err(|error| browse::fault_of(&error))?;
    let NodeKind::Video(video) = node.kind else { return Err(Fault::NoSuchObject) };
    let change = ShelfChange { position_s: Some(seconds), ..ShelfChange::default() };
    // A film that was played from a list of titles stands there under what was asked for.
    let media_id = playback.chosen(&video.media_id, Some(set)).ok_or(Fault::NoSuchObject)?;
    let changed = playback.change_title(&media_id, change).await;
    changed.map_err(|error| browse::fault_of(&error))?;
    Ok(Vec::new())
}

fn connection_manager(call: &Call) -> Result<Vec<String>, Fault> {
    match call.action.name {
        "GetProtocolInfo" => Ok(vec![source_protocols(), String::new()]),
        "GetCurrentConnectionIDs" => Ok(vec!["0".to_owned()]),
        // There is one connection for all, 0 (ConnectionManager:1, 2.4.6).
        "GetCurrentConnectionInfo" => match call.required("ConnectionID")?.trim() {
            "0" => Ok(["-1", "-1", "", "", "-1", "Output", "OK"].map(str::to_owned).into()),
            id if id.parse::<i32>().is_ok() => Err(Fault::InvalidConnection),
            _ => Err(Fault::InvalidArguments),
        },
        _ => Err(Fault::InvalidAction),
    }
}

/// Everybody near is let in; this is no lock, but a question that Windows wants answered.
fn registrar(call: &Call) -> Result<Vec<String>, Fault> {
    match call.action.name {
        "IsAuthorized" | "IsValidated" => Ok(vec!["1".to_owned()]),
        "RegisterDevice" => Ok(vec![String::new()]),
        _ => Err(Fault::InvalidAction),
    }
}
