//! Pictures of titles for sets, which hold no cookie: to the household, like the films themselves.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::response::Response;

use crate::http::api::{Size, picture_of};
use crate::http::error::ApiError;
use crate::http::visitor::Visitor;

/// The last part of the path of a small one.
pub(super) const SMALL: &str = "small.jpg";
/// What is promised of it (DLNA guidelines, 7.4.1.3.17): of the profile `JPEG_TN`, no ranges, converted;
/// FLAGS: DLNA 1.5 (bit 20), connection stalling (21), background (22) and interactive (23) transfer.
const FEATURES: &str = "DLNA.ORG_PN=JPEG_TN;DLNA.ORG_OP=00;DLNA.ORG_CI=1;DLNA.ORG_FLAGS=00f00000000000000000000000000000";

/// `GET /dlna/picture/{which}/{id}`.
pub(super) async fn picture(
    visitor: Visitor,
    Path((which, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    super::server(&visitor)?;
    picture_of(&visitor, &which, &id, Size::Whole).await
}

/// `GET /dlna/picture/{which}/{id}/small.jpg`: a JPEG of at most 160 pixels a side, or nothing.
pub(super) async fn small(
    visitor: Visitor,
    Path((which, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    super::server(&visitor)?;
    let mut answer = picture_of(&visitor, &which, &id, Size::Small).await?;
    if answer.status().is_success() {
        let headers = answer.headers_mut();
        headers.insert("contentfeatures.dlna.org", HeaderValue::from_static(FEATURES));
        headers.insert("transfermode.dlna.org", HeaderValue::from_static("Interactive"));
    }
    Ok(answer)
}
