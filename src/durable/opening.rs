//! Opening the state file without ever harming one that is there.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, Durability, ReadableDatabase as _};

use super::{ENTRIES, Error, SCHEMA, SCHEMA_KEY};

/// redb would take up to 1 GiB; the whole state is some hundred kilobytes.
const CACHE_BYTES: usize = 4 << 20;

/// Opens the file, and makes it where there is none.
pub(super) fn open(path: &Path) -> Result<Database, Error> {
    match fs::metadata(path) {
        Ok(_) => open_existing(path),
        Err(why) if why.kind() == io::ErrorKind::NotFound => make(path),
        Err(why) => Err(Error::NotOpened { path: path.to_owned(), why }),
    }
}

/// Opens a file that is there; an empty one becomes a new state.
pub(super) fn open_existing(path: &Path) -> Result<Database, Error> {
    let not_opened = |why| Error::NotOpened { path: path.to_owned(), why };
    let metadata = fs::metadata(path).map_err(not_opened)?;
    if !metadata.is_file() {
        return Err(not_opened(io::Error::other("it is not a file")));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(not_opened)?;
    }
    let database = if metadata.len() == 0 {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(not_opened)?;
        guarded(path, |builder| builder.create_file(file))?
    } else {
        // Not `create`: it must never make anything of a file that has something in it.
        guarded(path, |builder| builder.open(path))?
    };
    check_schema(path, &database)?;
    Ok(database)
}

/// Makes a state file beside its place and moves it there when it is whole, so that a power cut
/// while it is made leaves nothing that looks damaged.
fn make(path: &Path) -> Result<Database, Error> {
    let not_opened = |why| Error::NotOpened { path: path.to_owned(), why };
    let folder = folder_of(path);
    // Only a folder that we make is closed to others; one that is there is the owner's business
    // (`--data /tmp` must not close /tmp).
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(not_opened)?;
    // Two processes that start at once: the second waits here, then finds the file in use.
    let folder = File::open(&folder).map_err(not_opened)?;
    folder.lock().map_err(not_opened)?;
    if path.exists() {
        return open_existing(path);
    }
    let unfinished = path.with_extension("unfinished");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true) // what lies there was never in use
        .mode(0o600)
        .open(&unfinished)
        .map_err(not_opened)?;
    let database = guarded(path, |builder| builder.create_file(file))?;
    check_schema(path, &database)?;
    fs::rename(&unfinished, path).map_err(not_opened)?;
    folder.sync_all().map_err(not_opened)?;
    Ok(database)
}

/// Runs redb on a file that may hold anything: a panic in it means the same as an error.
fn guarded(
    path: &Path,
    open: impl FnOnce(&Builder) -> Result<Database, redb::DatabaseError>,
) -> Result<Database, Error> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    catch_unwind(AssertUnwindSafe(|| open(&builder)))
        .map_err(|_| Error::Damaged { path: path.to_owned() })?
        .map_err(|fault| Error::of_opening(path, fault.into()))
}

/// Reads the version of the layout; a new file is given ours.
fn check_schema(path: &Path, database: &Database) -> Result<(), Error> {
    let found = catch_unwind(AssertUnwindSafe(|| read_schema(database)))
        .map_err(|_| Error::Damaged { path: path.to_owned() })?
        .map_err(|fault| Error::of_opening(path, fault))?;
    let Some(found) = found else {
        return write_schema(database).map_err(|fault| Error::of_opening(path, fault));
    };
    match found.parse::<u32>() {
        Ok(found) if found <= SCHEMA => Ok(()),
        _ => Err(Error::Newer { path: path.to_owned(), found, known: SCHEMA }),
    }
}

fn read_schema(database: &Database) -> Result<Option<String>, redb::Error> {
    let table = match database.begin_read()?.open_table(ENTRIES) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    Ok(table.get(SCHEMA_KEY)?.map(|value| String::from_utf8_lossy(value.value()).into_owned()))
}

fn write_schema(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_two_phase_commit(true);
    transaction.open_table(ENTRIES)?.insert(SCHEMA_KEY, SCHEMA.to_string().as_bytes())?;
    transaction.commit()?;
    Ok(())
}

/// The folder that a path lies in; `.` for a bare name.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
