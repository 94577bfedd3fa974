//! A data folder on which time has passed.

use std::path::Path;
use std::time::Duration;

/// Makes everything that the cache keeps older. A value stands behind the second of its writing.
pub fn age(data: &Path, by: Duration) {
    let cache = sled::open(data.join("cache")).unwrap();
    for name in cache.tree_names().into_iter().filter(|name| *name != b"index"[..]) {
        let tree = cache.open_tree(&name).unwrap();
        for entry in &tree {
            let (key, value) = entry.unwrap();
            let Some((stamp, rest)) = value.split_first_chunk::<8>() else { continue };
            let written = u64::from_be_bytes(*stamp).saturating_sub(by.as_secs()).to_be_bytes();
            if value.len() > 8 {
                tree.insert(key, [&written[..], rest].concat()).unwrap();
            }
        }
    }
    cache.flush().unwrap();
}
