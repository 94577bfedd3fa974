//! `credenza select`: which file of a torrent would be played, and why.

use std::io::{Read, Write};

use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::{Done, Ending};
use crate::media::{Episode, Query, StremioId, Wanted};
use crate::select::{self, Target};
use crate::torrent::TorrentFile;

/// Most that is read, in bytes: some 300,000 files.
const MAX_INPUT_BYTES: u64 = 64 * 1024 * 1024;

/// What is asked of the files.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// `None`: a film, or what the id says.
    pub season: Option<u32>,
    /// The episode of that season; without one, counted from the start.
    pub episode: Option<u32>,
    /// What the torrent is called.
    pub name: Option<String>,
    /// The file that an index pointed at.
    pub file_index: Option<u32>,
    /// What is asked, as Stremio names it.
    pub stremio_id: Option<StremioId>,
}

impl Ask {
    fn target(&self) -> Result<Target, String> {
        let asked = self.stremio_id.map(|id| Query { id, title: None }.wanted());
        let wanted = match (self.season, self.episode, asked) {
            (Some(season), Some(number), _) => Wanted::Episode(Episode { season, number }),
            (None, Some(number), _) => Wanted::Absolute { number, also: None },
            (Some(_), None, _) => {
                return Err("a season alone names no file; add --episode".to_owned());
            }
            (None, None, asked) => asked.unwrap_or(Wanted::Film),
        };
        Ok(Target {
            torrent_name: self.name.clone(),
            file_index: self.file_index,
            stremio_id: self.stremio_id,
            ..Target::new(wanted)
        })
    }
}

/// Reads a JSON array of files from `input` and prints the choice as one JSON object. Where no file
/// may be chosen, `file` is `null`, and the error is the sentence that says why.
pub fn run(ask: &Ask, input: impl Read, mut out: impl Write) -> Done {
    let target = ask.target()?;
    let files = read_files(input)?;
    let (answer, refusal) = match select::pick(&files, &target) {
        Ok(pick) => (json!(pick), None),
        Err(none) => {
            let answer = json!({
                "file": null,
                "score": null,
                "match_reasons": [],
                "considered": none.considered,
                "reason": none.reason,
            });
            (answer, Some(none.reason))
        }
    };
    let written = writeln!(out, "{answer}").and_then(|()| out.flush());
    written.map_err(|error| Ending::of_output(&error))?;
    refusal.map_or(Ok(()), |reason| Err(reason.into()))
}

fn read_files(input: impl Read) -> Result<Vec<TorrentFile>, String> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("the list of files cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_INPUT_BYTES {
        return Err(format!("the list of files is longer than {} MiB", MAX_INPUT_BYTES >> 20));
    }
    let listed: Vec<Listed> = serde_json::from_slice(&bytes).map_err(|error| {
        format!(
            "the list of files is not a JSON array of {{\"index\",\"name\",\"size\"}} objects, at line \
             {}, column {}: {}",
            error.line(),
            error.column(),
            plain(&error)
        )
    })?;
    Ok(listed.into_iter().map(TorrentFile::from).collect())
}

/// The message of serde without the place, which stands in the sentence already.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// A file as indexes and stores write it.
#[derive(Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "count")]
    index: Option<u64>,
    #[serde(alias = "path")]
    name: String,
    #[serde(default, deserialize_with = "count")]
    size: Option<u64>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    asid: Option<String>,
}

impl From<Listed> for TorrentFile {
    fn from(listed: Listed) -> Self {
        Self {
            index: listed.index.and_then(|index| u32::try_from(index).ok()),
            name: listed.name.trim_start_matches('/').to_owned(),
            size_bytes: listed.size,
            link: listed.link,
            sid: listed.sid,
            asid: listed.asid,
            twin: None,
        }
    }
}

/// A number, or a text of digits; -1, "" and null mean that it is not known.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(serde_json::Number),
        Text(String),
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes in JSON of floats"
    )]
    let whole = |number: f64| (number >= 0.0).then_some(number as u64);
    Ok(match Option::<Count>::deserialize(deserializer)? {
        None => None,
        Some(Count::Number(number)) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Some(Count::Text(text)) => text.trim().parse().ok(),
    })
}
