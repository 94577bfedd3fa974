//! Kodi as a household has it, on a host of the lab: with a screen that nobody sees, a home of its own,
//! and its remote control by JSON-RPC.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::netns::Namespace;
use super::process::{Beside, finish};
use super::{has, until};

const LIMIT: Duration = Duration::from_secs(120);
/// Where its web server listens, inside its namespace.
const PORT: u16 = 8085;
/// Kodi's number of the list and of the player of films.
const FILMS: u64 = 1;

/// A running Kodi. Ends when it is dropped.
pub struct Kodi<'lab> {
    host: &'lab Namespace,
    display: String,
    _program: Beside,
    _screen: Beside,
    _home: TempDir,
}

/// Label and address of each.
type Films = Vec<(String, String)>;

impl<'lab> Kodi<'lab> {
    /// Why there is none on this machine, if so.
    pub fn missing() -> Option<&'static str> {
        (program().is_none() || !has("Xvfb")).then_some("needs kodi, xvfb")
    }

    /// Starts it, with `sources` (addresses of folders) as its owner added them; it reads no other.
    pub fn start(host: &'lab Namespace, sources: &[&str], environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        furnish(home.path(), sources);
        let mut screen = host.command("Xvfb");
        screen.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1280x720x24"]);
        let mut screen = Beside::start(screen.stderr(Stdio::null()));
        let display = screen.line("a display", LIMIT, |line| Some(format!(":{}", line.trim())));

        let mut kodi = host.command(program().expect("looked for before"));
        kodi.arg("--standalone").stderr(Stdio::null());
        kodi.env("HOME", home.path()).env("DISPLAY", &display);
        // Nothing of the session of whoever runs this: neither its sound nor its message buses. With
        // no way to make sound Kodi plays on in silence.
        kodi.env("XDG_RUNTIME_DIR", home.path()).env("KODI_AE_SINK", "PULSE");
        let nobody = format!("unix:path={}", home.path().join("nobody").display());
        kodi.env("DBUS_SESSION_BUS_ADDRESS", &nobody).env("DBUS_SYSTEM_BUS_ADDRESS", &nobody);
        kodi.env_remove("WAYLAND_DISPLAY").env_remove("PULSE_SERVER").envs(environment.to_vec());
        let kodi = Self {
            host,
            display,
            _program: Beside::start(&mut kodi),
            _screen: screen,
            _home: home,
        };
        until("Kodi's remote control", LIMIT, || kodi.call("JSONRPC.Ping", &json!({})).ok());
        kodi
    }

    /// One call of its remote control (<https://kodi.wiki/view/JSON-RPC_API/v12>).
    pub fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut curl = self.host.command("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60"]);
        curl.args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
        curl.arg(format!("http://127.0.0.1:{PORT}/jsonrpc"));
        let text = finish(&mut curl, LIMIT)?.text();
        let told: Value =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if told["error"].is_null() { Ok(told["result"].clone()) } else { Err(text) }
    }

    /// Its version, as people say it.
    pub fn version(&self) -> String {
        let told = self.call("Application.GetProperties", &json!({"properties": ["version"]}));
        let version = &told.unwrap()["version"];
        format!("{}.{}", version["major"], version["minor"])
    }

    /// Label and address of everything in a folder.
    pub fn folder(&self, address: &str) -> Result<Vec<(String, String)>, String> {
        let params = json!({"directory": address, "media": "video"});
        let told = self.call("Files.GetDirectory", &params)?;
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let rows = told["files"].as_array().cloned().unwrap_or_default();
        Ok(rows.iter().map(|row| (text(row, "label"), text(row, "file"))).collect())
    }

    /// Label and address of each film of a folder, and the addresses of the folders in it.
    pub fn films_and_folders(&self, address: &str) -> Result<(Films, Vec<String>), String> {
        let params = json!({"directory": address, "media": "video"});
        let told = self.call("Files.GetDirectory", &params)?;
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let rows = told["files"].as_array().cloned().unwrap_or_default();
        let (folders, films): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| row["filetype"] == "directory");
        let films = films.into_iter().map(|row| (text(row, "label"), text(row, "file")));
        Ok((films.collect(), folders.into_iter().map(|row| text(row, "file")).collect()))
    }

    /// The address of what is called `label` in a folder, as soon as it stands there.
    pub fn find(&self, address: &str, label: impl Fn(&str) -> bool) -> String {
        until(&format!("a row of {address} in Kodi"), LIMIT, || {
            let rows = self.folder(address).ok()?;
            rows.into_iter().find(|(name, _)| label(name)).map(|(_, at)| at)
        })
    }

    /// Plays it, and waits until there is a picture.
    pub fn play(&self, address: &str) {
        // By the list of films: a file that is opened alone may run as the player of music, which
        // tells nothing of pictures.
        self.call("Playlist.Clear", &json!({"playlistid": FILMS})).unwrap();
        let film = json!({"playlistid": FILMS, "item": {"file": address}});
        self.call("Playlist.Add", &film).unwrap();
        let first = json!({"item": {"playlistid": FILMS, "position": 0}});
        self.call("Player.Open", &first).unwrap();
        until("a picture in Kodi", LIMIT, || {
            self.playing().filter(|now| now["currentvideostream"]["width"].is_u64())
        });
    }

    /// What the player tells of itself; `None` while it plays nothing.
    pub fn playing(&self) -> Option<Value> {
        let wanted =
            ["time", "totaltime", "canseek", "currentvideostream", "subtitles", "subtitleenabled"];
        let params = json!({"playerid": FILMS, "properties": wanted});
        self.call("Player.GetProperties", &params).ok()
    }

    /// Waits until it stands beyond `seconds` of the film; where it then stands.
    pub fn passes(&self, seconds: f64) -> f64 {
        until(&format!("Kodi to pass {seconds} s"), LIMIT, || {
            let at = seconds_of(&self.playing()?["time"]);
            (at > seconds).then_some(at)
        })
    }

    /// Seeks to a whole second below a minute.
    pub fn seek(&self, seconds: u32) {
        let time = json!({"hours": 0, "minutes": 0, "seconds": seconds, "milliseconds": 0});
        self.call("Player.Seek", &json!({"playerid": FILMS, "value": {"time": time}})).unwrap();
    }

    pub fn stop(&self) {
        self.call("Player.Stop", &json!({"playerid": FILMS})).unwrap();
    }

    /// What is on the screen, as a picture; `filters` are ffmpeg's.
    pub fn screen(&self, picture: &Path, filters: &str) -> Result<(), String> {
        let mut grab = self.host.command("ffmpeg");
        grab.args(["-nostdin", "-v", "error", "-f", "x11grab", "-i", &self.display]);
        grab.args(["-frames:v", "1", "-vf", filters, "-y"]).arg(picture);
        finish(&mut grab, LIMIT).map(drop)
    }
}

/// `{"hours": 0, "minutes": 1, "seconds": 2, "milliseconds": 3}`, in seconds.
pub fn seconds_of(time: &Value) -> f64 {
    let part = |key: &str| time[key].as_f64().unwrap_or_default();
    part("hours") * 3600.0
        + part("minutes") * 60.0
        + part("seconds")
        + part("milliseconds") / 1000.0
}

/// The program itself: what `kodi` on the path starts is a script that outlives it.
fn program() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    folders.map(|folder| folder.path().join("kodi/kodi.bin")).find(|program| program.is_file())
}

/// What its owner would have set: remote control and UPnP on, nothing that looks for updates.
fn furnish(home: &Path, sources: &[&str]) {
    let folder = home.join(".kodi/userdata");
    fs::create_dir_all(&folder).unwrap();
    let settings = [
        ("services.webserver", "true".to_owned()),
        ("services.webserverport", PORT.to_string()),
        ("services.webserverauthentication", "false".to_owned()),
        ("services.webserverssl", "false".to_owned()),
        ("services.upnp", "true".to_owned()),
        ("services.zeroconf", "false".to_owned()),
        ("general.addonupdates", "2".to_owned()),
        ("powermanagement.displaysoff", "0".to_owned()),
        ("powermanagement.shutdowntime", "0".to_owned()),
        ("screensaver.mode", String::new()),
    ];
    let row = |(id, value): &(&str, String)| format!("<setting id=\"{id}\">{value}</setting>");
    let rows: Vec<String> = settings.iter().map(row).collect();
    let rows = rows.concat();
    let file = format!("<settings version=\"2\">{rows}</settings>");
    fs::write(folder.join("guisettings.xml"), file).unwrap();
    // The remote control lists only what lies in a folder of the owner's.
    let source = |at: &&str| {
        format!("<source><name>{at}</name><path pathversion=\"1\">{at}</path></source>")
    };
    let rows: Vec<String> = sources.iter().map(source).collect();
    let rows = rows.concat();
    let file = format!("<sources><video>{rows}</video></sources>");
    fs::write(folder.join("sources.xml"), file).unwrap();
}
