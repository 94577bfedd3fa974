//! What the device says of itself (UDA 1.0, section 2.1).

use super::service::Service;
use crate::xml::{HEAD, escape};

/// Pictures of the device: media type, side in pixels, file name.
pub const ICONS: [(&str, u32, &str); 4] = [
    ("image/png", 120, "icon-120.png"),
    ("image/jpeg", 120, "icon-120.jpg"),
    ("image/png", 48, "icon-48.png"),
    ("image/jpeg", 48, "icon-48.jpg"),
];

/// What differs from household to household.
#[derive(Debug, Clone)]
pub struct Device {
    /// Constant, whatever the box is called.
    pub uuid: String,
    /// As people see it.
    pub name: String,
    /// The programme's.
    pub version: &'static str,
}

impl Device {
    /// `SERVER`, as it is told in every answer: system, UPnP version, product (UDA 1.0, 1.2.2).
    #[must_use]
    pub fn server(&self) -> String {
        format!("Linux/6 UPnP/1.0 DLNADOC/1.50 Credenza/{}", self.version)
    }

    /// The description. All addresses in it are absolute paths: sets differ in what they make of
    /// others.
    #[must_use]
    pub fn description(&self) -> String {
        let icons: String = ICONS.iter().map(icon_of).collect();
        let services: String = Service::ALL.into_iter().map(service).collect();
        let (name, uuid) = (escape(&self.name), escape(&self.uuid));
        let version = escape(self.version);
        format!(
            "{HEAD}<root xmlns=\"urn:schemas-upnp-org:device-1-0\" \
             xmlns:dlna=\"urn:schemas-dlna-org:device-1-0\" xmlns:sec=\"http://www.sec.co.kr/dlna\">\
             <specVersion><major>1</major><minor>0</minor></specVersion><device>\
             <deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType>\
             <friendlyName>{name}</friendlyName><manufacturer>Credenza</manufacturer>\
             <modelDescription>A media server for the living room</modelDescription>\
             <modelName>Credenza (Windows Media Connect compatible)</modelName>\
             <modelNumber>{version}</modelNumber><serialNumber>1</serialNumber>\
             <UDN>uuid:{uuid}</UDN><dlna:X_DLNADOC>DMS-1.50</dlna:X_DLNADOC>\
             <dlna:X_DLNADOC>M-DMS-1.50</dlna:X_DLNADOC>\
             <sec:ProductCap>{CAPABLE}</sec:ProductCap><sec:X_ProductCap>{CAPABLE}</sec:X_ProductCap>\
             <iconList>{icons}</iconList><serviceList>{services}</serviceList>\
             <presentationURL>/</presentationURL></device></root>"
        )
    }
}

/// What Samsung sets look for before they ask for subtitles and bookmarks.
const CAPABLE: &str = "smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec";

fn icon_of((kind, side, file): &(&str, u32, &str)) -> String {
    format!(
        "<icon><mimetype>{kind}</mimetype><width>{side}</width><height>{side}</height>\
         <depth>24</depth><url>/dlna/{file}</url></icon>"
    )
}

fn service(service: Service) -> String {
    let (kind, id, path) = (service.kind(), service.id(), service.path());
    format!(
        "<service><serviceType>{kind}</serviceType><serviceId>{id}</serviceId>\
         <SCPDURL>/dlna/{path}.xml</SCPDURL><controlURL>/dlna/control/{path}</controlURL>\
         <eventSubURL>/dlna/events/{path}</eventSubURL></service>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_every_trap_stays_one_text() {
        let name = "Tom & Jerry <1> \"q\" é 日本";
        let uuid = "6c5d5b1e-0000-5000-8000-000000000001".to_owned();
        let device = Device { uuid, name: name.to_owned(), version: "1.0" };
        let (mut shown, mut services) = (None, 0);
        let end = crate::xml::walk(&device.description(), |step| {
            if let crate::xml::Step::Closes(element) = step {
                match element.name.as_str() {
                    "friendlyname" => shown = Some(element.text.clone()),
                    "service" => services += 1,
                    _ => {}
                }
            }
        });
        assert_eq!(end, Ok(crate::xml::End::Whole));
        assert_eq!((shown.as_deref(), services), (Some(name), 3));
        assert!(!device.description().contains("&#"));
    }
}
