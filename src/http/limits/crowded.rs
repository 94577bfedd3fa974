//! What a request that has to wait is told: for people what to stop or to raise, for programs a code
//! and when to come again. The words are kept apart from the counting, which decides that they are due.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Crowded {
    #[error(
        "this device is sent {0} streams already: stop one of them, or raise limits.streams_per_device"
    )]
    Device(usize),
    #[error("{0} streams are being sent already: stop one of them, or raise limits.streams_total")]
    Total(usize),
    #[error(
        "this device sends more than {0} requests a second: slow down, or raise limits.requests_per_second"
    )]
    Requests(u32),
    #[error("this device opens more than {0} titles in a minute: wait a minute, then open one")]
    Titles(usize),
}

impl Crowded {
    const fn retry_after_s(self) -> u32 {
        match self {
            Self::Device(_) | Self::Total(_) => 5,
            Self::Requests(_) => 1,
            Self::Titles(_) => 60,
        }
    }
}

impl IntoResponse for Crowded {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Device(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_streams"),
            Self::Total(_) => (StatusCode::SERVICE_UNAVAILABLE, "too_many_streams"),
            Self::Requests(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Titles(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_titles"),
        };
        let head = [
            (header::RETRY_AFTER, self.retry_after_s().to_string()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (head, ApiError::new(status, code, self.to_string())).into_response()
    }
}
