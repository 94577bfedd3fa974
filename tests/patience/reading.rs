//! Names take a while to read: seconds where a box has just started on a slow processor. That is no
//! silence of the index that listed them. Here the reader's threads are stopped.

use std::io::Read as _;
use std::time::{Duration, Instant};

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::street::{FILM, Street, hash, hashes, line};
use super::watching::follow;
use crate::support::server::Server;
use crate::support::until;

/// Threads of the server that stand still, whatever they have to do. They go on when this is dropped,
/// by the thread that stopped them.
struct Stopped(Vec<Pid>);

impl Stopped {
    /// Those that read names, once they wait for something to do: who is stopped on the way there may
    /// hold what others need.
    fn readers(server: &Server) -> Self {
        let idle = until("the readers of names to wait for names", Duration::from_secs(60), || {
            let before = readers(server);
            std::thread::yield_now();
            let waiting = before.iter().all(|(_, at)| at.starts_with('S'));
            (!before.is_empty() && waiting && readers(server) == before).then_some(before)
        });
        let threads: Vec<Pid> = idle.into_iter().map(|(thread, _)| Pid::from_raw(thread)).collect();
        for thread in &threads {
            ptrace::seize(*thread, ptrace::Options::empty()).unwrap();
            ptrace::interrupt(*thread).unwrap();
            waitpid(*thread, Some(WaitPidFlag::__WALL)).unwrap();
        }
        Self(threads)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for thread in &self.0 {
            ptrace::detach(*thread, None).unwrap();
        }
    }
}

/// The threads of that name: each with its state, and what it has had of the processor.
fn readers(server: &Server) -> Vec<(i32, String)> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let threads = threads.map(|thread| thread.unwrap().path());
    let of_readers = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.join("stat")).ok()?;
        // Behind the name in brackets: the state first, the ticks of the processor 12th and 13th (proc_pid_stat(5)).
        let told = stat.split_once("(names) ")?.1;
        let words: Vec<&str> = told.split(' ').collect();
        let number = thread.file_name()?.to_str()?.parse().ok()?;
        Some((number, format!("{} {} {}", words[0], words[11], words[12])))
    });
    of_readers.collect()
}

#[test]
fn an_index_that_has_answered_is_not_blamed_for_the_reading_of_its_names() {
    let street = Street::new();
    let server = street.serve();
    let stopped = Stopped::readers(&server);
    let start = Instant::now();
    let (mut stream, told) =
        follow(&server, &format!("/api/find/{FILM}"), r#""index":"torrentio""#);
    let torrentio = told.lines().find(|line| line.contains("torrentio")).unwrap();
    assert!(torrentio.contains(r#""state":"ok""#), "{torrentio}");
    assert!(!told.contains("event: candidates"), "nobody has read them: {told}");

    // The answer is due after 5.5 s.
    until("the answer to be due", Duration::from_secs(30), || {
        (start.elapsed() > Duration::from_secs(6)).then_some(())
    });
    drop(stopped);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(!format!("{told}{rest}").contains("timed_out"), "{told}{rest}");
    let whole = super::street::find(&server, FILM);
    assert_eq!(hashes(&whole), [hash(1), hash(2)], "{whole}");
    assert_eq!(line(&whole, "torrentio")["state"], "ok", "{whole}");
    assert_eq!(street.addon_asked(), 1);
}
