//! The answer to `PROPFIND` (RFC 4918, 9.1 and 14).

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::tree::{Entry, Set};
use crate::http::error::ApiError;
use crate::playback::{NodeKind, Playback};
use crate::select::Profile;
use crate::xml::{self, End, HEAD, Name};

const XML: &str = "application/xml; charset=\"utf-8\"";
/// The namespace of every property that is known here.
const DAV: &str = "DAV:";
/// Most properties that are told to be missing.
const MOST: usize = 64;

/// Which properties are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    All,
    /// Their names alone.
    Names,
    /// Those.
    Some(Vec<Name>),
}

impl Asked {
    /// Reads a request's body; none asks for all.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let bad = || ApiError::bad_request("the body is no PROPFIND request: send propfind XML");
        let body = std::str::from_utf8(body).map_err(|_| bad())?;
        if body.trim().is_empty() {
            return Ok(Self::All);
        }
        let (mut asked, mut right, mut inside) = (None, false, false);
        let end = xml::names(body, |name, depth| match depth {
            0 => right = name.local == "propfind",
            1 => {
                inside = name.local == "prop";
                match name.local.as_str() {
                    "allprop" => asked = Some(Self::All),
                    "propname" => asked = Some(Self::Names),
                    "prop" => asked = Some(Self::Some(Vec::new())),
                    _ => {}
                }
            }
            2 if inside => {
                if let Some(Self::Some(names)) = &mut asked
                    && names.len() < MOST
                {
                    names.push(name);
                }
            }
            _ => {}
        });
        match (end, asked) {
            (Ok(End::Whole), Some(asked)) if right => Ok(asked),
            _ => Err(bad()),
        }
    }
}

/// `403` with the precondition of 9.1.1: everything at once is not told.
pub(super) fn no_infinity() -> Response {
    let body = format!("{HEAD}<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n");
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, XML)], body).into_response()
}

/// The properties of each row, under its address, as the set that asks will get it.
pub(super) fn answer(
    playback: &Playback,
    set: Set,
    asked: &Asked,
    rows: &[(String, Arc<Entry>)],
) -> Response {
    let mut body = format!("{HEAD}<D:multistatus xmlns:D=\"DAV:\">\n");
    for (address, entry) in rows {
        let known = properties(playback, set, entry);
        let _ = write!(body, "<D:response><D:href>{}</D:href>", xml::escape(address));
        add(&mut body, asked, &known);
        body.push_str("</D:response>\n");
    }
    body.push_str("</D:multistatus>\n");
    (StatusCode::MULTI_STATUS, [(header::CONTENT_TYPE, XML)], body).into_response()
}

/// What is known of an entry: name and content, as XML.
fn properties(playback: &Playback, set: Set, entry: &Entry) -> Vec<(&'static str, String)> {
    let mut known = vec![("displayname", xml::escape(&entry.name))];
    if entry.subtitles.is_some() {
        // Their length is known once they are fetched; nobody is asked for a list.
        known.push(("resourcetype", String::new()));
        known.push(("getcontenttype", "application/x-subrip".to_owned()));
        known.push(("getlastmodified", httpdate::fmt_http_date(long_ago())));
        return known;
    }
    let Some(video) = entry.video() else {
        known.push(("resourcetype", "<D:collection/>".to_owned()));
        return known;
    };
    known.push(("resourcetype", String::new()));
    let facts = playback.facts(&video.media_id, set);
    let media_type = match &facts {
        Some(facts) => facts.media_type,
        None => likely_type(playback, set, entry).unwrap_or(video.media_type),
    };
    let spelling = set.unwrap_or_else(Profile::unknown).spelled(media_type);
    known.push(("getcontenttype", spelling.to_owned()));
    let length = match &facts {
        Some(facts) => facts.len,
        // The household's choice has a length that this set's will not have.
        None => video.size_bytes.filter(|_| set.is_none()),
    };
    if let Some(length) = length {
        known.push(("getcontentlength", length.to_string()));
    }
    match facts {
        Some(facts) => {
            known.push(("getetag", xml::escape(&format!("\"{}\"", facts.entity_tag))));
            known.push(("getlastmodified", httpdate::fmt_http_date(facts.modified)));
        }
        // Some clients take a file without a date for one that is not there.
        None => known.push(("getlastmodified", httpdate::fmt_http_date(long_ago()))),
    }
    known.push(("supportedlock", String::new()));
    known
}

/// The media type of what a set will probably get of a title that nobody has chosen yet.
fn likely_type(playback: &Playback, set: Set, entry: &Entry) -> Option<&'static str> {
    match playback.told_to(set?, entry.node.clone()).kind {
        NodeKind::Video(video) => Some(video.media_type),
        NodeKind::Folder { .. } => None,
    }
}

fn long_ago() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_600_000_000)
}

fn add(body: &mut String, asked: &Asked, known: &[(&'static str, String)]) {
    let mut here = String::new();
    let mut missing = String::new();
    let mut put = |name: &str, content: &str| {
        let _ = if content.is_empty() {
            write!(here, "<D:{name}/>")
        } else {
            write!(here, "<D:{name}>{content}</D:{name}>")
        };
    };
    match asked {
        Asked::All => known.iter().for_each(|(name, content)| put(name, content)),
        Asked::Names => known.iter().for_each(|(name, _)| put(name, "")),
        Asked::Some(names) => {
            for name in names {
                let ours =
                    |(known, _): &&(&str, String)| name.namespace == DAV && *known == name.local;
                match known.iter().find(ours) {
                    Some((name, content)) => put(name, content),
                    None => missing.extend(empty(name)),
                }
            }
        }
    }
    // A response has at least one of them (section 14.24), also where nothing was asked for.
    let nothing = missing.is_empty();
    for (properties, status) in [(here, "200 OK"), (missing, "404 Not Found")] {
        if !properties.is_empty() || (nothing && status == "200 OK") {
            let _ = write!(
                body,
                "<D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 {status}</D:status>\
                 </D:propstat>"
            );
        }
    }
}

/// An element of this name with nothing in it (RFC 4918, section 9.1.3: what is missing is told under
/// the name that was asked); none where a stranger's name may not stand in our answer.
fn empty(name: &Name) -> Option<String> {
    let local = name.local.as_str();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let sound = local.len() <= 64
        && local.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && local.chars().all(plain)
        && name.namespace.len() <= 256;
    sound.then(|| match name.namespace.as_str() {
        DAV => format!("<D:{local}/>"),
        other => format!("<{local} xmlns=\"{}\"/>", xml::escape(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(namespace: &str, local: &str) -> Name {
        Name { namespace: namespace.to_owned(), local: local.to_owned() }
    }

    #[test]
    fn a_request_says_what_is_asked_for() {
        let some =
            |names: &[&str]| Some(Asked::Some(names.iter().map(|name| named(DAV, name)).collect()));
        for (body, expected) in [
            ("", Some(Asked::All)),
            ("<propfind xmlns=\"DAV:\"><allprop/></propfind>", Some(Asked::All)),
            ("<D:propfind xmlns:D=\"DAV:\"><D:propname/></D:propfind>", Some(Asked::Names)),
            (
                "<?xml version=\"1.0\"?><a:propfind xmlns:a=\"DAV:\"><a:prop><a:getetag/>\
                 <a:displayname/></a:prop></a:propfind>",
                some(&["getetag", "displayname"]),
            ),
            ("<D:propfind xmlns:D=\"DAV:\"><D:prop>", None),
            ("<D:other xmlns:D=\"DAV:\"><D:allprop/></D:other>", None),
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><propfind><allprop/></propfind>", None),
            ("plain words", None),
        ] {
            assert_eq!(Asked::read(body.as_bytes()).ok(), expected, "{body}");
        }
        assert!(Asked::read(&[0xff]).is_err());
    }

    #[test]
    fn who_asks_for_nothing_is_told_nothing() {
        let asked = Asked::read(b"<propfind xmlns=\"DAV:\"><prop/></propfind>").unwrap();
        assert_eq!(asked, Asked::Some(Vec::new()));
        let mut body = String::new();
        add(&mut body, &asked, &[("displayname", "a".to_owned())]);
        let nothing =
            "<D:propstat><D:prop></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>";
        assert_eq!(body, nothing);
    }

    #[test]
    fn what_is_not_known_is_told_to_be_missing() {
        let mut body = String::new();
        let asked = Asked::Some(vec![
            named(DAV, "displayname"),
            named("urn:\"x\"", "displayname"),
            named("", "displayname"),
            named(DAV, "displayName"),
            named(DAV, "<"),
        ]);
        add(&mut body, &asked, &[("displayname", "a &amp; b".to_owned())]);
        assert_eq!(
            body,
            "<D:propstat><D:prop><D:displayname>a &amp; b</D:displayname></D:prop>\
             <D:status>HTTP/1.1 200 OK</D:status></D:propstat>\
             <D:propstat><D:prop><displayname xmlns=\"urn:&quot;x&quot;\"/>\
             <displayname xmlns=\"\"/><D:displayName/></D:prop>\
             <D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"
        );
    }
}
