//! The screen of a box, read as a person and as a phone's camera read it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::server::{Server, credenza, run};
use crate::support::the_box::TheBox;
use crate::support::{skip, until};

fn once(server: &Server) -> String {
    let done = run(credenza(&server.data).args(["screen", "--once"]));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What a camera sees, decoded: each character is two pixels, lit ones are white.
fn scanned(picture: &str) -> String {
    const SCALE: usize = 4;
    let lit = |c: char| match c {
        '\u{2588}' => [true, true],
        '\u{2580}' => [true, false],
        '\u{2584}' => [false, true],
        _ => [false, false],
    };
    let rows: Vec<Vec<char>> = picture.lines().map(|line| line.chars().collect()).collect();
    let (width, height) = (80 * SCALE, rows.len() * 2 * SCALE);
    let pixel = |x: usize, y: usize| {
        let (column, half) = (x / SCALE, y / SCALE);
        let c = rows[half / 2].get(column).copied().unwrap_or(' ');
        if lit(c)[half % 2] { 255 } else { 0 }
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "no code is seen:\n{picture}");
    grids[0].decode().expect("a code").1
}

#[test]
fn a_phones_camera_is_led_to_the_box_and_a_person_reads_the_claim_code() {
    let server = Server::serve("[lan]\nname = \"Mum's TV\"\n");
    let picture = once(&server);
    assert_eq!(scanned(&picture), format!("{}/", server.base), "{picture}");
    for words in ["MUM'S TV", &server.claim_code(), &format!("{}/", server.base)] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
    server.claim("long-enough");
    assert!(!once(&server).contains("Claim code"), "no longer");
}

/// What it prints on a terminal of this size, without the terminal's own codes.
fn on_a_terminal(server: &Server, rows: usize, columns: usize) -> String {
    let command = credenza(&server.data);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("stty rows {rows} cols {columns}; {} screen --once", words.join(" "));
    let done = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}");
    let codes = regex::Regex::new("\u{1b}\\[[?0-9;]*[a-zA-Z]|\r|\u{4}|\u{8}|\\^D").unwrap();
    codes.replace_all(&said, "").into_owned()
}

/// Large letters (16×32) on a television of 720 lines, a small monitor, the Raspberry Pi's own panel.
#[test]
fn on_a_small_screen_the_words_come_before_the_picture() {
    if !["script", "stty"].into_iter().all(crate::support::has) {
        return skip("needs script and stty");
    }
    let server = Server::serve("[lan]\nname = \"Mum's TV\"\n");
    for (rows, columns, is_drawn) in [
        (67, 240, true),
        (25, 80, true),
        (22, 80, true),
        (18, 64, false),
        (16, 80, false),
        (15, 50, false),
    ] {
        let picture = on_a_terminal(&server, rows, columns);
        let size = format!("{rows} x {columns}:\n{picture}");
        assert!(picture.trim_end().lines().count() < rows, "it scrolls at {size}");
        for line in picture.lines() {
            assert!(line.chars().count() < columns, "a line is broken at {size}");
        }
        for words in ["MUM'S TV", &server.claim_code(), &format!("{}/", server.base)] {
            assert!(picture.contains(words), "no {words} at {size}");
        }
        assert_eq!(picture.contains('\u{2588}'), is_drawn, "{size}");
        if is_drawn {
            assert_eq!(scanned(&picture), format!("{}/", server.base), "{size}");
        }
    }
}

#[test]
fn without_a_server_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(credenza(folder.path()).args(["screen", "--once"]));
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("no server answers"), "{said}");
}

/// A screen that runs on, writing into a file.
struct Screen {
    child: Child,
    file: std::path::PathBuf,
}

impl Screen {
    fn of(server: &Server, folder: &std::path::Path) -> Self {
        let file = folder.join("screen");
        let mut command: Command = credenza(&server.data);
        command.arg("screen").stdout(std::fs::File::create(&file).unwrap()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), file }
    }

    fn shows(&self, words: &str) {
        let what = format!("{words} on the screen");
        until(&what, Duration::from_secs(30), || {
            let text = std::fs::read_to_string(&self.file).unwrap();
            text.contains(words).then_some(())
        });
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_is_drawn_anew_when_something_changes_and_ends_by_a_signal() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    let mut screen = Screen::of(&server, the_box.root());
    screen.shows(&format!("Claim code  {}", server.claim_code()));
    the_box.opens_access_point();
    // Somebody asks how it stands.
    server.owner("GET", "/api/box").send();
    until("the access point to be known", Duration::from_secs(30), || {
        let standing = server.owner("GET", "/api/box").send().json();
        (!standing["network"]["access_point"].is_null()).then_some(())
    });
    screen.shows("Wi-Fi  Credenza-0AFF");
    assert_eq!(scanned(&once(&server)), "WIFI:T:nopass;S:Credenza-0AFF;;");
    let id = screen.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let status = until("its end", Duration::from_secs(30), || screen.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}
