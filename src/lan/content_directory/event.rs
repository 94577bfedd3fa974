//! What subscribers are told: the variables of a service that change (UDA 1.0, section 4.2).

use super::service::Service;
use super::source_protocols;
use crate::xml::{HEAD, escape};

/// The body of a `NOTIFY` with each evented variable of `service`. The first one after a subscription
/// has all of them; ours are few, so each has.
#[must_use]
pub fn changes(service: Service, update: u32) -> String {
    let evented = service.variables().iter().filter(|one| one.evented);
    let rows: Vec<String> = evented
        .map(|one| {
            let value = value_of(one.name, update);
            format!("<e:property><{0}>{1}</{0}></e:property>", one.name, escape(&value))
        })
        .collect();
    let rows = rows.concat();
    format!(
        "{HEAD}<e:propertyset xmlns:e=\"urn:schemas-upnp-org:event-1-0\">{rows}</e:propertyset>"
    )
}

fn value_of(variable: &str, update: u32) -> String {
    match variable {
        "SystemUpdateID" => update.to_string(),
        "SourceProtocolInfo" => source_protocols(),
        "TransferIDs" | "SinkProtocolInfo" => String::new(),
        // The one connection there is; and the registrar's: everybody has been let in since ever.
        _ => "0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_evented_variable_is_told() {
        for (service, first) in [
            (Service::ContentDirectory, "<SystemUpdateID>7</SystemUpdateID>"),
            (Service::ConnectionManager, "<SinkProtocolInfo></SinkProtocolInfo>"),
            (Service::Registrar, "<AuthorizationGrantedUpdateID>0</AuthorizationGrantedUpdateID>"),
        ] {
            let text = changes(service, 7);
            assert!(text.contains(first), "{text}");
        }
    }
}
