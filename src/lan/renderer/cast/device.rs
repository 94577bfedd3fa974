//! A receiver on its line: the crate's channels over a reader of our own, and the two messages that the
//! crate does not say as they are needed: a film with its subtitles, and the start of a player.

use std::io::Error as IoError;
use std::net::{IpAddr, TcpStream};
use std::rc::Rc;

use rust_cast::channels::connection::ConnectionChannel;
use rust_cast::channels::media::{MediaChannel, MediaResponse, Status};
use rust_cast::channels::receiver::{
    Application, CastDeviceApp, LaunchError, ReceiverChannel, ReceiverResponse,
};
use rust_cast::errors::Error;
use rust_cast::message_manager::{CastMessage, CastMessagePayload, MessageManager};
use serde_json::{Value, json};

use super::measured::Measured;
use crate::fetch::Unverified;
use crate::lan::renderer::Film;

/// Who speaks, and whom each first message is for.
const SENDER: &str = "sender-0";
const RECEIVER: &str = "receiver-0";
/// The names of what is said of receivers, and of films.
const PLAYERS: &str = "urn:x-cast:com.google.cast.receiver";
const MEDIA: &str = "urn:x-cast:com.google.cast.media";

pub(super) type Said<T> = Result<T, Error>;

type Wire = Measured<Unverified>;

/// A receiver that is talked to.
pub(super) struct Device {
    manager: Rc<MessageManager<Wire>>,
    pub(super) connection: ConnectionChannel<'static, Wire>,
    pub(super) media: MediaChannel<'static, Wire>,
    pub(super) receiver: ReceiverChannel<'static, Wire>,
}

impl Device {
    /// The receiver at `host`, on a line to it.
    pub(super) fn on(line: TcpStream, host: IpAddr) -> Said<Self> {
        // Receivers have certificates of their maker's own, for addresses that change; what is said is
        // no secret, and the address answered in this very network.
        let tls = Unverified::over(line, host)?;
        let manager = Rc::new(MessageManager::new(Measured::new(tls)));
        let device = Self {
            connection: ConnectionChannel::new(SENDER, Rc::clone(&manager)),
            media: MediaChannel::new(SENDER, Rc::clone(&manager)),
            receiver: ReceiverChannel::new(SENDER, RECEIVER, Rc::clone(&manager)),
            manager,
        };
        device.connection.connect(RECEIVER)?;
        Ok(device)
    }

    /// Has it start its player. The crate's own way takes the first player of the first answer, and
    /// panics where that names none, as where a receiver answers before its player runs.
    pub(super) fn launch(&self) -> Said<Application> {
        let player = CastDeviceApp::DefaultMediaReceiver.to_string();
        let request = self.manager.generate_request_id().get();
        let launch = json!({"type": "LAUNCH", "requestId": request, "appId": player});
        self.manager.send(CastMessage {
            namespace: PLAYERS.to_owned(),
            source: SENDER.to_owned(),
            destination: RECEIVER.to_owned(),
            payload: CastMessagePayload::String(launch.to_string()),
        })?;
        self.manager.receive_find_map(|message| {
            if !self.receiver.can_handle(message) {
                return Ok(None);
            }
            match self.receiver.parse(message)? {
                ReceiverResponse::Status(status) => {
                    Ok(status.applications.into_iter().find(|one| one.app_id == player))
                }
                ReceiverResponse::LaunchError(error) if error.request_id == request => {
                    Err(refusal(&error))
                }
                _ => Ok(None),
            }
        })
    }

    /// Has its player show a film with its subtitles, which the crate's own message leaves out.
    pub(super) fn load(&self, player: &Application, film: &Film) -> Said<()> {
        let request = self.manager.generate_request_id().get();
        let payload = load(request, &player.session_id, film).to_string();
        self.manager.send(CastMessage {
            namespace: MEDIA.to_owned(),
            source: SENDER.to_owned(),
            destination: player.transport_id.clone(),
            payload: CastMessagePayload::String(payload),
        })?;
        self.manager.receive_find_map(|message| {
            if !self.media.can_handle(message) {
                return Ok(None);
            }
            outcome(self.media.parse(message)?, request, &film.url)
        })
    }
}

/// `LOAD`, as Cast's media messages have it. A track that is not active can be switched on where the
/// set's own player offers that.
fn load(request: u32, session: &str, film: &Film) -> Value {
    let tracks: Vec<Value> = film
        .tracks
        .iter()
        .zip(1..)
        .map(|(track, id)| {
            json!({
                "trackId": id,
                "type": "TEXT",
                "subtype": "SUBTITLES",
                "trackContentId": track.url,
                "trackContentType": "text/vtt",
                "language": track.language,
                "name": track.name,
            })
        })
        .collect();
    let shown = film.tracks.iter().zip(1..).filter(|(track, _)| track.shown);
    let active: Vec<u32> = shown.map(|(_, id)| id).take(1).collect();
    let metadata = json!({"metadataType": 1, "title": film.title, "images": []});
    let mut media = json!({
        "contentId": film.url,
        "streamType": "BUFFERED",
        "contentType": film.media_type,
        "metadata": metadata,
    });
    if !tracks.is_empty() {
        media["tracks"] = tracks.into();
    }
    json!({
        "type": "LOAD",
        "requestId": request,
        "sessionId": session,
        "media": media,
        "currentTime": film.begin_s.unwrap_or(0),
        "autoplay": true,
        "activeTrackIds": active,
        "customData": {},
    })
}

fn refusal(error: &LaunchError) -> Error {
    let why = error.reason.as_deref().unwrap_or("it does not say why");
    Error::Io(IoError::other(format!("it could not start its player ({why})")))
}

/// What a message says of the film that was sent with `request`; `None` where it is of something else.
fn outcome(told: MediaResponse, request: u32, url: &str) -> Said<Option<()>> {
    let refused = |why: &str| Err(Error::Io(IoError::other(why.to_owned())));
    match told {
        MediaResponse::Status(status) => {
            Ok((status.request_id == request || shows(&status, url)).then_some(()))
        }
        MediaResponse::LoadFailed(failed) if failed.request_id == request => {
            refused("it could not load the film")
        }
        MediaResponse::LoadCancelled(cancelled) if cancelled.request_id == request => {
            refused("another film was sent to it meanwhile")
        }
        MediaResponse::InvalidPlayerState(state) if state.request_id == request => {
            refused("its player is not ready")
        }
        MediaResponse::InvalidRequest(invalid) if invalid.request_id == request => {
            refused(&invalid.reason.unwrap_or_else(|| "it does not say why".to_owned()))
        }
        _ => Ok(None),
    }
}

/// Some players tell what they show without saying what that answers.
fn shows(status: &Status, url: &str) -> bool {
    let media = status.entries.iter().filter_map(|entry| entry.media.as_ref());
    media.into_iter().any(|media| media.content_id == url)
}
