//! Films for the tests that need weight: real H.264 and AAC with noise in the picture, so that the
//! size is real too. Each is made once, by ffmpeg, and kept in a folder for later runs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// An MP4 whose index (`moov`) stands at the end.
pub fn mp4_tail(folder: &Path, seconds: u32, kbit_s: u32) -> PathBuf {
    make(folder, "mp4", &[], seconds, kbit_s)
}

/// An MP4 whose index stands at the beginning, as films for the web are made.
pub fn mp4_head(folder: &Path, seconds: u32, kbit_s: u32) -> PathBuf {
    make(folder, "head.mp4", &["-movflags", "+faststart"], seconds, kbit_s)
}

/// A transport stream, as broadcasters and discs have it: no index at all.
pub fn ts(folder: &Path, seconds: u32, kbit_s: u32) -> PathBuf {
    make(folder, "ts", &[], seconds, kbit_s)
}

/// A Matroska file whose Cues stand at the end.
pub fn mkv(folder: &Path, seconds: u32, kbit_s: u32) -> PathBuf {
    make(folder, "mkv", &[], seconds, kbit_s)
}

/// Where films lie between runs: beside what cargo builds.
pub fn shelf() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("films")
}

/// The film of this recipe; its name is the recipe. Two tests may want it at once: each makes its
/// own beside it, and the rename of the last one wins.
fn make(folder: &Path, container: &str, more: &[&str], seconds: u32, kbit_s: u32) -> PathBuf {
    let done = folder.join(format!("noise-1-{seconds}s-{kbit_s}k.{container}"));
    if done.is_file() {
        return done;
    }
    std::fs::create_dir_all(folder).expect("a folder for films");
    let unique = format!("{}-{:?}", std::process::id(), std::thread::current().id());
    let part = folder.join(format!("part-{unique}.{container}"));
    let picture = format!("testsrc2=s=640x360:r=25:d={seconds},noise=alls=40:allf=t+u:all_seed=7");
    let sound = format!("sine=f=220:r=44100:d={seconds}");
    let rate = format!("{kbit_s}k");
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound])
        // Constant rate: pieces fill evenly, so that a place in time is a place in the file.
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50"])
        .args(["-b:v", &rate, "-minrate", &rate, "-maxrate", &rate, "-bufsize", &rate])
        .args(["-x264-params", "nal-hrd=cbr", "-c:a", "aac", "-b:a", "96k", "-shortest"])
        .args(["-map_metadata", "-1", "-fflags", "+bitexact"])
        .args(more)
        .arg(&part)
        .output()
        .expect("ffmpeg runs; ask support::has first");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::rename(&part, &done).expect("the film takes its place");
    done
}

#[test]
fn a_film_has_the_weight_that_was_asked_for_and_is_made_once() {
    if !super::has("ffmpeg") {
        return super::skip("needs ffmpeg");
    }
    let film = mp4_tail(&shelf(), 4, 3400);
    let size = std::fs::metadata(&film).unwrap().len();
    assert!((1_500_000..2_100_000).contains(&size), "{size} bytes");
    let made = std::fs::metadata(&film).unwrap().modified().unwrap();
    assert_eq!(std::fs::metadata(mp4_tail(&shelf(), 4, 3400)).unwrap().modified().unwrap(), made);
    let moov = |film: &Path| {
        let bytes = std::fs::read(film).unwrap();
        (bytes.windows(4).rposition(|part| part == b"moov").unwrap(), bytes.len())
    };
    let (at, len) = moov(&film);
    assert!(at > len * 9 / 10, "moov at {at}");
    let (at, len) = moov(&mp4_head(&shelf(), 4, 3400));
    assert!(at < len / 10, "moov at {at}");
    // Packets of 188 bytes, each beginning with 0x47 (ISO/IEC 13818-1, 2.4.3.2).
    let stream = std::fs::read(ts(&shelf(), 4, 3400)).unwrap();
    assert!(stream.chunks(188).all(|packet| packet.len() == 188 && packet[0] == 0x47));
}
