//! `credenza serve`: the server, until it is interrupted; and what each serving command shares.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use super::{Arguments, Done, Global, Signals, print};
use crate::app::App;
use crate::appliance;
use crate::config;
use crate::durable;
use crate::fetch;

/// Serves with the configuration of file and environment.
pub(super) async fn run(global: &Global, signals: &mut Signals) -> Done {
    let config = global.configuration().map_err(|error| error.to_string())?;
    let options = appliance::Options {
        root: Some(global.box_root.clone()),
        supervised: config::is_supervised(),
        interfaces: appliance::Interfaces {
            sys: global.box_root.join("sys/class/net"),
            ..appliance::Interfaces::default()
        },
        ..appliance::Options::default()
    };
    let app =
        App::start_as(config, &global.data(), options).await.map_err(|error| error.to_string())?;
    announce(&app);
    signals.received().await;
    app.stop().await;
    Ok(())
}

/// Addresses on standard output once they answer; the claim code, while there is no owner, on
/// standard error, where it does not end up in a script's answer.
pub(super) fn announce(app: &App) {
    for address in app.addresses() {
        tell(&format!("http://{address}/"));
    }
    if let Some(code) = app.claim_code() {
        let _ = writeln!(std::io::stderr(), "claim code: {code}");
    }
}

/// A line on standard output. A server serves on where nobody reads it.
pub(super) fn tell(line: &str) {
    let _ = print(line);
}

/// Where the system has no CA store, the torrent engine refuses to start, even for peers that speak
/// no TLS. So the roots that are bundled with this program are written to the data folder, and the
/// program starts itself again with `SSL_CERT_FILE` naming them: the one way to tell the engine,
/// since changing the environment of a running process is unsafe.
pub fn ensure_roots(arguments: &Arguments) -> Result<(), String> {
    if fetch::system_roots_present() {
        return Ok(());
    }
    let data = arguments.global.data();
    let file = data.join("roots.pem");
    if config::ca_file().as_ref() == Some(&file) {
        return Err(format!(
            "the bundled roots in {} cannot be used; install ca-certificates",
            file.display()
        ));
    }
    write_roots(&data, &file).map_err(|error| {
        format!(
            "the data folder {} cannot be written: {error}; choose another with --data",
            data.display()
        )
    })?;
    let _ = writeln!(
        std::io::stderr(),
        "this system has no CA certificates: the bundled roots are used, from {}; install \
         ca-certificates to use the system's",
        file.display()
    );
    let this = std::env::current_exe()
        .map_err(|error| format!("this program cannot find itself: {error}"))?;
    let error = std::process::Command::new(this)
        .args(std::env::args_os().skip(1))
        .env("SSL_CERT_FILE", &file)
        .exec();
    Err(format!("this program cannot start itself again: {error}"))
}

fn write_roots(data: &Path, file: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(data)?;
    durable::replace_file(file, fetch::bundled_roots_pem().as_bytes(), 0o644)
}
