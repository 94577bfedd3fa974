//! Pictures of titles for sets, which hold no cookie: to the household, like the films themselves.

use axum::extract::Path;
use axum::response::Response;

use crate::http::api::picture_of;
use crate::http::error::ApiError;
use crate::http::rooms::Visitor;

/// `GET /dlna/picture/{which}/{id}`.
pub(super) async fn picture(
    visitor: Visitor,
    Path((which, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    super::server(&visitor)?;
    picture_of(&visitor, &which, &id).await
}
