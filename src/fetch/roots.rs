//! The certificates of the authorities that a server's certificate is checked against.

use data_encoding::BASE64;

/// Which root certificates to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roots {
    /// The machine's own store; `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    #[default]
    System,
    /// Mozilla's list as of our build, for a machine that has none.
    Bundled,
}

impl Roots {
    /// Applies the choice to a client that is being built.
    pub(super) fn apply(self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        match self {
            Self::System => builder,
            Self::Bundled => builder.tls_certs_only(
                webpki_root_certs::TLS_SERVER_ROOT_CERTS
                    .iter()
                    .filter_map(|der| reqwest::Certificate::from_der(der).ok()),
            ),
        }
    }
}

/// Whether the machine has a store of root certificates that the torrent engine's own HTTP client
/// would find. That client is a `reqwest::Client` with the default verifier, and where there is no
/// store it cannot be built; so the honest question is to build one.
#[must_use]
pub fn system_roots_present() -> bool {
    #[expect(clippy::disallowed_methods, reason = "this is src/fetch, and nothing is sent with it")]
    let builder = reqwest::Client::builder();
    builder.no_proxy().build().is_ok()
}

/// The bundled roots as PEM (RFC 7468), for a file that `SSL_CERT_FILE` can name.
#[must_use]
pub fn bundled_roots_pem() -> String {
    let mut pem = String::new();
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in BASE64.encode(der).as_bytes().chunks(64) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}
