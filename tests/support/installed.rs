//! What `tests/run` installed in the cache folder, for tests that are run without it as well.

use std::ffi::OsString;
use std::path::PathBuf;

/// The Python that has the packages of `tests/install/requirements.txt`.
pub fn python() -> Option<PathBuf> {
    let python = cache()?.join("venv/bin/python");
    python.is_file().then_some(python)
}

/// The folder of the npm modules of `tests/install/package.json`, for `NODE_PATH`.
pub fn node_modules() -> Option<PathBuf> {
    let folder = cache()?.join("npm/node_modules");
    folder.is_dir().then_some(folder)
}

fn cache() -> Option<PathBuf> {
    let set = |key: &str| std::env::var_os(key).filter(|value: &OsString| !value.is_empty());
    let base = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))?;
    Some(base.join("credenza"))
}
