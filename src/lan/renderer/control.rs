//! Calls to a renderer: AVTransport:1, RenderingControl:1 and ConnectionManager:1 by SOAP (UPnP Device
//! Architecture 1.0, section 3.2).

use std::collections::HashMap;
use std::time::Duration;

use url::Url;

use super::Error;
use crate::fetch::{Client, Method, Request};
use crate::xml::{self, HEAD, Step, escape, walk};

/// A set on the same link answers in milliseconds, but for one that wakes up.
const PATIENCE: Duration = Duration::from_secs(8);

const TRANSPORT: &str = "urn:schemas-upnp-org:service:AVTransport:1";
const RENDERING: &str = "urn:schemas-upnp-org:service:RenderingControl:1";
const MANAGER: &str = "urn:schemas-upnp-org:service:ConnectionManager:1";

/// Which service is called, and where.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Transport(&'a Url),
    Rendering(&'a Url),
    Manager(&'a Url),
}

impl At<'_> {
    const fn parts(&self) -> (&'static str, &Url) {
        match self {
            Self::Transport(url) => (TRANSPORT, url),
            Self::Rendering(url) => (RENDERING, url),
            Self::Manager(url) => (MANAGER, url),
        }
    }
}

/// What an action gave, by the names of its arguments in lower case.
pub(super) type Given = HashMap<String, String>;

/// Calls `action` of the renderer `name` with `arguments` in their order.
pub(super) async fn call(
    client: &Client,
    name: &str,
    at: At<'_>,
    action: &'static str,
    arguments: &[(&str, &str)],
) -> Result<Given, Error> {
    let (service, url) = at.parts();
    let request = Request {
        method: Method::Post,
        headers: vec![
            ("SOAPAction", format!("\"{service}#{action}\"")),
            // Sets close a line after the answer without saying so; the next call on it would be lost,
            // and must not be sent twice (gmediarender, whose library many sets have).
            ("Connection", "close".to_owned()),
        ],
        text: Some(("text/xml; charset=\"utf-8\"", envelope(service, action, arguments))),
        ..Request::get(url.clone())
    };
    let answer = client.send(request.within(PATIENCE)).await;
    let answer = answer.map_err(|error| {
        tracing::debug!(%error, renderer = name, action, "a renderer does not answer");
        Error::Away { name: name.to_owned() }
    })?;
    let given = read(&xml::text(&answer.body));
    if answer.is_success() {
        return Ok(given);
    }
    let told = |key: &str| given.get(key).filter(|text| !text.is_empty());
    let why = match (told("errordescription"), told("errorcode")) {
        (Some(words), Some(code)) => format!("{words}, {code}"),
        (Some(words), None) => words.clone(),
        (None, Some(code)) => format!("error {code}"),
        (None, None) => format!("status {}", answer.status),
    };
    Err(Error::Refused { name: name.to_owned(), action, why: why.chars().take(120).collect() })
}

fn envelope(service: &str, action: &str, arguments: &[(&str, &str)]) -> String {
    let instance = if service == MANAGER { "" } else { "<InstanceID>0</InstanceID>" };
    let arguments =
        arguments.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(value)));
    let arguments: String = arguments.collect();
    format!(
        "{HEAD}<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:{action} xmlns:u=\"{service}\">{instance}{arguments}</u:{action}></s:Body></s:Envelope>"
    )
}

/// The texts of an answer by their elements' names.
fn read(text: &str) -> Given {
    let mut given = Given::new();
    let _ = walk(text, |step| {
        if let Step::Closes(element) = step {
            given.entry(element.name.clone()).or_insert_with(|| element.text.trim().to_owned());
        }
    });
    given
}

/// The largest volume that a RenderingControl's description allows.
pub(super) fn loudest(description: &str) -> Option<u32> {
    let (mut name, mut most, mut volume) = (String::new(), None, None);
    let _ = walk(description, |step| {
        if let Step::Closes(element) = step {
            match element.name.as_str() {
                "name" => element.text.trim().clone_into(&mut name),
                "maximum" => most = element.text.trim().parse::<u32>().ok(),
                "statevariable" => {
                    volume = volume.or(most.take().filter(|_| name == "Volume"));
                }
                _ => {}
            }
        }
    });
    volume.filter(|most| *most > 0)
}

/// `H+:MM:SS[.F+]`, or `.F0/F1` behind it; `NOT_IMPLEMENTED` and others: nothing is told.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let mut parts = text.trim().trim_start_matches('+').splitn(3, ':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok().filter(|minutes| *minutes < 60)?;
    let rest = parts.next()?;
    let rest = rest.split_once('/').map_or(rest, |_| rest.split('.').next().unwrap_or(rest));
    let rest: f64 = rest.parse().ok().filter(|rest| (0.0..60.0).contains(rest))?;
    Some(f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_sets_write_it() {
        for (text, read) in [
            ("0:00:41", Some(41.0)),
            ("00:01:02.500", Some(62.5)),
            ("1:02:03.1/3", Some(3723.0)),
            ("123:00:00", Some(442_800.0)),
            ("NOT_IMPLEMENTED", None),
            ("", None),
            ("0:61:00", None),
            ("0:00:NaN", None),
            ("-1:00:00", None),
        ] {
            assert_eq!(seconds(text), read, "{text}");
        }
    }

    #[test]
    fn what_is_called_is_escaped() {
        let body = envelope(TRANSPORT, "SetAVTransportURI", &[("CurrentURI", "http://a/?b&c")]);
        assert!(
            body.contains("<InstanceID>0</InstanceID><CurrentURI>http://a/?b&amp;c</CurrentURI>")
        );
        assert!(!envelope(MANAGER, "GetProtocolInfo", &[]).contains("InstanceID"));
    }

    #[test]
    fn the_volume_has_the_range_that_the_set_tells() {
        let text = "<scpd><serviceStateTable><stateVariable><name>Brightness</name>\
            <allowedValueRange><maximum>7</maximum></allowedValueRange></stateVariable>\
            <stateVariable><name>Volume</name><allowedValueRange><minimum>0</minimum>\
            <maximum>30</maximum></allowedValueRange></stateVariable></serviceStateTable></scpd>";
        assert_eq!(loudest(text), Some(30));
        assert_eq!(loudest("<scpd/>"), None);
    }

    proptest::proptest! {
        #[test]
        fn strangers_texts_never_panic(text in ".{0,60}") {
            let _ = (seconds(&text), loudest(&text), read(&text));
        }
    }
}
