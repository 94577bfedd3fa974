//! The one place where an error becomes a status: no other room knows any.
//!
//! The shape is fixed: `{"error":{"code":"snake_case","message":"a sentence","detail":…}}`. The
//! message names the culprit and what to do; neither stack, nor path of the disk, nor token is in it.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error as a client hears it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The status that fits the code.
    pub status: StatusCode,
    /// `snake_case`, for programs.
    pub code: Cow<'static, str>,
    /// One sentence, for people.
    pub message: String,
    /// What a program may want beside them; `null` where there is nothing.
    pub detail: Value,
}

impl ApiError {
    /// An error without detail.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into(), detail: Value::Null }
    }

    /// 400: the request is malformed.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 404: there is nothing at this address.
    #[must_use]
    pub fn not_found() -> Self {
        let message = "nothing is at this address: check it for a typing error";
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 405: the address exists, the method does not.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "this address does not take that method: see the Allow header";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// The same with something for programs.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, detail } = self;
        let body = json!({"error": {"code": code, "message": message, "detail": detail}});
        (status, Json(body)).into_response()
    }
}
