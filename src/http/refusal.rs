//! What each room's error is over HTTP. The rooms know no status; the sentence is theirs.

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use serde_json::json;

use super::error::ApiError;
use crate::access;
use crate::access::{AddonKeyError, ClaimError, LoginError, SwitchError};
use crate::appliance;
use crate::index;
use crate::lan::renderer;
use crate::mirror;
use crate::playback;
use crate::title;

impl From<playback::Error> for ApiError {
    fn from(error: playback::Error) -> Self {
        use playback::Error as E;
        let (status, code) = match &error {
            E::NothingFound { .. } => (StatusCode::NOT_FOUND, "nothing_found"),
            E::NoIndex { .. } | E::IndexFailed { .. } => (StatusCode::BAD_GATEWAY, "no_index"),
            E::NotUnderstood { .. } => (StatusCode::NOT_FOUND, "unsupported_id"),
            E::NoWay { .. } => (StatusCode::CONFLICT, "no_way"),
            E::NoneLeft { .. } => (StatusCode::BAD_GATEWAY, "none_left"),
            E::NoSuchNode { .. } => (StatusCode::NOT_FOUND, "no_such_node"),
            E::UnknownMedia => (StatusCode::NOT_FOUND, "unknown_media"),
            E::Gone { .. } => (StatusCode::BAD_GATEWAY, "gone"),
            E::NotACandidate { .. } => (StatusCode::NOT_FOUND, "not_a_candidate"),
            E::NotRelayed(index::NotRelayed::Keys) => (StatusCode::BAD_REQUEST, "no_keys_here"),
            E::NotRelayed(index::NotRelayed::Path) | E::IndexHasNot { .. } => {
                (StatusCode::NOT_FOUND, "not_found")
            }
            E::IndexOff { .. } => (StatusCode::NOT_FOUND, "index_off"),
            E::SwarmIsFixed => (StatusCode::CONFLICT, "swarm_is_fixed"),
            E::Index(index) => of_index(index),
            E::NoToken => (StatusCode::BAD_REQUEST, "no_token"),
            E::Preference(_) => (StatusCode::BAD_REQUEST, "bad_settings"),
            E::Debrid(debrid) if debrid.is_of_the_token() => (StatusCode::BAD_REQUEST, "debrid"),
            E::Debrid(_) => (StatusCode::BAD_GATEWAY, "debrid"),
            E::Swarm(_) => (StatusCode::BAD_GATEWAY, "swarm"),
            E::Mirror(_) => (StatusCode::BAD_GATEWAY, "no_mirror"),
            E::Watched { .. } => (StatusCode::CONFLICT, "watched"),
            E::NoPlace { .. } => (StatusCode::BAD_REQUEST, "no_place"),
            E::PlaceAway { .. } => (StatusCode::CONFLICT, "place_away"),
            E::NotCopied { .. } => (StatusCode::BAD_GATEWAY, "not_copied"),
            E::Disk { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "disk"),
            E::UnknownTitle { .. } => (StatusCode::NOT_FOUND, "unknown_title"),
            E::Title(title::Error::BadKey | title::Error::NoKey) => {
                (StatusCode::BAD_REQUEST, "tmdb_key")
            }
            E::Title(_) => (StatusCode::BAD_GATEWAY, "title"),
            E::NeverVerifies { .. } => (StatusCode::BAD_GATEWAY, "never_verifies"),
            E::NotAFilm { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "not_a_film"),
            E::NoSubtitle => (StatusCode::NOT_FOUND, "no_subtitle"),
            E::Subtitle(_) => (StatusCode::BAD_GATEWAY, "subtitle_unreadable"),
            E::Torrent(torrent) => of_torrent(torrent),
            E::State(_) => (StatusCode::INTERNAL_SERVER_ERROR, "state"),
        };
        let answer = Self::new(status, code, error.to_string());
        match error {
            E::NoneLeft { passed_over, .. } => {
                answer.with_detail(json!({"passed_over": passed_over}))
            }
            _ => answer,
        }
    }
}

fn of_torrent(error: &playback::TorrentError) -> (StatusCode, &'static str) {
    use playback::TorrentError as E;
    match error {
        E::Unknown { .. } => (StatusCode::NOT_FOUND, "unknown_torrent"),
        E::NoFile { .. } => (StatusCode::NOT_FOUND, "no_file"),
        E::NoVideo { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "no_video"),
        E::TooMany => (StatusCode::CONFLICT, "too_many_torrents"),
        E::NoWay { .. } => (StatusCode::CONFLICT, "no_way"),
        E::NotDescribed { .. } => (StatusCode::BAD_GATEWAY, "not_described"),
        E::Outside { .. } | E::PastTheEnd { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "outside_the_file")
        }
        E::NoDuration => (StatusCode::UNPROCESSABLE_ENTITY, "no_duration"),
    }
}

fn of_index(error: &playback::BadIndex) -> (StatusCode, &'static str) {
    use playback::BadIndex as E;
    match error {
        E::Name(_) => (StatusCode::BAD_REQUEST, "bad_index_name"),
        E::Address(..) => (StatusCode::BAD_REQUEST, "bad_index_address"),
        E::Taken(_) => (StatusCode::CONFLICT, "index_taken"),
        E::TooMany => (StatusCode::CONFLICT, "too_many_indexes"),
        E::NotThere(_) => (StatusCode::NOT_FOUND, "no_such_index"),
        E::Configured(_) => (StatusCode::CONFLICT, "index_is_configured"),
    }
}

impl From<mirror::Error> for ApiError {
    fn from(error: mirror::Error) -> Self {
        use mirror::{BadSource as B, Error as E};
        let (status, code) = match &error {
            E::Source(B::Name) => (StatusCode::BAD_REQUEST, "bad_source_name"),
            E::Source(B::Address { .. }) => (StatusCode::BAD_REQUEST, "bad_source_address"),
            E::Source(B::Note | B::Priority | B::NoResume) => {
                (StatusCode::BAD_REQUEST, "bad_source")
            }
            E::Source(B::Known { .. }) => (StatusCode::CONFLICT, "source_is_off"),
            E::Source(B::TooMany) => (StatusCode::CONFLICT, "too_many_sources"),
            E::Source(B::NotThere(_)) => (StatusCode::NOT_FOUND, "no_such_source"),
            E::Off => (StatusCode::CONFLICT, "mirrors_are_off"),
            E::NoSource { .. } | E::NoCache => (StatusCode::NOT_FOUND, "no_mirror"),
            E::NeedsMetadata { .. }
            | E::NoneWorks { .. }
            | E::AllDead { .. }
            | E::NoMetainfo { .. } => (StatusCode::BAD_GATEWAY, "no_mirror"),
            E::BadCache { .. } | E::State(_) => (StatusCode::INTERNAL_SERVER_ERROR, "state"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<renderer::Error> for ApiError {
    fn from(error: renderer::Error) -> Self {
        use renderer::Error as E;
        let (status, code) = match &error {
            E::Unknown { .. } => (StatusCode::NOT_FOUND, "unknown_renderer"),
            E::Away { .. } => (StatusCode::GATEWAY_TIMEOUT, "renderer_away"),
            E::Refused { .. } => (StatusCode::BAD_GATEWAY, "renderer_refused"),
            E::Busy { .. } => (StatusCode::CONFLICT, "renderer_busy"),
            E::Nothing { .. } => (StatusCode::CONFLICT, "renderer_idle"),
            E::Unheard { .. } => (StatusCode::CONFLICT, "renderer_unheard"),
            E::NoVolume { .. } => (StatusCode::CONFLICT, "no_volume"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        let (status, code) = match &error {
            ClaimError::Owned => (StatusCode::CONFLICT, "owned"),
            ClaimError::WrongCode => (StatusCode::FORBIDDEN, "wrong_code"),
            ClaimError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            ClaimError::Password(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_password"),
            ClaimError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "access"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        let (status, code) = match &error {
            LoginError::NoOwner => (StatusCode::CONFLICT, "no_owner"),
            LoginError::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            LoginError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            LoginError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "access"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<AddonKeyError> for ApiError {
    fn from(error: AddonKeyError) -> Self {
        let (status, code) = match &error {
            AddonKeyError::Name => (StatusCode::BAD_REQUEST, "bad_name"),
            AddonKeyError::TooMany => (StatusCode::CONFLICT, "too_many_keys"),
            AddonKeyError::NotThere(_) => (StatusCode::NOT_FOUND, "no_such_key"),
            AddonKeyError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "access"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<SwitchError> for ApiError {
    fn from(error: SwitchError) -> Self {
        let (status, code) = match &error {
            SwitchError::Fixed => (StatusCode::CONFLICT, "is_configured"),
            SwitchError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "access"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<access::Error> for ApiError {
    fn from(error: access::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "access", error.to_string())
    }
}

impl From<appliance::Error> for ApiError {
    fn from(error: appliance::Error) -> Self {
        use appliance::Error as E;
        let sentence = error.to_string();
        let (status, code) = match error {
            E::NotABox => (StatusCode::NOT_FOUND, "not_a_box"),
            E::Refused(refusal) => {
                return Self::new(StatusCode::UNPROCESSABLE_ENTITY, refusal.code, refusal.message);
            }
            E::Silent(_) => (StatusCode::BAD_GATEWAY, "steward_silent"),
            E::SomeoneIsWatching => (StatusCode::CONFLICT, "someone_is_watching"),
            E::Busy => (StatusCode::CONFLICT, "busy"),
            E::NoUrl => (StatusCode::CONFLICT, "no_update_url"),
            E::BadUrl => (StatusCode::UNPROCESSABLE_ENTITY, "bad_update_url"),
            E::NothingNew => (StatusCode::CONFLICT, "nothing_new"),
            E::NothingReady => (StatusCode::CONFLICT, "nothing_ready"),
            E::NothingBefore => (StatusCode::CONFLICT, "nothing_before"),
            E::Broken(_) => (StatusCode::BAD_REQUEST, "broken_off"),
            E::Fetch(_) | E::NoFile { .. } => (StatusCode::BAD_GATEWAY, "update_url"),
            E::Offer(error) => {
                return Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), sentence);
            }
            E::State(_) => (StatusCode::INTERNAL_SERVER_ERROR, "state"),
        };
        Self::new(status, code, sentence)
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let (status, code) = match rejection {
            JsonRejection::MissingJsonContentType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json")
            }
            _ => (StatusCode::BAD_REQUEST, "bad_json"),
        };
        Self::new(
            status,
            code,
            format!("the request's body cannot be taken: {}", rejection.body_text()),
        )
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        let message = format!("the address's query cannot be taken: {}", rejection.body_text());
        Self::new(StatusCode::BAD_REQUEST, "bad_query", message)
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::bad_request("the address is not written in UTF-8: check it for a typing error")
    }
}

impl From<FormRejection> for ApiError {
    fn from(rejection: FormRejection) -> Self {
        let message = format!("the form cannot be taken: {}", rejection.body_text());
        Self::new(StatusCode::BAD_REQUEST, "bad_form", message)
    }
}
