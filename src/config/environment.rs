//! What the environment says besides our keys, in variables that others have named: where a user's data
//! goes, what the system trusts, what the terminal takes, who has started us.

use std::path::PathBuf;

/// The per-user data folder: `$XDG_DATA_HOME/credenza`, else `~/.local/share/credenza` (XDG Base
/// Directory Specification), else `credenza-data` where one stands.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn data_folder() -> PathBuf {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("credenza-data"), |base| base.join("credenza"))
}

/// `SSL_CERT_FILE`: where the CA certificates are said to be.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn ca_file() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").map(PathBuf::from)
}

/// Whether the terminal takes colours: not where `NO_COLOR` says something (no-color.org), nor on a
/// dumb one.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn takes_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|word| !word.is_empty());
    !refused && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether a service manager started us and waits for our word (`sd_notify(3)`).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn is_supervised() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}
