//! Two boxes of one name in one household: a set lists two names.

use super::{DESCRIPTION, LIMIT, NAME};
use crate::support::home::Home;
use crate::support::netns::{Lab, Namespace};
use crate::support::process::{Beside, finish};
use crate::support::server::credenza;
use crate::support::{skip, until};

/// What the box at this address calls itself, as the host `from` is told.
fn name(from: &Namespace, base: &str) -> Option<String> {
    let mut curl = from.command("curl");
    curl.args(["--silent", "--max-time", "10", &format!("{base}{DESCRIPTION}")]);
    let text = finish(&mut curl, LIMIT).ok()?.text();
    let name = text.split("<friendlyName>").nth(1)?.split('<').next()?;
    Some(name.to_owned())
}

#[test]
fn a_second_box_of_the_same_name_is_called_otherwise() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let announced = [("CREDENZA_LAN_UPNP", "true"), ("CREDENZA_LAN_MDNS", "true")];
    let mut home = Home::demo(&announced);
    let folder = tempfile::tempdir().unwrap();
    let clean = credenza(&folder.path().join("data"));
    let mut command = home.lab.viewer.command(clean.get_program());
    command.args(clean.get_args()).args(["serve", "--listen", "0.0.0.0:8080"]);
    command.envs(announced).env("CREDENZA_LAN_NAME", NAME);
    let mut second = Beside::start(&mut command);
    second.line("an address", LIMIT, |line| line.starts_with("http://").then_some(()));
    let there = format!("http://{}:8080", home.lab.viewer.address);
    until("two names", LIMIT, || {
        let first = name(&home.lab.viewer, &home.base)?;
        let second = name(&home.lab.viewer, &there)?;
        let mut names = [first, second];
        names.sort();
        (names == [NAME.to_owned(), format!("{NAME} (2)")]).then_some(())
    });
    second.interrupt();
    assert!(second.ended(LIMIT).is_some_and(|status| status.success()));
    assert!(home.stop());
}
