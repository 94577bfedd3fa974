//! Any name goes there and back: signs that XML, addresses and shells mean something by, names of
//! 250 letters, hundreds of them, read by rclone.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{LIMIT, list, names};
use crate::support::process::{Ended, finish};
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::{has, only, skip};

const ODD: &str = "Tom & Jerry <1> \"q\" é 日本";

fn rclone(server: &Server, folder: &Path, words: &[&str]) -> Result<Ended, String> {
    let mut command = Command::new("rclone");
    command.env("RCLONE_CONFIG", folder.join("none.conf"));
    command.args(["--webdav-url", &format!("{}/dav/", server.base), "--webdav-vendor", "other"]);
    command.args(["--no-update-modtime", "--retries", "1", "--low-level-retries", "2"]);
    finish(command.args(words), LIMIT)
}

/// A catalogue that tells of these films.
fn told(films: &[(String, String)]) -> (Upstream, Server) {
    let titles = Upstream::start();
    let metas: Vec<_> = films
        .iter()
        .map(|(id, name)| json!({"id": id, "imdb_id": id, "type": "movie", "name": name}))
        .collect();
    titles.on("/catalog/movie/top.json", Reply::json(json!({"metas": metas}).to_string()));
    titles.on("/catalog/series/top.json", Reply::json("{\"metas\":[]}"));
    let configuration = format!(
        "[title]\ncinemeta_url = \"{0}\"\nkitsu_url = \"{0}\"\n{1}[network]\nallow_private = \
         [\"{2}\"]\n[access]\nauth_required = false\n",
        titles.url("/"),
        only(&[]),
        titles.addr(),
    );
    let server = Server::serve(&configuration);
    (titles, server)
}

#[test]
fn rclone_lists_every_name_of_a_long_folder_as_it_is() {
    if !has("rclone") {
        return skip("needs rclone");
    }
    let long = "long ".repeat(50);
    let mut films: Vec<(String, String)> = (0..190)
        .map(|number| (format!("tt{:07}", 1000 + number), format!("Film {number:03}")))
        .collect();
    films.push(("tt0000901".to_owned(), ODD.to_owned()));
    films.push(("tt0000902".to_owned(), long.trim().to_owned()));
    films.push(("tt0000903".to_owned(), "100% #1? a+b;c=d,e [x] {y} ~ * | \\ / ^".to_owned()));
    films.push(("tt0000904".to_owned(), "Film 001".to_owned()));
    let (_titles, server) = told(&films);
    let own = names(&server, "/dav/Films/");
    let ours: Vec<&String> = own.iter().filter(|name| name.contains(".mkv")).collect();
    assert_eq!(ours.len(), films.len());
    assert!(ours.contains(&&format!("{ODD}.mkv")), "{ours:?}");
    assert!(ours.contains(&&"Film 001 (2).mkv".to_owned()));
    assert!(ours.contains(&&format!("{}.mkv", long.trim())), "249 letters");
    for row in &list(&server, "/dav/Films/")[1..] {
        if row.href.ends_with('/') {
            continue;
        }
        let own = super::rows(&super::propfind(&server, &row.href, "0").text());
        assert_eq!(own[0].href, row.href);
    }
    let folder = tempfile::tempdir().unwrap();
    let said = rclone(&server, folder.path(), &["lsf", "--files-only", ":webdav:Films"]).unwrap();
    let mut theirs: Vec<String> = said.text().lines().map(str::to_owned).collect();
    let mut ours: Vec<String> = ours.into_iter().cloned().collect();
    theirs.sort();
    ours.sort();
    assert_eq!(theirs, ours);
    let long = rclone(&server, folder.path(), &["lsl", ":webdav:Films"]).unwrap().text();
    assert_eq!(long.lines().filter(|line| line.contains("Film 0")).count(), 101, "{long}");
}
