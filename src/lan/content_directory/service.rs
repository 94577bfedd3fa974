//! The services of a MediaServer:1 as tables: from one row come the service's description, the reading
//! of a call and the order of its answer, so that they cannot differ. Strict control points, and
//! Samsung's, take an answer only in the order of the description.

use crate::xml::{HEAD, escape};

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// ContentDirectory:1.
    ContentDirectory,
    /// ConnectionManager:1.
    ConnectionManager,
    /// Microsoft's registrar, without which Windows and Xbox show nothing.
    Registrar,
}

/// An argument, and the state variable that says its type.
type Argument = (&'static str, &'static str);

/// What can be called.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static [Argument],
    /// What it gives, in this order.
    pub gives: &'static [Argument],
}

/// A state variable.
pub(super) struct Variable {
    pub(super) name: &'static str,
    kind: &'static str,
    /// Whether subscribers are told when it changes.
    pub(super) evented: bool,
    allowed: &'static [&'static str],
}

const fn action(
    name: &'static str,
    takes: &'static [Argument],
    gives: &'static [Argument],
) -> Action {
    Action { name, takes, gives }
}

const fn kept(name: &'static str, kind: &'static str) -> Variable {
    Variable { name, kind, evented: false, allowed: &[] }
}

const fn evented(name: &'static str, kind: &'static str) -> Variable {
    Variable { name, kind, evented: true, allowed: &[] }
}

const fn one_of(name: &'static str, allowed: &'static [&'static str]) -> Variable {
    Variable { name, kind: "string", evented: false, allowed }
}

const FOUND: &[Argument] = &[
    ("Result", "A_ARG_TYPE_Result"),
    ("NumberReturned", "A_ARG_TYPE_Count"),
    ("TotalMatches", "A_ARG_TYPE_Count"),
    ("UpdateID", "A_ARG_TYPE_UpdateID"),
];

const CONTENT_DIRECTORY: &[Action] = &[
    action("GetSearchCapabilities", &[], &[("SearchCaps", "SearchCapabilities")]),
    action("GetSortCapabilities", &[], &[("SortCaps", "SortCapabilities")]),
    action("GetSystemUpdateID", &[], &[("Id", "SystemUpdateID")]),
    action(
        "Browse",
        &[
            ("ObjectID", "A_ARG_TYPE_ObjectID"),
            ("BrowseFlag", "A_ARG_TYPE_BrowseFlag"),
            ("Filter", "A_ARG_TYPE_Filter"),
            ("StartingIndex", "A_ARG_TYPE_Index"),
            ("RequestedCount", "A_ARG_TYPE_Count"),
            ("SortCriteria", "A_ARG_TYPE_SortCriteria"),
        ],
        FOUND,
    ),
    action(
        "Search",
        &[
            ("ContainerID", "A_ARG_TYPE_ObjectID"),
            ("SearchCriteria", "A_ARG_TYPE_SearchCriteria"),
            ("Filter", "A_ARG_TYPE_Filter"),
            ("StartingIndex", "A_ARG_TYPE_Index"),
            ("RequestedCount", "A_ARG_TYPE_Count"),
            ("SortCriteria", "A_ARG_TYPE_SortCriteria"),
        ],
        FOUND,
    ),
    // Samsung's.
    action("X_GetFeatureList", &[], &[("FeatureList", "A_ARG_TYPE_Featurelist")]),
    action(
        "X_SetBookmark",
        &[
            ("CategoryType", "A_ARG_TYPE_CategoryType"),
            ("RID", "A_ARG_TYPE_RID"),
            ("ObjectID", "A_ARG_TYPE_ObjectID"),
            ("PosSecond", "A_ARG_TYPE_PosSecond"),
        ],
        &[],
    ),
];

const CONTENT_DIRECTORY_STATE: &[Variable] = &[
    evented("SystemUpdateID", "ui4"),
    evented("TransferIDs", "string"),
    kept("SearchCapabilities", "string"),
    kept("SortCapabilities", "string"),
    kept("A_ARG_TYPE_ObjectID", "string"),
    kept("A_ARG_TYPE_Result", "string"),
    kept("A_ARG_TYPE_SearchCriteria", "string"),
    one_of("A_ARG_TYPE_BrowseFlag", &["BrowseMetadata", "BrowseDirectChildren"]),
    kept("A_ARG_TYPE_Filter", "string"),
    kept("A_ARG_TYPE_SortCriteria", "string"),
    kept("A_ARG_TYPE_Index", "ui4"),
    kept("A_ARG_TYPE_Count", "ui4"),
    kept("A_ARG_TYPE_UpdateID", "ui4"),
    kept("A_ARG_TYPE_Featurelist", "string"),
    kept("A_ARG_TYPE_CategoryType", "string"),
    kept("A_ARG_TYPE_RID", "string"),
    kept("A_ARG_TYPE_PosSecond", "string"),
];

const CONNECTION_MANAGER: &[Action] = &[
    action(
        "GetProtocolInfo",
        &[],
        &[("Source", "SourceProtocolInfo"), ("Sink", "SinkProtocolInfo")],
    ),
    action("GetCurrentConnectionIDs", &[], &[("ConnectionIDs", "CurrentConnectionIDs")]),
    action(
        "GetCurrentConnectionInfo",
        &[("ConnectionID", "A_ARG_TYPE_ConnectionID")],
        &[
            ("RcsID", "A_ARG_TYPE_RcsID"),
            ("AVTransportID", "A_ARG_TYPE_AVTransportID"),
            ("ProtocolInfo", "A_ARG_TYPE_ProtocolInfo"),
            ("PeerConnectionManager", "A_ARG_TYPE_ConnectionManager"),
            ("PeerConnectionID", "A_ARG_TYPE_ConnectionID"),
            ("Direction", "A_ARG_TYPE_Direction"),
            ("Status", "A_ARG_TYPE_ConnectionStatus"),
        ],
    ),
];

const CONNECTION_MANAGER_STATE: &[Variable] = &[
    evented("SourceProtocolInfo", "string"),
    evented("SinkProtocolInfo", "string"),
    evented("CurrentConnectionIDs", "string"),
    one_of(
        "A_ARG_TYPE_ConnectionStatus",
        &["OK", "ContentFormatMismatch", "InsufficientBandwidth", "UnreliableChannel", "Unknown"],
    ),
    kept("A_ARG_TYPE_ConnectionManager", "string"),
    one_of("A_ARG_TYPE_Direction", &["Input", "Output"]),
    kept("A_ARG_TYPE_ProtocolInfo", "string"),
    kept("A_ARG_TYPE_ConnectionID", "i4"),
    kept("A_ARG_TYPE_AVTransportID", "i4"),
    kept("A_ARG_TYPE_RcsID", "i4"),
];

const REGISTRAR: &[Action] = &[
    action(
        "IsAuthorized",
        &[("DeviceID", "A_ARG_TYPE_DeviceID")],
        &[("Result", "A_ARG_TYPE_Result")],
    ),
    action(
        "IsValidated",
        &[("DeviceID", "A_ARG_TYPE_DeviceID")],
        &[("Result", "A_ARG_TYPE_Result")],
    ),
    action(
        "RegisterDevice",
        &[("RegistrationReqMsg", "A_ARG_TYPE_RegistrationReqMsg")],
        &[("RegistrationRespMsg", "A_ARG_TYPE_RegistrationRespMsg")],
    ),
];

const REGISTRAR_STATE: &[Variable] = &[
    evented("AuthorizationGrantedUpdateID", "ui4"),
    evented("AuthorizationDeniedUpdateID", "ui4"),
    evented("ValidationSucceededUpdateID", "ui4"),
    evented("ValidationRevokedUpdateID", "ui4"),
    kept("A_ARG_TYPE_DeviceID", "string"),
    kept("A_ARG_TYPE_Result", "int"),
    kept("A_ARG_TYPE_RegistrationReqMsg", "bin.base64"),
    kept("A_ARG_TYPE_RegistrationRespMsg", "bin.base64"),
];

impl Service {
    /// All three, in the order of the device's description.
    pub const ALL: [Self; 3] = [Self::ContentDirectory, Self::ConnectionManager, Self::Registrar];

    /// What its paths are called.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::ContentDirectory => "content-directory",
            Self::ConnectionManager => "connection-manager",
            Self::Registrar => "registrar",
        }
    }

    /// The service with this path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.path() == path)
    }

    /// `serviceType`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::ContentDirectory => "urn:schemas-upnp-org:service:ContentDirectory:1",
            Self::ConnectionManager => "urn:schemas-upnp-org:service:ConnectionManager:1",
            Self::Registrar => "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
        }
    }

    /// `serviceId`.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::ContentDirectory => "urn:upnp-org:serviceId:ContentDirectory",
            Self::ConnectionManager => "urn:upnp-org:serviceId:ConnectionManager",
            Self::Registrar => "urn:microsoft.com:serviceId:X_MS_MediaReceiverRegistrar",
        }
    }

    /// What can be called.
    #[must_use]
    pub fn actions(self) -> &'static [Action] {
        match self {
            Self::ContentDirectory => CONTENT_DIRECTORY,
            Self::ConnectionManager => CONNECTION_MANAGER,
            Self::Registrar => REGISTRAR,
        }
    }

    pub(super) fn variables(self) -> &'static [Variable] {
        match self {
            Self::ContentDirectory => CONTENT_DIRECTORY_STATE,
            Self::ConnectionManager => CONNECTION_MANAGER_STATE,
            Self::Registrar => REGISTRAR_STATE,
        }
    }

    /// Its description (SCPD; UDA 1.0, section 2.3).
    #[must_use]
    pub fn description(self) -> String {
        let actions: String = self.actions().iter().map(Action::description).collect();
        let variables: String = self.variables().iter().map(Variable::description).collect();
        format!(
            "{HEAD}<scpd xmlns=\"urn:schemas-upnp-org:service-1-0\"><specVersion><major>1</major>\
             <minor>0</minor></specVersion><actionList>{actions}</actionList>\
             <serviceStateTable>{variables}</serviceStateTable></scpd>"
        )
    }
}

impl Action {
    fn description(&self) -> String {
        let argument = |direction: &str, (name, variable): &Argument| {
            format!(
                "<argument><name>{name}</name><direction>{direction}</direction>\
                 <relatedStateVariable>{variable}</relatedStateVariable></argument>"
            )
        };
        let takes = self.takes.iter().map(|row| argument("in", row));
        let all: String = takes.chain(self.gives.iter().map(|row| argument("out", row))).collect();
        let list = if all.is_empty() { all } else { format!("<argumentList>{all}</argumentList>") };
        format!("<action><name>{}</name>{list}</action>", self.name)
    }
}

impl Variable {
    fn description(&self) -> String {
        let allowed = self
            .allowed
            .iter()
            .map(|value| format!("<allowedValue>{}</allowedValue>", escape(value)));
        let allowed: String = allowed.collect();
        let list = if allowed.is_empty() {
            allowed
        } else {
            format!("<allowedValueList>{allowed}</allowedValueList>")
        };
        let events = if self.evented { "yes" } else { "no" };
        format!(
            "<stateVariable sendEvents=\"{events}\"><name>{}</name><dataType>{}</dataType>{list}\
             </stateVariable>",
            self.name, self.kind
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_has_a_variable() {
        for service in Service::ALL {
            let known: Vec<&str> = service.variables().iter().map(|one| one.name).collect();
            for action in service.actions() {
                for (argument, variable) in action.takes.iter().chain(action.gives) {
                    assert!(known.contains(variable), "{}: {argument}", action.name);
                }
            }
            assert_eq!(Service::at(service.path()), Some(service));
        }
        assert_eq!(Service::at("other"), None);
    }

    #[test]
    fn a_description_has_its_actions_in_order_and_is_whole() {
        let text = Service::ContentDirectory.description();
        let mut names = Vec::new();
        let end = crate::xml::walk(&text, |step| {
            if let crate::xml::Step::Closes(element) = step
                && element.name == "name"
            {
                names.push(element.text.clone());
            }
        });
        assert_eq!(end, Ok(crate::xml::End::Whole));
        let browse = names.iter().position(|name| name == "Browse").unwrap_or_else(|| {
            // The action's own name closes before its arguments.
            panic!("{names:?}")
        });
        let expected = ["ObjectID", "BrowseFlag", "Filter", "StartingIndex", "RequestedCount"];
        assert_eq!(names[browse + 1..browse + 6], expected.map(str::to_owned));
    }
}
