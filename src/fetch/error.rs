//! Why there is no answer, in sentences that name the host and nothing more of the URL.

use std::io;
use std::time::Duration;

use url::Url;

use super::resolve::Refused;

/// Why there is no answer. Each message names the host; none holds a path, a query, a header or a
/// token, because no variant has a field that could.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No (whole) answer within the limit.
    #[error("{host} did not answer in time; try again later")]
    TimedOut {
        /// The host.
        host: String,
    },
    /// 403, 418, or the page of a bot wall.
    #[error(
        "{host} refuses this connection ({status}); it may block this network: wait some hours, or set another address for it"
    )]
    Blocked {
        /// The host.
        host: String,
        /// The status of the refusal; 200 or 503 with a bot wall's page.
        status: u16,
    },
    /// 429, or 503 with `Retry-After`, and waiting did not fit into the call.
    #[error("{host} has had too many requests from this network{}", wait_words(*retry_after))]
    Limited {
        /// The host.
        host: String,
        /// 429, or 503 of one that is overloaded.
        status: u16,
        /// How long it asks us to wait; a day at most.
        retry_after: Option<Duration>,
    },
    /// A status that is no success and none of the above.
    #[error("{host} answered with an error ({status}); try again later")]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// More than 8 MiB after decompression.
    #[error("{host} sent more than 8 MiB, which no honest answer holds; the rest was not read")]
    TooLarge {
        /// The host.
        host: String,
    },
    /// The host is, or its name leads to, an address that is not on the public internet.
    #[error(
        "{host} is a private address; if it is meant, list its ip:port in network.allow_private"
    )]
    PrivateAddress {
        /// The host.
        host: String,
    },
    /// The URL cannot be asked at all.
    #[error("the address of {host} cannot be used: {why}")]
    BadUrl {
        /// The host; "(no host)" where there is none.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The certificate is not valid yet, or no more: most often our clock is wrong.
    #[error(
        "the certificate of {host} does not fit the clock of this machine; set the date, or wait until it is set from the network"
    )]
    ClockWrong {
        /// The host.
        host: String,
    },
    /// No connection.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// What went wrong.
        why: &'static str,
    },
    /// The connection broke before an answer came.
    #[error("{host} closed the connection without an answer; try again later")]
    Dropped {
        /// The host.
        host: String,
    },
    /// The answer broke off, or its compression is damaged.
    #[error("{host} sent an answer that is cut short or damaged; try again later")]
    CutShort {
        /// The host.
        host: String,
    },
    /// Something else where JSON was asked for.
    #[error("{host} sent {} where JSON was expected{}", if *html { "a web page" } else { "something else" }, if *html { "; a login page of the network?" } else { "" })]
    NotJson {
        /// The host.
        host: String,
        /// Whether it was a web page.
        html: bool,
    },
    /// A redirect that is not followed: of a call with a secret or with a body, or the fourth.
    #[error(
        "{host} sends this call on to another address, which is not followed; check the address that is set for it"
    )]
    Redirected {
        /// The host that sent the redirect.
        host: String,
    },
    /// The machine has no CA certificates.
    #[error("this machine has no CA certificates; install the package ca-certificates")]
    NoRoots,
}

impl Error {
    /// The host; empty where the error is of no host.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::TimedOut { host }
            | Self::Blocked { host, .. }
            | Self::Limited { host, .. }
            | Self::Status { host, .. }
            | Self::TooLarge { host }
            | Self::PrivateAddress { host }
            | Self::BadUrl { host, .. }
            | Self::ClockWrong { host }
            | Self::Unreachable { host, .. }
            | Self::Dropped { host }
            | Self::CutShort { host }
            | Self::NotJson { host, .. }
            | Self::Redirected { host } => host,
            Self::NoRoots => "",
        }
    }

    /// Whether the host refuses us (403, 418, bot wall).
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked { .. })
    }

    /// Whether the host wants fewer requests.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        matches!(self, Self::Limited { .. })
    }

    /// Whether time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// The HTTP status that led here, where one did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Blocked { status, .. }
            | Self::Limited { status, .. }
            | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(super) fn timed_out(url: &Url) -> Self {
        Self::TimedOut { host: host_of(url) }
    }

    pub(super) fn bad_url(url: &Url, why: &'static str) -> Self {
        Self::BadUrl { host: host_of(url), why }
    }

    /// Puts reqwest's error in our words. Its own text has the whole URL in it and is dropped here;
    /// no log line sees it.
    pub(super) fn of(url: &Url, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let host = host_of(url);
        if error.is_timeout() {
            return Self::TimedOut { host };
        }
        if find::<Refused>(&error).is_some() {
            return Self::PrivateAddress { host };
        }
        if let Some(tls) = find::<rustls::Error>(&error) {
            return Self::of_tls(host, tls);
        }
        if error.is_decode() || error.is_body() {
            return Self::CutShort { host };
        }
        let why = match find::<io::Error>(&error).map(io::Error::kind) {
            _ if error.is_dns() => "its name has no address; is the network up?",
            Some(io::ErrorKind::TimedOut) => return Self::TimedOut { host },
            Some(io::ErrorKind::ConnectionRefused) => "nothing listens there",
            _ if error.is_connect() => "no connection; is the network up?",
            _ => return Self::Dropped { host },
        };
        Self::Unreachable { host, why }
    }

    fn of_tls(host: String, error: &rustls::Error) -> Self {
        use rustls::CertificateError as Cert;
        match error {
            rustls::Error::InvalidCertificate(
                Cert::Expired
                | Cert::ExpiredContext { .. }
                | Cert::NotValidYet
                | Cert::NotValidYetContext { .. },
            ) => Self::ClockWrong { host },
            rustls::Error::InvalidCertificate(_) => Self::Unreachable {
                host,
                why: "its certificate is not one for that name; a login page of the network?",
            },
            _ => Self::Unreachable { host, why: "no secure connection could be made" },
        }
    }
}

/// The host of `url`, for messages.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or("(no host)").to_owned()
}

/// The first error of type `T` in the chain. An [`io::Error`] that wraps another error does not
/// name it as its source, so it is looked into as well.
fn find<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn wait_words(retry_after: Option<Duration>) -> String {
    match retry_after.map(|wait| wait.as_secs()) {
        None => "; wait some minutes".to_owned(),
        Some(seconds @ 0..120) => format!("; it asks us to wait {seconds} s"),
        Some(seconds) => format!("; it asks us to wait {} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError as Cert;

    use super::*;

    #[test]
    fn a_certificate_out_of_its_time_is_a_wrong_clock() {
        for (cert, clock) in [
            (Cert::Expired, true),
            (Cert::NotValidYet, true),
            (Cert::UnknownIssuer, false),
            (Cert::NotValidForName, false),
        ] {
            // As reqwest hands it on: inside an io::Error, inside another.
            let tls = rustls::Error::InvalidCertificate(cert.clone());
            let outer = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
            let found = find::<rustls::Error>(&outer).expect("it is in the chain");
            let error = Error::of_tls("a.example".to_owned(), found);
            assert_eq!(matches!(error, Error::ClockWrong { .. }), clock, "{cert:?}");
        }
    }

    #[test]
    fn a_wait_is_told_in_words() {
        for (seconds, expected) in [
            (None, "a.example has had too many requests from this network; wait some minutes"),
            (
                Some(30),
                "a.example has had too many requests from this network; it asks us to wait 30 s",
            ),
            (
                Some(3601),
                "a.example has had too many requests from this network; it asks us to wait 61 minutes",
            ),
        ] {
            let retry_after = seconds.map(Duration::from_secs);
            let error = Error::Limited { host: "a.example".to_owned(), status: 429, retry_after };
            assert_eq!(error.to_string(), expected);
        }
    }
}
