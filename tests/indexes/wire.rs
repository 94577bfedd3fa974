//! What each index answers, and how to make up answers of its shape.

use credenza::index::State;
use credenza::torrent::IndexName;

/// The shape of an index's answers.
pub struct Wire {
    /// Where it is asked for [`super::anime`].
    pub paths: &'static [&'static str],
    /// A recording.
    pub recording: &'static str,
    /// How many torrents are in it.
    pub torrents: usize,
    /// What stands around its rows.
    around: [&'static str; 2],
    /// A row with a hash and a name (escaped as need be).
    row: fn(&str, &str) -> String,
    /// Rows in which nothing is said.
    nothing: &'static str,
    /// Whether it is XML.
    pub xml: bool,
    /// What a 404 means.
    pub missing: State,
}

const ADDON: &[&str] = &["/stream/series/tt9900001:1:2.json"];

/// A Stremio add-on, with its own way to write a name.
fn addon(recording: &'static str, torrents: usize, row: fn(&str, &str) -> String) -> Wire {
    Wire {
        paths: ADDON,
        recording,
        torrents,
        around: [r#"{"streams":["#, "]}"],
        row,
        nothing: r#"null,{"infoHash":null,"title":null,"behaviorHints":null},5,[]"#,
        xml: false,
        missing: State::Empty,
    }
}

fn plain(hash: &str, name: &str) -> String {
    format!(r#"{{"infoHash":"{hash}","title":"{name}"}}"#)
}

fn pictured(hash: &str, name: &str) -> String {
    format!("{{\"infoHash\":\"{hash}\",\"description\":\"\u{1F4C4} {name}\"}}")
}

fn field(hash: &str, name: &str) -> String {
    format!(r#"{{"infoHash":"{hash}","description":"name={name}"}}"#)
}

/// A line for each index.
pub fn of(name: IndexName) -> Wire {
    match name {
        IndexName::StremThru => Wire {
            paths: &["/v0/torrents"],
            recording: include_str!("../data/stremthru/torrents_series.json"),
            torrents: 3,
            around: [r#"{"data":{"items":["#, "]}}"],
            row: |hash, name| {
                format!(r#"{{"hash":"{hash}","name":"{name}","files":[{{"n":"{name}"}}]}}"#)
            },
            nothing: r#"null,{"hash":null,"files":null},5,[]"#,
            xml: false,
            missing: State::Failed,
        },
        IndexName::Torrentio => {
            addon(include_str!("../data/torrentio/stream_series_unconfigured.json"), 3, plain)
        }
        IndexName::Comet => addon(include_str!("../data/comet/stream_series_v2.json"), 3, pictured),
        IndexName::TorrentsDb => {
            addon(include_str!("../data/torrentsdb/stream_series.json"), 2, plain)
        }
        IndexName::Peerflix => addon(include_str!("../data/peerflix/stream_series.json"), 2, plain),
        IndexName::MediaFusion => {
            addon(include_str!("../data/mediafusion/stream_v6_default.json"), 1, field)
        }
        IndexName::Zilean => Wire {
            paths: &["/dmm/filtered"],
            recording: include_str!("../data/zilean/dmm_filtered.json"),
            torrents: 3,
            around: ["[", "]"],
            row: |hash, name| format!(r#"{{"info_hash":"{hash}","raw_title":"{name}"}}"#),
            nothing: r#"null,{"info_hash":null,"raw_title":null},5,[]"#,
            xml: false,
            missing: State::Empty,
        },
        IndexName::AnimeTosho => Wire {
            paths: &["/json/v1/series/anidb/990001", "/json/v1/search"],
            recording: include_str!("../data/animetosho/xyz_v1_series.json"),
            torrents: 1,
            around: [r#"{"ok":true,"data":{"title":null,"releases":["#, "]}}"],
            row: |hash, name| format!(r#"{{"info_hash":"{hash}","title":"{name}"}}"#),
            nothing: r#"null,{"info_hash":null,"magnet":null,"title":null},5,[]"#,
            xml: false,
            missing: State::Empty,
        },
        IndexName::Nyaa => Wire {
            paths: &["/"],
            recording: include_str!("../data/nyaa/rss_torrent.xml"),
            torrents: 3,
            around: ["<rss><channel>", "</channel></rss>"],
            row: |hash, name| {
                format!("<item><title>{name}</title><nyaa:infoHash>{hash}</nyaa:infoHash></item>")
            },
            nothing: "<item/><item><title/><link/></item><x/>",
            xml: true,
            missing: State::Empty,
        },
        IndexName::Added(_) => unreachable!("none of ours"),
    }
}

impl Wire {
    /// An answer of these rows.
    pub fn list(&self, rows: &[(String, String)]) -> String {
        let rows: Vec<String> = rows.iter().map(|(hash, name)| (self.row)(hash, name)).collect();
        self.around.join(&rows.join(if self.xml { "" } else { "," }))
    }

    /// An answer in which nothing is said.
    pub fn nothing(&self) -> String {
        self.around.join(self.nothing)
    }
}
