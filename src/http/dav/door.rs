//! Who may list and read files: the household; where the owner has it ask who is watching
//! (`access.auth_required`), whoever knows the owner's password, which programs send with each
//! request (RFC 7617).

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;

use crate::access::LoginError;
use crate::http::error::ApiError;
use crate::http::visitor::Visitor;

const ASKS: &str = "Basic realm=\"Credenza\", charset=\"UTF-8\"";

/// Lets pass, or says what is wanted.
pub(in crate::http) async fn may_enter(visitor: &Visitor) -> Result<(), Response> {
    if visitor.may_watch().is_ok() {
        return Ok(());
    }
    let Some(password) = password(&visitor.headers) else { return Err(asked()) };
    match visitor.rooms.access.knows(&password, visitor.address()).await {
        Ok(()) => Ok(()),
        Err(LoginError::WrongPassword | LoginError::NoOwner) => Err(asked()),
        Err(error) => Err(ApiError::from(error).into_response()),
    }
}

fn asked() -> Response {
    let sentence = "this box asks who is watching: send the owner's password, with any user name";
    let refusal = ApiError::new(StatusCode::UNAUTHORIZED, "not_signed_in", sentence);
    ([(header::WWW_AUTHENTICATE, ASKS)], refusal).into_response()
}

fn password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = BASE64.decode(credentials.trim().as_bytes()).ok()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_from_what_programs_send() {
        for (value, expected) in [
            ("Basic YW55Om15OnNlY3JldA==", Some("my:secret")),
            ("basic YW55Om15OnNlY3JldA==", Some("my:secret")),
            ("Basic YW55", None),
            ("Basic !", None),
            ("Bearer YW55Om15", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(password(&headers).as_deref(), expected, "{value}");
        }
        assert_eq!(password(&HeaderMap::new()), None);
    }
}
