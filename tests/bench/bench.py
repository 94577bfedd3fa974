"""Measures, and writes BENCH.md. Started by tests/bench/run, which installs and builds."""
import argparse
import contextlib
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import deaths
import disk
import machine
import search
import swarm
import wire
from line import Line
from report import Report
from stand_ins import StandIns
from torrent import Film

MIB = 1 << 20
# Bytes a second: a good line, 160 Mbit/s.
LIMIT = 20_000_000
# The whole may take this long; then it ends, and everything that it started with it.
DEADLINE_S = 900


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("--credenza", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rqbit", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each kind (5)")
    parser.add_argument("--size", type=int, default=512, help="the film's size in MiB (512)")
    parser.add_argument("--piece", type=int, default=1024, help="its pieces' size in KiB (1024)")
    parser.add_argument("--only", choices=("search", "swarm", "disk", "deaths"), help="one part alone; needs --out")
    parser.add_argument("--indexes", default=",".join(wire.INDEXES), help="those that are searched (all nine); needs --out")
    parser.add_argument("--out", type=pathlib.Path, help="where to write, instead of BENCH.md")
    asked = parser.parse_args()
    asked.indexes = asked.indexes.split(",")
    if unknown := set(asked.indexes) - set(wire.INDEXES):
        parser.error(f"--indexes: {', '.join(sorted(unknown))}: not one of {', '.join(wire.INDEXES)}")
    if (asked.only or len(asked.indexes) < len(wire.INDEXES)) and not asked.out:
        parser.error("--only and --indexes need --out: BENCH.md is written whole")
    asked.out = asked.out or pathlib.Path("BENCH.md")
    return asked


def head(asked, began, loads):
    commit = machine.version("git", "rev-parse", "--short=12", "HEAD")
    changed = subprocess.run(["git", "status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock"],
                             stdout=subprocess.PIPE).stdout
    system = machine.version("uname", "-srm")
    command = "tests/bench/run" + "".join(f" {word}" for word in sys.argv[5:])
    return [
        "# Benchmarks", "",
        "Written by `just bench` (`tests/bench/run`); what is said in words stands in `tests/bench/notes.md`. The section on the box is another command's, named there.", "",
        "| | |", "|---|---|",
        f"| date | {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {time.monotonic() - began:.0f} s |",
        f"| command | `{command}`: {asked.rounds} rounds, all programs in turn in each round, their order changing from round to round |",
        f"| machine | {os.cpu_count()} × {machine.processor()}, {machine.memory_gb():.0f} GB, {system}; loopback |",
        f"| load average (1 min) | {loads[0]:.1f} at the beginning, {loads[1]:.1f} at the end |",
        f"| credenza | commit {commit}{' with changes' if changed else ''}, `cargo build --release --locked`, {machine.version('rustc', '--version')} |",
        *others(asked),
        "",
        "Ratios are of medians, ours to theirs, rounded to two digits before they are judged.", "",
    ]


def others(asked):
    """The programs that are measured beside ours, and those that help."""
    if asked.only in (None, "search"):
        ranker = machine.version(sys.executable, "-c", "from importlib.metadata import version; print(version('rank-torrent-name'))")
        yield f"| rank-torrent-name | {ranker}, {machine.version(sys.executable, '--version')} |"
    if asked.only != "search":
        libtorrent = machine.version(sys.executable, "-c", "import libtorrent; print(libtorrent.version)")
        yield f"| rqbit | {machine.version(asked.rqbit, '--version')}, `cargo install rqbit --locked --no-default-features --features rust-tls`; `server start`, DHT, LSD, UPnP and listener off |"
        yield f"| seeder | libtorrent {libtorrent} |"
        yield f"| nginx, wrk | {machine.version('/usr/sbin/nginx', '-v').removeprefix('nginx version: ')}; {machine.version('wrk', '-v').split(' Copyright')[0]} |"


def measure(asked, folder, log):
    report = Report()
    if asked.only in (None, "search"):
        numbers, stand_ins = search.measure(asked.credenza, folder, asked.rounds, asked.indexes, log)
        report.search(numbers, stand_ins)
    if asked.only != "search":
        stream(asked, report, folder, log)
    return report


def stream(asked, report, folder, log):
    film = Film(folder, "tt9900002", "Random Harvest", asked.size * MIB, asked.piece << 10)
    small = Film(folder, "tt9900001", "Short Noise", 4 * MIB, 256 << 10)
    # Written now, not while something is measured.
    os.sync()
    programs = {"credenza": asked.credenza, "rqbit": asked.rqbit}
    stand_ins = StandIns([film, small])
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        enter(stand_ins.answering())
        seeder = enter(film.seeded(log))
        seeders = {"unlimited": seeder, "limited": enter(Line(seeder, LIMIT).open())}
        stand_ins.peers[small.info_hash] = enter(small.seeded(log))
        if asked.only in (None, "deaths"):
            stand_ins.peers[film.info_hash] = seeder
            report.deaths(*deaths.measure(asked.credenza, folder, stand_ins, film, log), film)
        if asked.only in (None, "swarm"):
            films = {"film": film, "small": small}
            numbers = swarm.measure(programs, stand_ins, films, seeders, folder, asked.rounds, log)
            report.swarm(numbers, film, small, LIMIT)
        if asked.only in (None, "disk"):
            unlimited = seeders["unlimited"]
            numbers = disk.measure(programs, stand_ins, film, unlimited, folder, asked.rounds, log)
            report.disk(numbers, film, disk.SECONDS, disk.CLIENTS)


def too_long(*_):
    raise SystemExit(f"it took longer than {DEADLINE_S} s: see what hangs, or ask for fewer --rounds")


def main():
    asked = arguments()
    signal.signal(signal.SIGALRM, too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.alarm(DEADLINE_S)
    began, before = time.monotonic(), machine.load()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="credenza-bench-"))
    log = folder / "log"
    try:
        # nginx's workers are another user, and read what lies below.
        folder.chmod(0o755)
        report = measure(asked, folder, log)
    except BaseException:
        with contextlib.suppress(OSError):
            print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = report.text(head(asked, began, (before, machine.load())))
    # The box's figures are another command's (image/boot/figures --bench): they stay.
    box = asked.out.read_text().partition("<!-- the box:") if asked.out.is_file() else ("", "", "")
    asked.out.write_text(f"{text.rstrip()}\n\n{''.join(box[1:])}" if box[1] else text)
    print(f"{asked.out}: {report.met} aims met, {len(report.missed)} missed")
    for sentence in report.missed:
        print(f"  missed: {sentence}")


if __name__ == "__main__":
    main()
