"""The table of the swarm path beside everybody who streams torrents."""
import statistics

import machine
import others
from report import spread
from swarm import EACH, LIMIT, ROUND_TRIP_S, SEEDERS

COLUMNS = (("call to first byte", 0), ("call to 10 MiB", 0), ("seek to first byte", 0))


def versions(programs, rqbit, commit):
    """What was started, of which version, and by which command, a row each."""
    node = machine.version("node", "--version")
    libtorrent = machine.version(programs["libtorrent"], "-c", "import libtorrent; print(libtorrent.version)")
    yield "| program | version | started as |"
    yield "|---|---|---|"
    yield f"| credenza | commit {commit} | `credenza --data EMPTY --config FILE serve` (`tests/bench/servers.py`) |"
    yield f"| rqbit | {machine.version(rqbit, '--version').removeprefix('rqbit ')} | `rqbit --disable-dht --disable-lsd --disable-tcp-listen --disable-upnp-port-forward server start --disable-persistence EMPTY` |"
    yield f"| libtorrent | {libtorrent} | `python tests/bench/deadlines.py EMPTY`: a read head, deadlines for 8 MiB before it, the rest in the file's order |"
    for name in ("webtorrent", "torrent-stream"):
        if name in programs:
            package = others.npm_version(programs[name], name)
            yield f"| {name} | {package} (npm; Node {node}) | `node tests/bench/others.mjs {name} MODULES EMPTY` |"


def tell(report, numbers, failed, absent, rows):
    """Adds the section; `rows` are those of `versions`."""
    report.add("## The swarm path beside other programs", "",
               "The same film, asked of each program in turn: a new process with an empty folder every time, a small film first. All are handed the magnet (credenza: the click on a release that is known),",
               "learn of peers from one HTTP tracker, and speak without encryption; DHT, LSD, PEX and port forwarding are off where a program has them. Every byte was held against the source.",
               "Medians (min to max). *CPU* is of what came over the line, start-up apart; without a line, of the whole film. *Memory* is the most resident (VmRSS) meanwhile.", "",
               *rows, "")
    for name, why in absent.items():
        report.add(f"{name} is left out: {why}.", "")
    for swarm, said in (("unlimited", "One seeder, as fast as it can"),
                        ("limited", f"One seeder over a line of {LIMIT / 1e6:.0f} MB/s"),
                        ("slow", f"A slow swarm: {SEEDERS} seeders of {EACH / 1e6:.1f} MB/s each, {1e3 * ROUND_TRIP_S:.0f} ms there and back")):
        table(report, numbers, failed, swarm, said)


def table(report, numbers, failed, swarm, said):
    """One swarm: a row a program, and ours to the best of the others."""
    cpu, memory = ("CPU", "resident") if swarm == "unlimited" else ("CPU of what came", "resident at the start")
    columns = (*COLUMNS, (cpu, 2), (memory, 0))
    report.add(f"### {said}", "",
               "| | first byte, ms | 10 MiB, ms | seek to 90 %, first byte, ms | CPU s/GB | memory, MB |", "|---|---|---|---|---|---|")
    told = list(dict.fromkeys(who for where, who, _ in numbers if where == swarm and "searching" not in who))
    told += [who for where, who in failed if where == swarm and who not in told and "searching" not in who]
    for who in told:
        if (swarm, who) in failed:
            report.add(f"| {who} | did not get there: {failed[swarm, who].replace('|', '/')} | | | | |")
        else:
            cells = (spread(numbers[swarm, who, what], digits) for what, digits in columns)
            report.add(f"| {who} | {' | '.join(cells)} |")
    others_told = [who for who in told if who != "credenza" and (swarm, who) not in failed]
    if others_told and ("credenza" in told and (swarm, "credenza") not in failed):
        cells = []
        for what, _ in columns:
            ours = statistics.median(numbers[swarm, "credenza", what])
            best = min(others_told, key=lambda who: statistics.median(numbers[swarm, who, what]))
            cells.append(f"{ours / statistics.median(numbers[swarm, best, what]):.2f} ({best})")
        report.add(f"| *credenza to the best of the others* | {' | '.join(cells)} |")
    report.add("")
