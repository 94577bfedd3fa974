//! A group of processes with less of the machine: memory or processor time, as a small board has.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::park_timeout;
use std::time::Duration;

/// The group. Its folder goes with it, once its processes have ended.
pub struct Group {
    folder: PathBuf,
}

impl Group {
    /// One of at most so many bytes of memory.
    pub fn of_memory(bytes: u64) -> Result<Self, String> {
        Self::make(
            "memory",
            &[("memory.limit_in_bytes", bytes.to_string())],
            &[("memory.max", bytes.to_string()), ("memory.swap.max", "0".to_owned())],
        )
    }

    /// One of so many hundredths of one processor.
    pub fn of_processor(percent: u32) -> Result<Self, String> {
        let quota = percent * 1000;
        Self::make(
            "cpu",
            &[("cpu.cfs_period_us", "100000".to_owned()), ("cpu.cfs_quota_us", quota.to_string())],
            &[("cpu.max", format!("{quota} 100000"))],
        )
    }

    /// By the first version of control groups where it is mounted, else by the second.
    fn make(
        controller: &str,
        first: &[(&str, String)],
        second: &[(&str, String)],
    ) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            return Err("needs root to make control groups".to_owned());
        }
        let root = Path::new("/sys/fs/cgroup");
        let old = root.join(controller).join("cgroup.procs").exists();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("credenza-{}-{number}", std::process::id());
        let (above, rules) =
            if old { (root.join(controller), first) } else { (root.into(), second) };
        let missing = |_| format!("needs the {controller} controller of control groups");
        if !old {
            let _ = fs::write(above.join("cgroup.subtree_control"), format!("+{controller}"));
        }
        let folder = above.join(name);
        fs::create_dir(&folder).map_err(missing)?;
        let group = Self { folder };
        for (file, value) in rules {
            let written = fs::write(group.folder.join(file), value);
            // A machine without swap has no limit for it.
            if !file.contains("swap") {
                written.map_err(missing)?;
            }
        }
        Ok(group)
    }

    /// The same program with the same arguments, inside. The process id stays the program's own.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("sh");
        inside.args(["-c", r#"echo $$ > "$0" && exec "$@""#]).arg(self.folder.join("cgroup.procs"));
        inside.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// How often the kernel has killed something in it for its memory.
    pub fn kills(&self) -> u64 {
        let texts = ["memory.oom_control", "memory.events"];
        let texts = texts.iter().filter_map(|file| fs::read_to_string(self.folder.join(file)).ok());
        let count = |text: String| {
            let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
            line.trim().parse::<u64>().ok()
        };
        texts.filter_map(count).sum()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            park_timeout(Duration::from_millis(20));
        }
    }
}
