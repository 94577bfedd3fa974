//! Calls and answers (UDA 1.0, section 3.2): SOAP 1.1 as televisions speak it, which is loosely.

use super::service::{Action, Service};
use crate::xml::{HEAD, Step, escape, walk};

/// Most arguments of one call.
const MOST: usize = 32;

/// A call that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// Of which service.
    pub service: Service,
    /// What is called.
    pub action: &'static Action,
    /// Its arguments by their names of the description; what it does not know is left out.
    arguments: Vec<(&'static str, String)>,
}

/// Why a call is not answered: UPnP's codes (UDA 1.0, table 3-1; ContentDirectory:1, 2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no such action.
    InvalidAction,
    /// An argument is missing or cannot be read.
    InvalidArguments,
    /// No object has this name.
    NoSuchObject,
    /// No folder that could be searched has this name.
    NoSuchContainer,
    /// No connection has this number.
    InvalidConnection,
    /// It cannot be done just now.
    CannotProcess,
}

impl Fault {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::InvalidAction => 401,
            Self::InvalidArguments => 402,
            Self::NoSuchObject => 701,
            Self::InvalidConnection => 706,
            Self::NoSuchContainer => 710,
            Self::CannotProcess => 720,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::InvalidAction => "Invalid Action",
            Self::InvalidArguments => "Invalid Args",
            Self::NoSuchObject => "No such object",
            Self::NoSuchContainer => "No such container",
            Self::InvalidConnection => "Invalid connection reference",
            Self::CannotProcess => "Cannot process the request",
        }
    }

    /// The body of the answer, which has the status 500.
    #[must_use]
    pub fn envelope(self) -> String {
        envelope(&format!(
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>\
             <UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\"><errorCode>{}</errorCode>\
             <errorDescription>{}</errorDescription></UPnPError></detail></s:Fault>",
            self.code(),
            self.words()
        ))
    }
}

fn envelope(body: &str) -> String {
    format!(
        "{HEAD}<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>{body}</s:Body>\
         </s:Envelope>"
    )
}

impl Call {
    /// Reads a call of `service`: the action is what the body says, else what the header `SOAPACTION`
    /// says after its `#`.
    pub fn read(service: Service, header: Option<&str>, body: &[u8]) -> Result<Self, Fault> {
        let (named, said) = body_of(body)?;
        let header = header.map(|text| text.trim().trim_matches('"'));
        let header = header.and_then(|text| text.rsplit('#').next());
        let same = |action: &&Action, name: &str| action.name.eq_ignore_ascii_case(name);
        let find = |name: &str| service.actions().iter().find(|action| same(action, name));
        let action = match (named, header) {
            (Some(name), _) => find(&name),
            (None, Some(name)) => find(name),
            (None, None) => None,
        };
        let action = action.ok_or(Fault::InvalidAction)?;
        let mut arguments = Vec::new();
        for (name, _) in action.takes {
            if let Some((_, value)) = said.iter().find(|row| row.0.eq_ignore_ascii_case(name)) {
                arguments.push((*name, value.clone()));
            }
        }
        Ok(Self { service, action, arguments })
    }

    /// An argument's text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.arguments.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// An argument that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or(Fault::InvalidArguments)
    }

    /// An argument that is a number; one that is missing or empty is 0.
    pub fn number(&self, name: &str) -> Result<usize, Fault> {
        match self.text(name).map(str::trim) {
            None | Some("") => Ok(0),
            // -1 has been seen for "all".
            Some(text) if text.starts_with('-') => Ok(0),
            Some(text) => text.parse().map_err(|_| Fault::InvalidArguments),
        }
    }

    /// The answer: the values in the order of the description.
    #[must_use]
    pub fn answer(&self, values: &[String]) -> String {
        debug_assert_eq!(values.len(), self.action.gives.len());
        let rows = self.action.gives.iter().zip(values);
        let row = |((name, _), value): (&(&str, _), &String)| {
            format!("<{name}>{}</{name}>", escape(value))
        };
        let rows = rows.map(row).collect::<Vec<_>>().concat();
        let (name, kind) = (self.action.name, self.service.kind());
        envelope(&format!("<u:{name}Response xmlns:u=\"{kind}\">{rows}</u:{name}Response>"))
    }
}

type Said = (Option<String>, Vec<(String, String)>);

/// The action that a body names, and its arguments, in lower case.
fn body_of(body: &[u8]) -> Result<Said, Fault> {
    let text = crate::xml::text(body);
    let (mut named, mut said) = (None, Vec::new());
    let mut body_at = None;
    let walked = walk(&text, |step| match step {
        Step::Opens(element, depth) => match body_at {
            None if element.name == "body" => body_at = Some(depth),
            Some(at) if depth == at + 1 && named.is_none() => named = Some(element.name.clone()),
            _ => {}
        },
        Step::Closes(element) => {
            let inside = named.as_ref().is_some_and(|name| *name != element.name);
            if inside && element.name != "body" && element.name != "envelope" && said.len() < MOST {
                said.push((element.name.clone(), element.text.clone()));
            }
        }
    });
    walked.map_err(|_| Fault::InvalidArguments)?;
    Ok((named, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSE: &str = "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"";

    fn body(inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <SOAP-ENV:Body>{inside}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
        )
    }

    fn read(header: Option<&str>, inside: &str) -> Result<Call, Fault> {
        Call::read(Service::ContentDirectory, header, body(inside).as_bytes())
    }

    #[test]
    fn a_call_is_read_whatever_its_prefixes_and_order() {
        let call = read(
            Some(BROWSE),
            "<m:Browse xmlns:m=\"urn:schemas-upnp-org:service:ContentDirectory:1\">\
             <RequestedCount>5</RequestedCount><ObjectID>a &amp; b</ObjectID><StartingIndex/>\
             <Extra>1</Extra></m:Browse>",
        );
        let call = call.unwrap();
        assert_eq!(call.action.name, "Browse");
        assert_eq!((call.text("ObjectID"), call.text("Filter")), (Some("a & b"), None));
        assert_eq!((call.number("RequestedCount"), call.number("StartingIndex")), (Ok(5), Ok(0)));
        assert_eq!(call.required("BrowseFlag"), Err(Fault::InvalidArguments));
    }

    #[test]
    fn what_is_no_call_is_a_fault() {
        for (header, inside, expected) in [
            (Some(BROWSE), "<u:DestroyObject/>", Fault::InvalidAction),
            (Some("x#DestroyObject"), "", Fault::InvalidAction),
            (None, "", Fault::InvalidAction),
        ] {
            assert_eq!(read(header, inside).err(), Some(expected), "{header:?} {inside}");
        }
        assert!(read(Some(BROWSE), "").is_ok(), "an empty body under a header");
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
        let refused = Call::read(Service::ContentDirectory, Some(BROWSE), bomb.as_bytes());
        assert_eq!(refused.err(), Some(Fault::InvalidArguments));
        let number = read(None, "<u:Browse><StartingIndex>x</StartingIndex></u:Browse>").unwrap();
        assert_eq!(number.number("StartingIndex"), Err(Fault::InvalidArguments));
    }

    #[test]
    fn an_answer_is_in_order_and_escaped_twice_where_it_holds_xml() {
        let call = read(Some(BROWSE), "<u:Browse/>").unwrap();
        let answer = call.answer(&["<a t=\"&amp;\"/>", "1", "2", "3"].map(str::to_owned));
        let expected = "<Result>&lt;a t=&quot;&amp;amp;&quot;/&gt;</Result>\
            <NumberReturned>1</NumberReturned><TotalMatches>2</TotalMatches><UpdateID>3</UpdateID>\
            </u:BrowseResponse>";
        assert!(answer.contains(expected), "{answer}");
        assert!(Fault::NoSuchObject.envelope().contains("<errorCode>701</errorCode>"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(junk in "(<[a-zA-Z:]{1,8}/?>|</[a-zA-Z:]{1,8}>|Browse|Body|.){0,40}") {
            let _ = Call::read(Service::ContentDirectory, Some(BROWSE), junk.as_bytes());
            let _ = read(None, &junk);
        }
    }
}
