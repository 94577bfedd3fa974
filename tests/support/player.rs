//! Real players, each asked to do what a viewer does, each giving a proof of what it decoded.
//! `url` may be a path as well, so that a player is first tried on the source itself.

use crate::support::process::finish;
use std::process::Command;
use std::time::Duration;

/// What a player did, in its own figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    pub player: &'static str,
    /// Seconds: the length it read, or for a seek the position it reached.
    pub seconds: f64,
    /// Frames of video it decoded, where it says so.
    pub frames: Option<u64>,
    /// Whether it may seek, where it says so.
    pub seekable: Option<bool>,
}

/// What programs these need, for `skip`.
pub const PROGRAMS: [&str; 5] = ["ffprobe", "ffmpeg", "mpv", "gst-discoverer-1.0", "curl"];

/// The length that ffprobe reads from the file's index.
pub fn ffprobe(url: &str, limit: Duration) -> Result<Proof, String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", url]);
    let said = finish(&mut command, limit)?.text();
    let seconds = said.trim().parse().map_err(|_| format!("ffprobe told no length: {said:?}"))?;
    Ok(Proof { player: "ffprobe", seconds, frames: None, seekable: None })
}

/// ffmpeg seeks to `start` and decodes `length` seconds of everything. A word of complaint from a
/// decoder is an error: the bytes were not those of the film.
pub fn ffmpeg(url: &str, start: u32, length: u32, limit: Duration) -> Result<Proof, String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1"]);
    command.args(["-ss", &start.to_string(), "-i", url, "-t", &length.to_string()]);
    command.args(["-f", "null", "-"]);
    let ended = finish(&mut command, limit)?;
    if !ended.stderr.trim().is_empty() {
        return Err(format!("ffmpeg complained: {}", ended.stderr.trim()));
    }
    let said = ended.text();
    let last = |key: &str| said.lines().rev().find_map(|line| line.strip_prefix(key));
    let frames = last("frame=").and_then(|n| n.trim().parse().ok()).unwrap_or(0);
    if frames == 0 {
        return Err(format!("ffmpeg decoded no frame: {said:?}"));
    }
    let micros: f64 = last("out_time_us=").and_then(|n| n.trim().parse().ok()).unwrap_or(0.0);
    let seconds = f64::from(start) + micros / 1e6;
    Ok(Proof { player: "ffmpeg", seconds, frames: Some(frames), seekable: None })
}

/// mpv starts at `start` and plays `length` seconds in real time, without a screen.
pub fn mpv(url: &str, start: u32, length: u32, limit: Duration) -> Result<Proof, String> {
    let mut command = Command::new("mpv");
    command.args([
        "--no-config",
        "--vo=null",
        "--ao=null",
        "--msg-level=all=error,statusline=status",
    ]);
    command.args([&format!("--start={start}"), &format!("--length={length}")]);
    command.args(["--term-status-msg=AT ${=time-pos} ${=seekable}\\n", "--", url]);
    let ended = finish(&mut command, limit)?;
    let said = ended.text() + &ended.stderr;
    let mut at = said.split("AT ").skip(1).filter_map(|status| {
        let mut words = status.split_whitespace();
        Some((words.next()?.parse::<f64>().ok()?, words.next()? == "yes"))
    });
    let first = at.next().ok_or_else(|| format!("mpv told no position: {said:?}"))?;
    let (seconds, seekable) = at.last().unwrap_or(first);
    if seconds <= f64::from(start) {
        return Err(format!("mpv did not get past {start} s: it stood at {seconds} s"));
    }
    Ok(Proof { player: "mpv", seconds, frames: None, seekable: Some(seekable) })
}

/// What gst-discoverer finds: the length, and whether the source may seek.
pub fn gst_discoverer(url: &str, limit: Duration) -> Result<Proof, String> {
    let mut command = Command::new("gst-discoverer-1.0");
    command.args(["--timeout", &limit.as_secs().to_string(), url]);
    // It says "Analyzing" and exits 0 even where it fails; only the figures count.
    let said = finish(&mut command, limit + Duration::from_secs(2))?.text();
    let value = |key: &str| said.lines().find_map(|line| line.trim().strip_prefix(key));
    let seconds = value("Duration: ")
        .and_then(clock)
        .ok_or_else(|| format!("gst-discoverer found no length: {said:?}"))?;
    let seekable = value("Seekable: ").map(|word| word == "yes");
    Ok(Proof { player: "gst-discoverer", seconds, frames: None, seekable })
}

/// `H:MM:SS.nnnnnnnnn` as seconds.
pub fn clock(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for part in text.trim().split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(seconds)
}

/// gst-launch decodes the whole film, as fast as it comes.
pub fn gst_play(url: &str, limit: Duration) -> Result<Proof, String> {
    let uri = if url.contains("://") { url.to_owned() } else { format!("file://{url}") };
    let mut command = Command::new("gst-launch-1.0");
    command.args(["-q", "playbin", &format!("uri={uri}")]);
    command.args(["video-sink=fakesink sync=false", "audio-sink=fakesink sync=false"]);
    finish(&mut command, limit)?;
    Ok(Proof { player: "gst-launch", seconds: 0.0, frames: None, seekable: None })
}

/// What curl got for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub status: u16,
    pub content_range: Option<String>,
    pub entity_tag: Option<String>,
    pub body: Vec<u8>,
}

impl Fetched {
    /// SHA-256 of the body, to compare with the source's.
    pub fn sha256(&self) -> String {
        sha256(&self.body)
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}

/// curl asks for `range`, such as `0-99`, `100-` or `-500`; `None` asks for the whole.
pub fn curl(url: &str, range: Option<&str>, limit: Duration) -> Result<Fetched, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let head = folder.path().join("head");
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--globoff", "--dump-header"]);
    command.arg(&head);
    if let Some(range) = range {
        command.args(["--range", range]);
    }
    let body = finish(command.arg(url), limit)?.stdout;
    let head = std::fs::read_to_string(&head).map_err(|error| format!("curl: {error}"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| format!("curl got no status: {head:?}"))?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let (content_range, entity_tag) = (header("content-range"), header("etag"));
    Ok(Fetched { status, content_range, entity_tag, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::process::Beside;
    use crate::support::{has, own_port, skip, until};
    use std::fs;
    use std::path::Path;

    const LIMIT: Duration = Duration::from_secs(60);

    /// Sixty seconds with a picture and a tone; the MP4's index stands at its end.
    fn film(path: &Path) {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"]);
        command.args(["-f", "lavfi", "-i", "sine=440", "-t", "60", "-c:v", "libx264"]);
        command.args(["-preset", "ultrafast", "-g", "50", "-c:a", "aac"]).arg(path);
        finish(&mut command, LIMIT).unwrap();
    }

    /// nginx, the reference for how bytes are served, on a port of its own.
    fn nginx(folder: &Path) -> Option<(Beside, u16)> {
        let program =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|p| Path::new(p).exists())?;
        let port = own_port();
        let here = folder.display();
        let configuration = folder.join("nginx.conf");
        let text = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;\n\
             events {{}}\nhttp {{ access_log off; client_body_temp_path {here}/b; \
             proxy_temp_path {here}/p; fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; \
             scgi_temp_path {here}/s; server {{ listen 127.0.0.1:{port}; root {here}; }} }}\n"
        );
        fs::write(&configuration, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(&configuration);
        let server = Beside::start(&mut command);
        until("nginx", LIMIT, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Some((server, port))
    }

    fn plays(url: &str) {
        let close = |seconds: f64, to: f64| (seconds - to).abs() < 1.0;
        let told = ffprobe(url, LIMIT).unwrap();
        assert!(close(told.seconds, 60.0), "{told:?}");
        let seek = ffmpeg(url, 40, 2, LIMIT).unwrap();
        assert!(close(seek.seconds, 42.0) && seek.frames >= Some(40), "{seek:?}");
        let play = mpv(url, 40, 2, LIMIT).unwrap();
        assert!(
            play.seconds > 40.5 && play.seconds < 43.0 && play.seekable == Some(true),
            "{play:?}"
        );
        let found = gst_discoverer(url, LIMIT).unwrap();
        assert!(close(found.seconds, 60.0) && found.seekable == Some(true), "{found:?}");
        gst_play(url, LIMIT).unwrap();
    }

    #[test]
    fn the_players_prove_that_they_play_a_sound_film_and_refuse_a_torn_one() {
        if !PROGRAMS.into_iter().all(has) {
            return skip("needs ffmpeg, mpv, GStreamer's tools and curl");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["film.mp4", "film.mkv"] {
            film(&folder.path().join(name));
            plays(&folder.path().join(name).to_string_lossy());
        }
        let whole = fs::read(folder.path().join("film.mp4")).unwrap();
        let mut torn = whole.clone();
        let length = torn.len();
        // Zeros where the forty-first second lies, as a piece that never came would read.
        torn[length * 66 / 100..length * 72 / 100].fill(0);
        let path = folder.path().join("torn.mp4");
        fs::write(&path, torn).unwrap();
        assert!(ffmpeg(&path.to_string_lossy(), 40, 2, LIMIT).is_err());
        fs::write(&path, &whole[..length / 2]).unwrap();
        let headless = path.to_string_lossy();
        assert!(ffprobe(&headless, LIMIT).is_err());
        assert!(mpv(&headless, 40, 2, LIMIT).is_err());
        assert!(gst_discoverer(&headless, LIMIT).is_err());
        assert!(gst_play(&headless, LIMIT).is_err());
        assert!(ffprobe("http://127.0.0.1:9/none.mp4", LIMIT).is_err());

        let Some((_server, port)) = nginx(folder.path()) else {
            return;
        };
        let url = format!("http://127.0.0.1:{port}/film.mp4");
        plays(&url);
        plays(&format!("http://127.0.0.1:{port}/film.mkv"));
        let some = curl(&url, Some("1000-1999"), LIMIT).unwrap();
        assert_eq!(some.status, 206);
        assert_eq!(some.content_range, Some(format!("bytes 1000-1999/{length}")));
        assert_eq!(some.sha256(), sha256(&whole[1000..2000]));
        assert!(some.entity_tag.is_some());
        assert_eq!(curl(&url, Some("-500"), LIMIT).unwrap().body, whole[length - 500..]);
        assert_eq!(curl(&url, None, LIMIT).unwrap().status, 200);
    }
}
