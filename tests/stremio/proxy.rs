//! The add-on behind a reverse proxy with HTTPS, as docs/stremio.md describes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{FILM, LIMIT, install};
use crate::programs::House;
use crate::support::process::{Beside, finish};
use crate::support::{has, own_port, player, skip, until};

const NGINX: &str = "/usr/sbin/nginx";

/// nginx before `inner`, with a certificate that it signed itself.
fn proxy(folder: &Path, port: u16, inner: &str) -> Beside {
    let here = folder.display();
    let mut certificate = Command::new("openssl");
    certificate.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    certificate.args(["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout"]);
    certificate.arg(folder.join("key.pem")).arg("-out").arg(folder.join("certificate.pem"));
    finish(&mut certificate, LIMIT).unwrap();
    let configuration = folder.join("nginx.conf");
    // The lines of the document, but for names and paths.
    let text = format!(
        "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;\n\
         events {{}}\nhttp {{ access_log off; client_body_temp_path {here}/b; \
         proxy_temp_path {here}/p; fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; \
         scgi_temp_path {here}/s;\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {here}/certificate.pem; \
         ssl_certificate_key {here}/key.pem;\n\
         location / {{ proxy_pass {inner}; proxy_http_version 1.1; proxy_set_header Host $host; \
         proxy_set_header Connection \"\"; proxy_buffering off; proxy_read_timeout 10m; }} }} }}\n"
    );
    fs::write(&configuration, text).unwrap();
    let mut command = Command::new(NGINX);
    command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(&configuration);
    Beside::start(&mut command)
}

fn fetched(url: &str) -> Result<Value, String> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--fail", "--insecure", "--noproxy", "*", "--max-time", "30", url]);
    let said = finish(&mut command, LIMIT)?.text();
    serde_json::from_str(&said).map_err(|error| format!("{url}: {error}: {said}"))
}

#[test]
fn behind_a_proxy_with_https_the_add_on_is_asked_and_its_streams_play() {
    if !Path::new(NGINX).exists() || !["openssl", "curl", "ffmpeg"].into_iter().all(has) {
        return skip("needs nginx, openssl, curl and ffmpeg");
    }
    let port = own_port();
    let public = format!("https://127.0.0.1:{port}");
    let house = House::of(|text| format!("{text}\n[server]\npublic_url = \"{public}\"\n"));
    let folder = tempfile::tempdir().unwrap();
    let _proxy = proxy(folder.path(), port, &house.server.base);
    let made = install(&house, "TV");
    let manifest = made["manifest"].as_str().unwrap();
    assert!(manifest.starts_with(&format!("{public}/stremio/")), "{manifest}");
    let told = until("nginx", LIMIT, || fetched(manifest).ok());
    assert_eq!(told["id"], "credenza.household");
    let list = manifest.replace("manifest.json", &format!("stream/movie/{FILM}.json"));
    let url = until("the indexes", LIMIT, || {
        fetched(&list).ok()?["streams"][0]["url"].as_str().map(str::to_owned)
    });
    assert!(url.starts_with(&format!("{public}/v/")), "{url}");
    let seek = player::ffmpeg(&url, 40, 2, LIMIT).unwrap();
    assert!(seek.frames >= Some(20), "{seek:?}");
}
