//! `/api/openapi.json`: every path of `/api`, described (`OpenAPI` 3.1). Written by hand; a test holds it
//! against the routes.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /api/openapi.json`.
pub(super) async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}
