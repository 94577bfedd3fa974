//! Certificates out of their time, over real TLS.

use credenza::fetch::{AddressPolicy, Client, Roots};
use url::Url;

use super::get;

/// A TLS server of openssl's on a free port, with a certificate that lasts `days` from now.
fn tls_server(folder: &std::path::Path, days: &str) -> (std::process::Child, u16) {
    let script = format!(
        "set -e; K='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
        [ -e ca.pem ] || openssl req -x509 $K -keyout ca.key -out ca.pem -days 30 -subj /CN=ca
        openssl req $K -keyout s.key -out s.csr -subj /CN=localhost
        echo subjectAltName=DNS:localhost >names
        openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} \
            -extfile names -out s.pem
        exec openssl s_server -accept 127.0.0.1:0 -cert s.pem -key s.key -www 2>log"
    );
    let mut server = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("sh runs");
    let lines = std::io::BufReader::new(server.stdout.take().expect("it is piped"));
    let port = std::io::BufRead::lines(lines)
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit_once(':')?.1.parse().ok());
    (server, port.expect("openssl tells its port"))
}

/// Asks a TLS server whose authority stands in `SSL_CERT_FILE`, which only another process can be
/// given; so this test starts itself anew for each case.
#[tokio::test]
async fn a_certificate_out_of_its_time_is_told_as_a_wrong_clock() {
    const PORT: &str = "CREDENZA_TEST_TLS_PORT";
    #[expect(clippy::disallowed_methods, reason = "the parent's word to the child")]
    if let Ok(port) = std::env::var(PORT) {
        let listen = format!("127.0.0.1:{port}").parse().expect("an address");
        let policy = AddressPolicy { allow_private: vec![listen] };
        let url = Url::parse(&format!("https://localhost:{port}/")).expect("a URL");
        for roots in [Roots::System, Roots::Bundled] {
            let client = Client::new(policy.clone(), roots).expect("SSL_CERT_FILE is set");
            let asked = client.get_json::<u8>(get(url.clone())).await;
            println!("{roots:?}: {}", asked.expect_err("it is no JSON"));
        }
        return;
    }
    if !crate::support::has("openssl") {
        return crate::support::skip("needs openssl");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let clock = "the certificate of localhost does not fit the clock of this machine";
    let stranger = "localhost cannot be reached: its certificate is not one for that name";
    let page = "localhost sent a web page where JSON was expected";
    for (days, system, bundled) in [("-1", clock, clock), ("2", page, stranger)] {
        let (mut server, port) = tls_server(folder.path(), days);
        let this = std::env::current_exe().expect("this program");
        let output = std::process::Command::new(this)
            .args(["--exact", "--nocapture"])
            .arg("way_out::clock::a_certificate_out_of_its_time_is_told_as_a_wrong_clock")
            .env(PORT, port.to_string())
            .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
            .output();
        let _ = server.kill();
        let _ = server.wait();
        let said = String::from_utf8_lossy(&output.expect("it runs").stdout).into_owned();
        assert!(said.contains(&format!("System: {system}")), "{days}: {said}");
        assert!(said.contains(&format!("Bundled: {bundled}")), "{days}: {said}");
    }
}
