"""What a living room asks of a server with ten thousand titles: that it costs nothing while nobody asks,
that it is found, that lists come soon; and that a film of the catalogue plays."""
import contextlib
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import time
import pathlib

import catalogue
import hosts
import machine
from report import spread
from servers import NO_OTHERS, titles

HERE = pathlib.Path(__file__).parent
TITLES, PAGE, WALKS = 10_000, 100, 5
# How long nothing is asked, in seconds.
IDLE_S, SHORT_S = 60, 10
# The aims: percent of a core; a page, and a film beyond its sources, in ms; MB that a walk leaves behind.
IDLE_PERCENT, PAGE_MS, BEYOND_MS, WALK_MB = 0.5, 30, 300, 1
# After its start: the parser's expressions, the greetings, the shelf.
REST_S = 15
# Where nobody listens: on a host without upstreams each look-up ends at once.
NOBODY = "127.0.0.1:9"
CONFIGURATION = """
[server]
listen = "{listen}"
[lan]
mdns = true
upnp = true
[access]
auth_required = false
[swarm]
enabled = false
[mirror]
torrent_caches = []
[network]
allow_private = ["{nobody}"]
{titles}[index.torrentio]
enabled = false
"""


def shelf():
    """Ten thousand films that were chosen and pinned, as the program writes them into its state."""
    for number in range(TITLES):
        info_hash, name, size = f"{number + 1:040x}", f"Film.{number}.1080p.mkv", 1_000_000_000 + number
        path = hashlib.sha1(name.encode()).hexdigest()[:8]
        media_id = hashlib.sha256(f"{info_hash}-{path}-{size}".encode()).hexdigest()[:20]
        yield f"playable/{media_id}", {
            "id": f"tt{7_000_000 + number}", "info_hash": info_hash, "title": f"Film {number:05}", "release": f"Film {number} 1080p",
            "trackers": [], "file": {"index": 0, "name": name, "size": size}, "via": "swarm", "store": None, "since": 1_700_000_000}
        yield f"shelf/{media_id}", {"watched": 1, "pinned": True, "last_watched_ms": 1_700_000_000_000, "position_s": 61.5, "duration_s": 3723.5}


class House:
    """The server with its shelf; where there can be two hosts, on one of them."""

    def __init__(self, program, folder, fill_state, pair):
        self.program, self.fill_state = program, fill_state
        self.server, self.viewer = pair or (None, None)
        self.data = folder / "living"
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        self.configuration = self.data / "credenza.toml"
        text = CONFIGURATION.format(listen="0.0.0.0:8080" if pair else "127.0.0.1:0", titles=titles(NOBODY), nobody=NOBODY)
        self.configuration.write_text(text + NO_OTHERS)

    @contextlib.contextmanager
    def running(self, log):
        command = [self.program, "--data", self.data, "--config", self.configuration, "serve"]
        command = self.server.inside(command) if self.server else command
        with machine.running(command, log, stdout=subprocess.PIPE) as process:
            port = machine.said(process, r"http://[0-9.]+:(\d+)/")[1]
            self.base, self.pid = f"{self.server.address if self.server else '127.0.0.1'}:{port}", process.pid
            yield self

    def fill(self, log):
        """The program makes its state, ends, and finds it filled."""
        with self.running(log):
            pass
        lines = "".join(f"{key}\t{json.dumps(value)}\n" for key, value in shelf())
        subprocess.run([self.fill_state, self.data / "state.redb"], input=lines.encode(), check=True, timeout=60)

    def asking(self, log, *words):
        command = [sys.executable, HERE / "living_asks.py", *words]
        command = self.viewer.inside(command) if self.viewer else command
        return machine.running(command, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def measure(asked, folder, log):
    """All of it, by name; what could not be asked here is a sentence."""
    why = hosts.missing()
    told = {"no hosts": why, "searches": [], "walks": []}
    with contextlib.ExitStack() as stack:
        pair = None if why else stack.enter_context(hosts.household())
        house = House(asked.credenza, folder, asked.fill_state, pair)
        house.fill(log)
        stack.enter_context(house.running(log))
        time.sleep(REST_S)
        told["idle_s"] = SHORT_S if asked.short else IDLE_S
        busy = machine.cpu_seconds(house.pid)
        time.sleep(told["idle_s"])
        told["idle"] = 100 * (machine.cpu_seconds(house.pid) - busy) / told["idle_s"]
        memory = machine.Memory(house.pid)
        told["resident"] = [memory.field("VmRSS")]
        if pair:
            with house.asking(log, "searches", house.viewer.address) as asker:
                told["searches"] = [json.loads(line) for line in asker.stdout]
        with house.asking(log, "walk", house.base, str(WALKS), str(PAGE)) as asker:
            for line in asker.stdout:
                told["walks"].append(json.loads(line))
                told["resident"].append(memory.field("VmRSS"))
                asker.stdin.write(b"\n")
                asker.stdin.flush()
    if len(told["walks"]) < WALKS or any(walk["films"] != TITLES for walk in told["walks"]):
        raise SystemExit(f"of {TITLES} titles the walks found {[walk['films'] for walk in told['walks']]}")
    told.update(catalogue.measure(asked.credenza, folder, 2 * asked.rounds, log))
    return told


def tell(report, told):
    """Adds the section."""
    where = "on a host of its own (a network namespace), asked from another over a cable; mDNS and SSDP on"
    if told["no hosts"]:
        where = "on loopback, where neither mDNS nor SSDP speaks"
    report.add("## The living room", "",
               f"A server with {TITLES} titles on its shelf, {where}, peers off, no index, no upstream. A walk lists all of the pinned titles as a set does,",
               f"{PAGE} a page; after a start and {REST_S} s, the idle time comes first, then the searches, then {WALKS} walks. Of the catalogue's films nobody had chosen a release: title, index, store and its file server",
               f"wait {1e3 * catalogue.WAIT_S:.0f} ms each before they answer, and the time in which any of them was being asked is taken off.", "",
               "| | | aim |", "|---|---|---|")
    found(report, told)
    times = sorted(time for walk in told["walks"] for time in walk["times"])
    worst = times[-1]
    aim = report.judged(worst <= PAGE_MS, f"≤ {PAGE_MS}", f"The living room: the slowest page took {worst:.0f} ms, the aim is ≤ {PAGE_MS} ms")
    report.add(f"| Browse, {len(times)} pages of {PAGE} of {TITLES}, ms: median; 99 of 100; worst | {statistics.median(times):.1f}; {times[int(len(times) * 0.99)]:.1f}; **{worst:.1f}** | {aim} |")
    resident = told["resident"]
    shown = ", ".join(f"{value:.1f}" for value in resident)
    # The first walks fill what is kept of the state; what pages cost, every walk would.
    each = statistics.median(after - before for before, after in zip(resident[1:], resident[2:]))
    aim = report.judged(each <= WALK_MB, f"≤ {WALK_MB} MB a walk", f"The living room: a walk leaves {each:.1f} MB behind, the aim is ≤ {WALK_MB} MB")
    report.add(f"| resident memory, MB: before, and after each walk ({shown}); what a walk after the first leaves behind, median | **{each:.1f}** | {aim} |")
    idle = round(told["idle"], 2)
    aim = report.judged(idle < IDLE_PERCENT, f"< {IDLE_PERCENT}", f"The living room: {idle:.2f} % of a core while idle, the aim is < {IDLE_PERCENT} %")
    report.add(f"| idle for {told['idle_s']} s: processor, percent of a core | **{idle:.2f}** | {aim} |")
    beyond = statistics.median(told["beyond"])
    aim = report.judged(beyond <= BEYOND_MS, f"≤ {BEYOND_MS}", f"The living room: a film of the catalogue came {beyond:.0f} ms after its sources, the aim is ≤ {BEYOND_MS} ms")
    report.add(f"| a film of the catalogue, GET to its first byte, beyond what the sources took, ms ({len(told['beyond'])} films) | {spread(told['beyond'])} | {aim} |",
               f"| the same, the sources included, ms | {spread(told['catalogue'])} | |", "")


def found(report, told):
    if told["no hosts"]:
        report.add(f"| M-SEARCH answered within MX | not run: {told['no hosts']} | |")
        return
    for mx in sorted({one["mx"] for one in told["searches"]}):
        rows = [one for one in told["searches"] if one["mx"] == mx]
        last = max((at for one in rows for at in one["answers"]), default=float("inf"))
        whole = all(len(one["answers"]) == one["wanted"] for one in rows)
        counted = f"{sum(len(one['answers']) for one in rows)} of {sum(one['wanted'] for one in rows)}"
        each = ", ".join(f"{one['target'].split(':device:')[-1]} {len(one['answers'])}" for one in rows)
        aim = report.judged(whole and last <= mx, f"all within {mx} s", f"The living room: with MX {mx}, {counted} answers ({each}), the last after {last:.2f} s")
        report.add(f"| M-SEARCH with MX {mx} ({', '.join(one['target'].split(':device:')[-1] for one in rows)}): answers; the last after | {counted}; **{last:.2f} s** | {aim} |")
