//! Which televisions and players asked lately.

use axum::Json;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::visitor::Visitor;

/// `GET /api/sets`.
pub(super) async fn sets(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    Ok(Json(json!({"sets": visitor.rooms.sets.all()})))
}
