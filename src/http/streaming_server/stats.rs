//! What a torrent does, in the shape that stremio-core demands of it (`types/streaming_server/
//! statistics.rs`): every number must be there, so what nobody counts here is 0.

use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::playback::{KnownTorrent, Playback, Transfer, TransferState};
use crate::torrent::{InfoHash, TorrentFile};

/// The statistics of a torrent, with those of one file where it is named; `null` where it is not known
/// here, as after a server of Stremio's has let an engine go.
pub(super) async fn of(
    playback: &Playback,
    info_hash: InfoHash,
    file: Option<u32>,
) -> Result<Value, ApiError> {
    let known = playback.torrent(info_hash)?;
    // A torrent that nobody has named is no error here: the app asks before it begins.
    let Ok(transfer) = playback.transfer(info_hash, file).await else { return Ok(Value::Null) };
    Ok(told(&known, &transfer, file))
}

fn told(known: &KnownTorrent, transfer: &Transfer, file: Option<u32>) -> Value {
    let info_hash = known.info_hash;
    let peers = transfer.peers;
    // No tracker is told: of a private one the address holds its owner's key.
    let sources = [format!("dht:{info_hash}")];
    let mut told = json!({
        "infoHash": info_hash,
        "name": known.name.clone().unwrap_or_else(|| info_hash.to_string()),
        "files": files(&known.files),
        "sources": [],
        "selections": [],
        "wires": [],
        "opts": {
            "connections": 0,
            "dht": false,
            "growler": {"flood": 0, "pulse": 0},
            "handshakeTimeout": 20_000,
            "path": "",
            "peerSearch": {"max": 200, "min": 40, "sources": sources},
            "swarmCap": {"maxSpeed": 0, "minPeers": 0},
            "timeout": 4_000,
            "tracker": false,
            "virtual": true,
        },
        "downloadSpeed": transfer.down_bytes_s,
        "uploadSpeed": 0,
        "downloaded": transfer.bytes_have,
        "uploaded": 0,
        "unchoked": peers,
        "peers": peers,
        "queued": 0,
        "unique": peers,
        "connectionTries": 0,
        "peerSearchRunning": transfer.state == TransferState::Resolving,
        "streamLen": 0,
        "streamName": "",
        "streamProgress": 0.0,
        "swarmConnections": peers,
        "swarmPaused": matches!(transfer.state, TransferState::Paused | TransferState::GivesWay),
        "swarmSize": peers,
    });
    if let Some(guess) = known.guess(None) {
        told["guessedFileIdx"] = guess.into();
    }
    let named = file.and_then(|index| known.files.iter().find(|one| one.index == Some(index)));
    if let Some(named) = named {
        told["streamLen"] = named.size_bytes.unwrap_or(0).into();
        told["streamName"] = named.base_name().into();
        told["streamProgress"] = transfer.progress().into();
    }
    told
}

/// The files, each with its place in the torrent's bytes; 0 from where a length is not known.
fn files(files: &[TorrentFile]) -> Vec<Value> {
    let mut offset = Some(0_u64);
    let row = |file: &TorrentFile| {
        let at = offset;
        offset = at.zip(file.size_bytes).and_then(|(at, size)| at.checked_add(size));
        json!({
            "name": file.base_name(),
            "path": file.name,
            "length": file.size_bytes.unwrap_or(0),
            "offset": at.unwrap_or(0),
        })
    };
    files.iter().map(row).collect()
}
