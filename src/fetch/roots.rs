//! The certificates of the authorities that a server's certificate is checked against.

use std::sync::Arc;

use data_encoding::BASE64;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::Error;

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
    /// The settings of TLS that all clients share: each by itself would read the machine's store, some
    /// hundreds of certificates, anew. They are those that the HTTP client makes by default.
    /// [`Error::NoRoots`] where the machine has no store.
    pub(super) fn settings(self) -> Result<ClientConfig, Error> {
        let provider = CryptoProvider::get_default().cloned();
        let provider = provider.unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
        let settings = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::NoRoots)?;
        let settings = match self {
            Self::System => {
                let verifier = Verifier::new(provider).map_err(|_| Error::NoRoots)?;
                // What is called dangerous here is any verifier but rustls' own; this one is its
                // makers', and judges by the machine's store.
                settings.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            Self::Bundled => {
                let mut roots = RootCertStore::empty();
                let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
                roots.add_parsable_certificates(bundled);
                settings.with_root_certificates(roots)
            }
        };
        let mut settings = settings.with_no_client_auth();
        // RFC 7301; what a server chooses of these the client then speaks.
        settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(settings)
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
