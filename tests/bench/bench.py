"""Measures, and writes BENCH.md. Started by tests/bench/run, which installs and builds."""
import argparse
import contextlib
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import crowd
import deaths
import disk
import limits
import living
import machine
import others
import peers
import search
import swarm
import wire
from report import Report
from sections import Sections
from stand_ins import StandIns
from torrent import Film

MIB = 1 << 20
# The whole may take this long; then it ends, and everything that it started with it. What was
# measured by then is told.
DEADLINE_S = 900
PARTS = ("search", "deaths", "swarm", "disk", "crowd", "living")


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("--credenza", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rqbit", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--modules", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--fill-state", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each kind (5)")
    parser.add_argument("--size", type=int, default=512, help="the film's size in MiB (512)")
    parser.add_argument("--piece", type=int, default=1024, help="its pieces' size in KiB (1024)")
    parser.add_argument("--only", choices=PARTS, help="one part alone; needs --out")
    parser.add_argument("--short", action="store_true", help="ten seconds of the crowd and of idling: a trial; needs --out")
    parser.add_argument("--indexes", default=",".join(wire.INDEXES), help="those that are searched (all nine); needs --out")
    parser.add_argument("--out", type=pathlib.Path, help="where to write, instead of BENCH.md")
    asked = parser.parse_args()
    asked.indexes = asked.indexes.split(",")
    if unknown := set(asked.indexes) - set(wire.INDEXES):
        parser.error(f"--indexes: {', '.join(sorted(unknown))}: not one of {', '.join(wire.INDEXES)}")
    if (asked.only or asked.short or len(asked.indexes) < len(wire.INDEXES)) and not asked.out:
        parser.error("--only, --short and --indexes need --out: BENCH.md is written whole")
    asked.out = asked.out or pathlib.Path("BENCH.md")
    return asked


def head(asked, began, loads):
    system = machine.version("uname", "-srm")
    command = "tests/bench/run" + "".join(f" {word}" for word in sys.argv[9:])
    return [
        "# Benchmarks", "",
        "Written by `just bench` (`tests/bench/run`); what is said in words stands in `tests/bench/notes.md`. The section on the box is another command's, named there.", "",
        "| | |", "|---|---|",
        f"| date | {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {time.monotonic() - began:.0f} s |",
        f"| command | `{command}`: {asked.rounds} rounds, all programs in turn in each round, their order changing from round to round |",
        f"| machine | {os.cpu_count()} × {machine.processor()}, {machine.memory_gb():.0f} GB, {system}; loopback |",
        f"| load average (1 min) | {loads[0]:.1f} at the beginning, {loads[1]:.1f} at the end |",
        f"| credenza | commit {commit()}, `cargo build --release --locked`, {machine.version('rustc', '--version')} |",
        *beside(asked),
        "",
        "Ratios are of medians, ours to theirs, rounded to two digits before they are judged.", "",
    ]


def commit():
    name = machine.version("git", "rev-parse", "--short=12", "HEAD")
    changed = subprocess.run(["git", "status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock"],
                             stdout=subprocess.PIPE).stdout
    return f"{name} with changes" if changed else name


def beside(asked):
    """The programs that are measured beside ours, and those that help."""
    if asked.only in (None, "search"):
        ranker = machine.version(sys.executable, "-c", "from importlib.metadata import version; print(version('rank-torrent-name'))")
        yield f"| rank-torrent-name | {ranker}, {machine.version(sys.executable, '--version')} |"
    if asked.only not in ("search", "living"):
        libtorrent = machine.version(sys.executable, "-c", "import libtorrent; print(libtorrent.version)")
        yield f"| rqbit | {machine.version(asked.rqbit, '--version')}, `cargo install rqbit --locked --no-default-features --features rust-tls`; `server start`, DHT, LSD, UPnP and listener off |"
        yield f"| seeder | libtorrent {libtorrent} |"
        yield f"| nginx, wrk | {machine.version('/usr/sbin/nginx', '-v').removeprefix('nginx version: ')}; {machine.version('wrk', '-v').split(' Copyright')[0]} |"


def measure(asked, folder, log):
    report = Report()
    sections = Sections(report, log, DEADLINE_S)
    wanted = lambda part: asked.only in (None, part)
    if wanted("search"):
        sections.run("The search", lambda: report.search(*search.measure(asked.credenza, folder, asked.rounds, asked.indexes, log)))
    if asked.only not in ("search", "living"):
        sections.run("The films that are streamed", lambda: stream(asked, sections, folder, log, wanted), holds_others=True)
    if wanted("living"):
        sections.run("The living room", lambda: living.tell(report, living.measure(asked, folder, log)))
    sections.end()
    return report


def stream(asked, sections, folder, log, wanted):
    """What needs films, a tracker and a seeder."""
    report = sections.report
    film = Film(folder, "tt9900002", "Random Harvest", asked.size * MIB, asked.piece << 10)
    small = Film(folder, "tt9900001", "Short Noise", 4 * MIB, 256 << 10)
    # Written now, not while something is measured.
    os.sync()
    programs = {"credenza": asked.credenza, "rqbit": asked.rqbit}
    stand_ins = StandIns([film, small])
    with contextlib.ExitStack() as stack:
        stack.enter_context(stand_ins.answering())
        seeder = stack.enter_context(film.seeded(log))
        stand_ins.peers[small.info_hash] = stack.enter_context(small.seeded(log))

        def of_deaths():
            stand_ins.peers[film.info_hash] = seeder
            report.deaths(*deaths.measure(asked.credenza, folder, stand_ins, film, log), film)

        def of_the_swarm():
            more, absent = others.there(asked.modules)
            every = {**programs, **more}
            with swarm.swarms(film, seeder, log) as around:
                numbers, failed = swarm.measure(every, stand_ins, {"film": film, "small": small}, around, folder, asked.rounds, log)
            sections.run("The swarm path beside rqbit", lambda: report.swarm(numbers, failed, film, small, swarm.LIMIT))
            rows = list(peers.versions(every, asked.rqbit, commit()))
            sections.run("The swarm path beside other programs", lambda: peers.tell(report, numbers, failed, absent, rows))

        def of_the_disk():
            numbers = disk.measure(programs, stand_ins, film, seeder, folder, asked.rounds, log)
            report.disk(numbers, film, disk.SECONDS, disk.CLIENTS)

        def of_a_crowd():
            try:
                told = crowd.measure(asked.credenza, stand_ins, film, seeder, folder, asked.short, log)
            except limits.Missing as fault:
                report.add("## A crowd", "", f"Not run: {fault}.", "")
            else:
                crowd.tell(report, told, film)

        for part, heading, work in (("deaths", "Playing on", of_deaths), ("swarm", "The swarm path", of_the_swarm),
                                    ("disk", "A finished file beside nginx", of_the_disk), ("crowd", "A crowd", of_a_crowd)):
            if wanted(part):
                sections.run(heading, work, holds_others=part == "swarm")


def main():
    asked = arguments()
    began, before = time.monotonic(), machine.load()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="credenza-bench-"))
    try:
        # nginx's workers are another user, and read what lies below.
        folder.chmod(0o755)
        report = measure(asked, folder, folder / "log")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = report.text(head(asked, began, (before, machine.load())))
    # The box's figures are another command's (image/boot/figures --bench): they stay.
    box = asked.out.read_text().partition("<!-- the box:") if asked.out.is_file() else ("", "", "")
    asked.out.write_text(f"{text.rstrip()}\n\n{''.join(box[1:])}" if box[1] else text)
    print(f"{asked.out}: {report.met} aims met, {len(report.missed)} missed")
    for sentence in report.missed:
        print(f"  missed: {sentence}")
    if report.unmeasured:
        sys.exit(1)


if __name__ == "__main__":
    main()
