//! What a renderer says of itself (UPnP Device Architecture 1.0, section 2.1).

use url::Url;

use crate::xml::{Step, walk};

/// Longest name that is shown, in characters.
const LONGEST_NAME: usize = 80;

/// A renderer's description, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// Its own name for machines, such as `5f9ec1b3-…`, of letters, digits and hyphens.
    pub(super) id: String,
    /// As its owner knows it.
    pub(super) name: String,
    /// Its maker and model, for people.
    pub(super) model: String,
    /// Where AVTransport is controlled.
    pub(super) transport: Url,
    /// Where RenderingControl is, for the volume.
    pub(super) rendering: Option<Service>,
    /// Where ConnectionManager is controlled, which says what it plays.
    pub(super) manager: Option<Url>,
}

/// A service with its own description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) control: Url,
    pub(super) description: Option<Url>,
}

#[derive(Default)]
struct Device {
    kind: String,
    udn: String,
    name: String,
    maker: String,
    model: String,
    services: Vec<Row>,
}

#[derive(Default)]
struct Row {
    kind: String,
    control: String,
    description: String,
}

/// Reads the description that lies at `at`. `None` where it is of no renderer that can be led. An
/// address in it that leads to another machine or port is not believed.
pub(super) fn read(text: &str, at: &Url) -> Option<Description> {
    let mut open: Vec<Device> = Vec::new();
    let mut renderer: Option<Device> = None;
    let mut row = Row::default();
    let read = walk(text, |step| match step {
        Step::Opens(element, _) if element.name == "device" => open.push(Device::default()),
        Step::Opens(..) => {}
        Step::Closes(element) => {
            let text = element.text.trim().to_owned();
            let Some(device) = open.last_mut() else { return };
            match element.name.as_str() {
                "devicetype" => device.kind = text,
                "udn" => device.udn = text,
                "friendlyname" => device.name = text,
                "manufacturer" => device.maker = text,
                "modelname" => device.model = text,
                "servicetype" => row.kind = text,
                "controlurl" => row.control = text,
                "scpdurl" => row.description = text,
                "service" => device.services.push(std::mem::take(&mut row)),
                "device" => {
                    let ended = open.pop();
                    let leads = |one: &Device| one.kind.contains(":device:MediaRenderer:");
                    renderer = renderer.take().or(ended.filter(leads));
                }
                _ => {}
            }
        }
    });
    read.ok()?;
    renderer?.told(at)
}

impl Device {
    fn told(self, at: &Url) -> Option<Description> {
        let service = |kind: &str| {
            let marked = format!(":service:{kind}:");
            let row = self.services.iter().find(|row| row.kind.contains(&marked))?;
            let control = same_place(at, &row.control)?;
            Some(Service { control, description: same_place(at, &row.description) })
        };
        let id: String = self.udn.trim_start_matches("uuid:").chars().take(64).collect();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if id.is_empty() || !id.chars().all(plain) {
            return None;
        }
        let model = [self.maker.as_str(), self.model.as_str()];
        let model = model.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let name = if self.name.is_empty() { model.clone() } else { self.name.clone() };
        Some(Description {
            transport: service("AVTransport")?.control,
            rendering: service("RenderingControl"),
            manager: service("ConnectionManager").map(|service| service.control),
            name: name.chars().take(LONGEST_NAME).collect(),
            model: model.chars().take(LONGEST_NAME).collect(),
            id,
        })
    }
}

/// An address of the description, if it is on the machine and port from which that came.
fn same_place(at: &Url, path: &str) -> Option<Url> {
    let url = at.join(path).ok().filter(|_| !path.is_empty())?;
    let place =
        |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
    (place(&url) == place(at)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTION: &str = r#"<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType><UDN>uuid:outer</UDN>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:MediaRenderer:2</deviceType>
<friendlyName>Living &amp; room</friendlyName><manufacturer>A maker</manufacturer>
<modelName>X1</modelName><UDN>uuid:5f9ec1b3-ed59</UDN><serviceList>
<service><serviceType>urn:schemas-upnp-org:service:AVTransport:2</serviceType>
<controlURL>/upnp/control/av</controlURL><SCPDURL>av.xml</SCPDURL></service>
<service><serviceType>urn:schemas-upnp-org:service:RenderingControl:1</serviceType>
<controlURL>CONTROL</controlURL><SCPDURL>rc.xml</SCPDURL></service>
</serviceList></device></deviceList></device></root>"#;

    fn at() -> Url {
        "http://10.0.0.9:49152/d/desc.xml".parse().unwrap()
    }

    #[test]
    fn the_renderer_is_found_in_a_device_that_holds_it() {
        let text = DESCRIPTION.replace("CONTROL", "http://10.0.0.9:49152/rc");
        let read = read(&text, &at()).unwrap();
        assert_eq!((read.id.as_str(), read.name.as_str()), ("5f9ec1b3-ed59", "Living & room"));
        assert_eq!(read.model, "A maker X1");
        assert_eq!(read.transport.as_str(), "http://10.0.0.9:49152/upnp/control/av");
        let rendering = read.rendering.unwrap();
        assert_eq!(rendering.control.as_str(), "http://10.0.0.9:49152/rc");
        assert_eq!(rendering.description.unwrap().as_str(), "http://10.0.0.9:49152/d/rc.xml");
        assert_eq!(read.manager, None);
    }

    #[test]
    fn an_address_that_leads_elsewhere_is_not_believed() {
        for elsewhere in ["http://10.0.0.1/reboot", "http://10.0.0.9:80/rc", "//other/rc", ""] {
            let text = DESCRIPTION.replace("CONTROL", elsewhere);
            assert_eq!(read(&text, &at()).unwrap().rendering, None, "{elsewhere}");
        }
        let text = DESCRIPTION.replace("/upnp/control/av", "http://10.0.0.1/av");
        assert_eq!(read(&text, &at()), None);
    }

    #[test]
    fn what_cannot_be_led_is_no_renderer() {
        for text in [
            DESCRIPTION.replace("AVTransport", "Other"),
            DESCRIPTION.replace("MediaRenderer", "MediaServer"),
            DESCRIPTION.replace("5f9ec1b3-ed59", "../etc"),
            String::new(),
            "<html>".to_owned(),
        ] {
            assert_eq!(read(&text, &at()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(<device>|</device>|<service>|</service>|<UDN>|<controlURL>|:device:MediaRenderer:|.){0,40}") {
            let _ = read(&text, &at());
        }
    }
}
