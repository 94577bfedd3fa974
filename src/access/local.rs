//! How programs on the same machine reach the running server: `server.json` says where it is,
//! `local.key` gives the owner's rights to whoever can read the data folder.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq as _;

use super::random;
use crate::secret::Secret;

const KEY_FILE: &str = "local.key";
const SERVER_FILE: &str = "server.json";
/// 256 bits as hexadecimal digits.
const DIGITS: usize = 64;

/// The key for `Authorization: Bearer`, to be accepted from loopback alone.
#[derive(Clone)]
pub struct LocalKey(Secret);

impl LocalKey {
    /// Reads `local.key` in folder `dir`. One that is missing, damaged, or readable to others is made
    /// anew (mode 0600): a key that others may have read is none.
    pub fn read_or_make(dir: &Path) -> io::Result<Self> {
        if let Some(key) = Self::read(dir)? {
            return Ok(key);
        }
        let bytes = random::bytes::<32>().map_err(io::Error::other)?;
        let key = HEXLOWER.encode(&bytes);
        write_private(&dir.join(KEY_FILE), format!("{key}\n").as_bytes())?;
        Ok(Self(Secret::new(&key)))
    }

    /// Reads it and makes none: for a program that wants to speak to a server.
    pub fn read(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join(KEY_FILE);
        let private = match fs::metadata(&path) {
            Ok(metadata) => metadata.permissions().mode().trailing_zeros() >= 6,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why),
        };
        let text = String::from_utf8(fs::read(&path)?).unwrap_or_default();
        let key = text.trim();
        let sound = key.len() == DIGITS && key.bytes().all(|b| b.is_ascii_hexdigit());
        Ok((sound && private).then(|| Self(Secret::new(key))))
    }

    /// Whether `bearer`, what follows `Bearer `, is this key. Takes the same time for every answer.
    #[must_use]
    pub fn matches(&self, bearer: &str) -> bool {
        bearer.as_bytes().ct_eq(self.0.expose().as_bytes()).into()
    }

    /// The key, for the one header of a request to our own server.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey(***)")
    }
}

/// Where the server of a data folder answers. May be left over from one that was killed, and another
/// program may have its port since: who wants to send the key asks [`find`](Self::find).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunningServer {
    /// An address that answers on this machine, with the real port.
    pub address: SocketAddr,
    /// Its process.
    pub pid: u32,
}

impl RunningServer {
    /// Writes `server.json` into folder `dir`.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        write_private(&dir.join(SERVER_FILE), &serde_json::to_vec(self)?)
    }

    /// Reads it. One that is missing or damaged means that no server runs.
    #[must_use]
    pub fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(dir.join(SERVER_FILE)).ok()?).ok()
    }

    /// Reads it, if its process lives and is run by the user to whom the file belongs. Others must
    /// not be told the key.
    #[must_use]
    pub fn find(dir: &Path) -> Option<Self> {
        let owner = fs::metadata(dir.join(SERVER_FILE)).ok()?.uid();
        Self::read(dir).filter(|server| user_of(server.pid) == Some(owner))
    }

    /// Takes it away, at the end of the server; not where another server has written its own since.
    pub fn remove(&self, dir: &Path) -> io::Result<()> {
        match Self::read(dir) {
            Some(other) if other != *self => Ok(()),
            Some(_) => fs::remove_file(dir.join(SERVER_FILE)),
            None => Ok(()),
        }
    }
}

/// The effective user of a process that lives (`proc_pid_status(5)`). Not the owner of `/proc/PID`,
/// which is root for a program that was given the right to a low port.
fn user_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name));
    let ended = field("State:")?.trim_start().starts_with(['Z', 'X']);
    let user = field("Uid:")?.split_whitespace().nth(1)?.parse().ok();
    user.filter(|_| !ended)
}

/// Writes a file of mode 0600 under another name and moves it to its place, so that a reader sees no
/// half of it. Nothing waits for the disk: both files are made anew where they are missing.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("unfinished-{}", std::process::id()));
    match fs::remove_file(&unfinished) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = private_file(&unfinished)?;
    file.write_all(bytes)?;
    fs::rename(&unfinished, path)
}

fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?; // whatever the umask says
    Ok(file)
}
