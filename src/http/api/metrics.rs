//! `/metrics`: Prometheus' text format 0.0.4. No title, no name of a torrent, no address, no token.

use std::fmt::Write as _;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::visitor::Visitor;

const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`.
pub(super) async fn metrics(visitor: Visitor) -> Response {
    let rooms = &visitor.rooms;
    let mut page = Page::default();
    page.family("credenza_build_info", "gauge", "The version that runs.");
    page.row("credenza_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);

    page.family("credenza_http_requests_total", "counter", "Requests, by what for and answer.");
    for (area, class, count) in rooms.traffic.rows() {
        page.row("credenza_http_requests_total", &[("area", area), ("status", class)], count);
    }
    page.one(
        "credenza_http_refused_total",
        "counter",
        "Requests beyond a limit.",
        rooms.limits.refused(),
    );
    page.one("credenza_streams_open", "gauge", "Film bodies being sent.", rooms.limits.open());

    let figures = rooms.playback.figures();
    page.one("credenza_readers", "gauge", "Readers of films.", figures.readers);
    page.family(
        "credenza_served_bytes_total",
        "counter",
        "Film bytes given to readers, by their source.",
    );
    for (via, bytes) in &figures.served {
        page.row("credenza_served_bytes_total", &[("via", via.as_str())], bytes);
    }
    let swarm = figures.swarm;
    page.one("credenza_swarm_torrents", "gauge", "Torrents that are open.", swarm.torrents);
    page.one("credenza_swarm_peers", "gauge", "Peers that are connected.", swarm.peers);
    page.one("credenza_swarm_down_bytes_per_second", "gauge", "From peers.", swarm.down_bytes_s);
    page.one("credenza_swarm_up_bytes_per_second", "gauge", "To peers.", swarm.up_bytes_s);
    page.family(
        "credenza_index_answers_total",
        "counter",
        "Answers of indexes to searches, by state.",
    );
    for ((index, state), count) in &figures.answers {
        page.row("credenza_index_answers_total", &[("index", index), ("state", state)], count);
    }
    page.family(
        "credenza_index_left_in_peace",
        "gauge",
        "1 while an index is not asked after a failure.",
    );
    for standing in rooms.playback.index_standing() {
        let shut = u8::from(standing.until.is_some());
        page.row("credenza_index_left_in_peace", &[("index", standing.index.as_str())], shut);
    }
    page.family("credenza_debrid_calls_total", "counter", "Calls to the debrid store, by outcome.");
    for (outcome, count) in &figures.debrid_calls {
        page.row("credenza_debrid_calls_total", &[("outcome", outcome)], count);
    }
    page.one(
        "credenza_cache_bytes",
        "gauge",
        "What is kept for speed, on the disk.",
        figures.cache_bytes,
    );
    page.one("credenza_films_open", "gauge", "Films that are kept open.", figures.sessions);
    let notices = rooms.limits.notices().len() + rooms.playback.notices().len();
    page.one("credenza_notices", "gauge", "Unusual things that were noticed of late.", notices);
    process(&mut page);
    ([(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")], page.0)
        .into_response()
}

/// What the kernel says of this process (proc(5)); nothing where it does not.
fn process(page: &mut Page) {
    // Pages and ticks as Linux has them on every board of ours.
    const PAGE_BYTES: u64 = 4096;
    const TICKS: f64 = 100.0;
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    if let Some(pages) = read("statm").and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok())
    {
        let name = "process_resident_memory_bytes";
        page.one(name, "gauge", "Memory that is in use.", pages * PAGE_BYTES);
    }
    // The name in brackets may hold spaces; the numbers come behind it.
    let ticks = read("stat").and_then(|text| {
        let rest = text.rsplit_once(')')?.1;
        let mut fields = rest.split_whitespace().skip(11);
        let (user, system) =
            (fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?);
        Some(f64::from(user) + f64::from(system))
    });
    if let Some(ticks) = ticks {
        page.one("process_cpu_seconds_total", "counter", "Processor time.", ticks / TICKS);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.one("process_open_fds", "gauge", "Open file descriptors.", open.count());
    }
}

/// The text as it grows.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn row(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
