//! What a renderer was told of its film, read back from it.

use serde_json::json;

use super::{FILM, LIMIT, PORT, found, missing, once, position, television, tell};
use crate::support::home::Home;
use crate::support::process::finish;
use crate::support::{skip, until};

const TRANSPORT: &str = "urn:schemas-upnp-org:service:AVTransport:1";

/// The television's answer to `GetMediaInfo`, as another control point of the house has it.
fn media_info(home: &Home) -> String {
    let body = format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:GetMediaInfo xmlns:u=\"{TRANSPORT}\"><InstanceID>0</InstanceID></u:GetMediaInfo>\
         </s:Body></s:Envelope>"
    );
    let mut curl = home.lab.server.command("curl");
    curl.args(["--silent", "--show-error", "--max-time", "60"]);
    curl.args(["--header", "Content-Type: text/xml; charset=\"utf-8\"", "--data", &body]);
    curl.arg("--header").arg(format!("SOAPACTION: \"{TRANSPORT}#GetMediaInfo\""));
    curl.arg(format!("http://{}:{PORT}/upnp/control/rendertransport1", home.lab.viewer.address));
    finish(&mut curl, LIMIT).unwrap().text()
}

/// What stands between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("no {before}: {text}"));
    rest.split(after).next().unwrap()
}

#[test]
fn a_television_is_told_the_films_name_its_transfer_and_its_subtitles() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = Home::demo(&[]);
    let _television = television(&home);
    let id = found(&home);
    let play = || home.post(&format!("/api/renderers/{id}/play"), &json!({"id": FILM})).ok();
    let media_id = until("the film", LIMIT, play)["media_id"].as_str().unwrap().to_owned();
    // What a set waits for is a second; by now they are known.
    until("subtitles", LIMIT, || {
        let told = home.get(&format!("/api/subtitles/{media_id}")).ok()?;
        (!told["subtitles"].as_array()?.is_empty()).then_some(())
    });
    tell(&home, &id, "play", &json!({"media_id": media_id}));
    once(&home, &id, "the picture", |told| told["state"] == "playing" && position(told) >= 1.0);

    let answer = media_info(&home);
    println!("{answer}");
    let uri = between(&answer, "<CurrentURI>", "</CurrentURI>");
    let didl = between(&answer, "<CurrentURIMetaData>", "</CurrentURIMetaData>");
    let didl = credenza::xml::unescape(didl).into_owned();
    assert!(uri.starts_with(&format!("{}/v/", home.base)), "{uri}");
    let title = between(&didl, "<dc:title>", "</dc:title>");
    assert!(title.contains("The Lamp and the Tide"), "{didl}");
    let res = between(&didl, "<res ", "</res>");
    assert!(res.contains("http-get:*:video/") && res.contains(":DLNA.ORG_OP=01"), "{didl}");
    assert!(res.contains(" size=\"") && res.ends_with(&format!(">{uri}")), "{didl}");
    let captions = between(&didl, "<sec:CaptionInfoEx sec:type=\"srt\">", "<");
    assert!(captions.starts_with(&format!("{}/sub/", home.base)), "{didl}");
    let mut curl = home.lab.viewer.command("curl");
    let text = finish(curl.args(["--silent", "--max-time", "60", captions]), LIMIT).unwrap();
    assert!(text.stdout.starts_with(b"\xEF\xBB\xBF") && text.text().contains("-->"), "{didl}");
    assert!(home.stop());
}
