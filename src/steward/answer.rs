//! One connection: a line asks, lines answer.

use std::fs::{File, TryLockError};
use std::io::{BufRead, Read as _, Write};

use serde_json::{Value, json};

use super::disks;
use super::imager::WifiWish;
use super::layout::Layout;
use super::people::cannot;
use super::tools::Tools;
use super::words::{LEAVE_BYTES, Refusal, Reply, SlotFacts, Verb};
use super::{access_point, facts, format, networks, slots, sticks, wifi};

/// Longest line that is read.
const LINE: u64 = 8 << 10;

/// Done, and what is to be done once that is said.
struct Done {
    told: Value,
    then: Option<&'static str>,
}

impl From<Value> for Done {
    fn from(told: Value) -> Self {
        Self { told, then: None }
    }
}

/// Reads one verb from `asked`, does it, and writes the replies to `said`.
pub fn answer(
    layout: &Layout,
    mut asked: impl BufRead,
    mut said: impl Write,
) -> std::io::Result<()> {
    let mut line = String::new();
    asked.by_ref().take(LINE).read_line(&mut line)?;
    let tools = Tools::below(&layout.folders.root);
    let done = match serde_json::from_str(&line) {
        Ok(verb) => locked(layout, &verb).and_then(|_lock| {
            Work { layout, tools: &tools }.carry_out(&verb, &mut asked, &mut said)
        }),
        // serde's message may quote the line, which may hold a password.
        Err(_) => Err(Refusal::new("bad_verb", "this is not one of the steward's requests")),
    };
    match done {
        Ok(done) => {
            say(&mut said, &Reply::Done(done.told))?;
            if let Some(then) = done.then {
                tools
                    .done("systemctl", &["--no-block", then])
                    .map_err(|refusal| std::io::Error::other(refusal.message))?;
            }
            Ok(())
        }
        Err(refusal) => say(&mut said, &Reply::Refused(refusal)),
    }
}

fn say(said: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    serde_json::to_writer(&mut *said, reply)?;
    said.write_all(b"\n")?;
    said.flush()
}

/// One change at a time; looking is free. Held until the file is closed, by whatever end.
fn locked(layout: &Layout, verb: &Verb) -> Result<Option<File>, Refusal> {
    if matches!(verb, Verb::Facts | Verb::Disks | Verb::Networks) {
        return Ok(None);
    }
    let path = layout.folders.run.join("change.lock");
    let file = File::create(&path).map_err(|error| cannot("lock", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let message = "the box is busy with another change, such as an update; try again when \
                           that is done";
            Err(Refusal::new("busy", message))
        }
        Err(TryLockError::Error(error)) => Err(cannot("lock", &path, &error)),
    }
}

struct Work<'a> {
    layout: &'a Layout,
    tools: &'a Tools,
}

impl Work<'_> {
    fn carry_out(
        &self,
        verb: &Verb,
        asked: &mut dyn BufRead,
        said: &mut impl Write,
    ) -> Result<Done, Refusal> {
        let (layout, tools) = (self.layout, self.tools);
        // An asker who has gone does not stop an update half-way.
        let mut progress = |bytes, of| {
            let _ = say(said, &Reply::Progress { bytes, of });
        };
        Ok(match verb {
            Verb::Facts => json!(facts::facts(layout, tools)).into(),
            Verb::Disks => self.disks()?.into(),
            Verb::Format { disk, consent } => {
                json!(format::format(layout, tools, disk, consent)?).into()
            }
            Verb::Install => {
                let mut bundle = asked;
                json!(slots::install(layout, &mut bundle, &mut progress)?).into()
            }
            Verb::InstallFromDisk { disk, name } => {
                json!(self.install_from(disk, name, asked, &mut progress)?).into()
            }
            Verb::TryOther { back } => {
                slots::try_other(layout, *back)?;
                Done { told: Value::Null, then: Some("reboot") }
            }
            Verb::Commit => json!(slots::commit(layout)?).into(),
            Verb::Reboot => Done { told: Value::Null, then: Some("reboot") },
            Verb::PowerOff => Done { told: Value::Null, then: Some("poweroff") },
            Verb::Networks => json!(networks::list(layout, tools)?).into(),
            Verb::JoinWifi { ssid, password, country } => {
                let wish =
                    WifiWish { ssid: ssid.clone(), password: password.clone(), hidden: false };
                json!(wifi::join(layout, tools, &wish, country)?).into()
            }
            Verb::AccessPoint { up } => json!(access_point::set(layout, tools, *up)?).into(),
        })
    }

    fn disks(&self) -> Result<Value, Refusal> {
        let found = disks::find(self.layout, self.tools)?;
        let shown = found.into_iter().map(|disk| {
            let bundles = sticks::bundles(self.layout, self.tools, &disk);
            super::words::Disk { bundles, ..disk.shown }
        });
        Ok(json!(shown.collect::<Vec<_>>()))
    }

    fn install_from(
        &self,
        id: &str,
        name: &str,
        leave: &mut dyn BufRead,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<SlotFacts, Refusal> {
        let (layout, tools) = (self.layout, self.tools);
        if !sticks::is_bundle(name) {
            let message = "this is no name of an update; it is called credenza-….bundle";
            return Err(Refusal::new("no_bundle", message));
        }
        let found = disks::find(layout, tools)?;
        let disk = found.iter().find(|disk| disk.shown.id == id).ok_or_else(|| {
            let message = "this disk is not plugged in any more; look at the disks again";
            Refusal::new("no_disk", message)
        })?;
        sticks::open(layout, tools, disk, name, |file| {
            let mut bundle = OnLeave { file, leave: &mut *leave, left: 0 };
            slots::install(layout, &mut bundle, progress)
        })
    }
}

/// A file that is read as fast as the asker gives leave: one byte for so many of the file. It ends
/// where the asker's bytes do, so that nothing is written once the asker has gone.
struct OnLeave<'a> {
    file: &'a mut File,
    leave: &'a mut dyn BufRead,
    left: u64,
}

impl std::io::Read for OnLeave<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            self.leave.read_exact(&mut [0])?;
            self.left = LEAVE_BYTES;
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}
