"""BENCH.md, whole: what was measured, what was aimed at, and the notes of notes.md."""
import pathlib
import re
import statistics

from deaths import ROOMS, SMALL
from search import DELAY_S, SLOW_S

NOTES = pathlib.Path(__file__).parent / "notes.md"

# Without these there is no table of ours beside rqbit.
OURS = ("credenza", "credenza, searching", "rqbit")
TIMES = "| | credenza: median (min to max) | rqbit: median (min to max) | ratio | aim |\n|---|---|---|---|---|"


def spread(values, digits=0):
    low, high = min(values), max(values)
    return f"**{statistics.median(values):.{digits}f}** ({low:.{digits}f} to {high:.{digits}f})"


def without_folders(text):
    """A program's words, without where it lies on this machine."""
    return re.sub(r"(?:/[^/\s'\"]+)+/", "", text)


class Report:
    def __init__(self):
        self.lines = []
        self.missed = []
        self.met = 0
        self.unmeasured = 0

    def add(self, *lines):
        self.lines.extend(lines)

    def row(self, label, ours, theirs, digits=0, at_most=None, at_least=None, where=""):
        """A row; `at_most` and `at_least` are aims for the ratio of the medians, ours to theirs."""
        ratio = round(statistics.median(ours) / statistics.median(theirs), 2)
        aim = ""
        if at_most is not None or at_least is not None:
            good = ratio <= at_most if at_most is not None else ratio >= at_least
            wanted = f"≤ {at_most:.2f}" if at_most is not None else f"≥ {at_least:.2f}"
            aim = self.judged(good, wanted, f"{where}: {label}: {ratio:.2f}, the aim is {wanted}")
        self.add(f"| {label} | {spread(ours, digits)} | {spread(theirs, digits)} | {ratio:.2f} | {aim} |")

    def judged(self, good, wanted, sentence):
        if good:
            self.met += 1
        else:
            self.missed.append(sentence)
        return f"{wanted}: {'met' if good else '**missed**'}"

    def not_measured(self, what, why):
        """A part of the run that failed, or was not reached: an aim that is missed."""
        self.unmeasured += 1
        sentence = f"{what}: not measured: {without_folders(str(why)).strip() or 'it failed without a word'}"
        self.missed.append(sentence)
        self.add(f"**{sentence}**", "")

    def swarm(self, numbers, failed, film, small, limit):
        self.add("## The swarm path beside rqbit", "",
                 f"A film of {film.size >> 20} MiB of random bytes in pieces of {film.piece >> 10} KiB; one seeder (libtorrent)",
                 "on loopback, at full speed or through a relay that lets bytes pass at an even rate; a new process with an empty folder for every measurement. Both learn of the seeder from the same HTTP",
                 "tracker. *Call* is `POST /api/play/ID` for credenza (choose, get the magnet's description, open, write the choice to",
                 "the disk) and `POST /torrents` with the magnet for rqbit. Every byte that came was held against the source.", "")
        if broken := {pair: why for pair, why in failed.items() if pair[0] != "slow" and pair[1] in OURS}:
            for (seeder, who), why in broken.items():
                self.not_measured(f"{who}, seeder {seeder}", why)
            return
        for seeder, said in (("unlimited", "The seeder sends as fast as it can"),
                             ("limited", f"Over a line of {limit / 1e6:.0f} MB/s")):
            ours, theirs, searching = ("credenza", "rqbit", "credenza, searching")
            take = lambda who, what: numbers[seeder, who, what]
            self.add(f"### {said}; milliseconds", "", TIMES)
            for label, what, aim in (
                ("call to first byte, the list of releases seen before", "call to first byte", 1.0),
                ("of that, the call", "call", None),
                ("from the GET to the first byte", "GET to first byte", 1.0),
                ("call to 10 MiB", "call to 10 MiB", None),
                ("seek to 90 %, to the first byte", "seek to first byte", 1.0),
                ("seek to 90 %, to 2 MiB", "seek to 2 MiB", None),
            ):
                self.row(label, take(ours, what), take(theirs, what), at_most=aim, where=said)
            self.row("call to first byte, our search included (rqbit has none)",
                     take(searching, "call to first byte"), take(theirs, "call to first byte"))
            both = take(ours, "first play") + take(searching, "first play")
            self.row(f"first play of the process ({small.size >> 20} MiB film): our search and engine start included",
                     both, take(theirs, "first play"))
            self.add("")
        take = lambda who, what: numbers["unlimited", who, what]
        self.add("### The whole film, unlimited seeder", "", TIMES)
        self.row("throughput, MB/s", take("credenza", "throughput"), take("rqbit", "throughput"),
                 at_least=1.0, where="The whole film")
        self.row("CPU seconds per GB", take("credenza", "CPU"), take("rqbit", "CPU"), 2)
        self.row("most resident memory while streaming (VmRSS), MB", take("credenza", "resident"), take("rqbit", "resident"))
        high = take("credenza", "high water")
        most = max(high)
        verdict = self.judged(most <= 60, "≤ 60 MB", f"Resident memory: {most:.0f} MB, the aim is ≤ 60 MB")
        self.add(f"| its high-water mark (VmHWM), MB | {spread(high)} | {spread(take('rqbit', 'high water'))} | | {verdict} |", "")

    def disk(self, numbers, film, seconds, clients):
        self.add("## A finished file beside nginx", "",
                 f"The same {film.size >> 20} MiB, served from the library after a restart, and by nginx from a hard link to that file; in the",
                 f"page cache. wrk asks for random ranges of 8 MiB over kept connections, {seconds} s a run; it shares the machine's cores.", "",
                 "| clients | server | GB/s: median (min to max) | CPU s/GB: median (min to max) | credenza's GB/s to it | credenza's CPU to it |",
                 "|---|---|---|---|---|---|")
        for count in clients:
            where = f"A finished file, clients: {count}"
            middle = {key: statistics.median(values) for key, values in numbers.items()}
            for server in ("credenza", "nginx, sendfile", "nginx, read"):
                speed, cpu = (numbers[server, count, what] for what in ("throughput", "CPU"))
                faster = dearer = ""
                if server != "credenza":
                    faster, dearer = (f"{middle['credenza', count, what] / middle[server, count, what]:.2f}" for what in ("throughput", "CPU"))
                if server == "nginx, sendfile":
                    faster += ", " + self.judged(float(faster) >= 0.95, "≥ 0.95", f"{where}: {faster} of the throughput of nginx with sendfile, the aim is ≥ 0.95")
                if server == "nginx, read":
                    dearer += ", " + self.judged(float(dearer) <= 1.2, "≤ 1.20", f"{where}: {dearer} of the CPU time of nginx without sendfile, the aim is ≤ 1.20")
                self.add(f"| {count} | {server} | {spread(speed, 2)} | {spread(cpu, 2)} | {faster} | {dearer} |")
        self.add("", "*sendfile*: `sendfile on`, chunks of 2 MiB. *read*: `sendfile off`, `output_buffers 2 512k`.", "")

    def deaths(self, numbers, silence, film):
        count = sum(map(len, numbers.values()))
        self.add("## Playing on", "",
                 f"Films go on while their sources die {count} times. One of {film.size >> 20} MiB, read by one viewer in one request: a debrid store's link dies",
                 f"(a fresh one is given), or its connection (the link stays good). {len(ROOMS)} of {SMALL >> 20} MiB, each in a room of its own: the store dies whole under",
                 "all of them, with a fresh start each time, and each goes on by peers. Every byte was held against the source. *To the next byte*: from the death to the next body that is sent;",
                 "from the store to peers: from the decision, which is made once a fresh link has been tried for.", "",
                 "| milliseconds to the next byte | deaths | median | 99 of 100 | most | aim |", "|---|---|---|---|---|---|")
        everything = sorted(value for values in numbers.values() for value in values)
        rows = [*numbers.items(), ("all of them", everything)]
        for what, values in rows:
            values = sorted(values)
            most = values[min(len(values) - 1, int(len(values) * 0.99))]
            aim = ""
            if what == "all of them":
                good = most <= 2000 and count >= 320
                aim = self.judged(good, "≤ 2000 over 320", f"Playing on: {most:.0f} ms over {count} deaths, the aim is ≤ 2000 over 320")
            self.add(f"| {what} | {len(values)} | {statistics.median(values):.0f} | {most:.0f} | {values[-1]:.0f} | {aim} |")
        self.add("", f"The viewer's longest silence: {silence:.1f} s.", "")

    def search(self, numbers, stand_ins):
        show = stand_ins.shows[0]
        listed = ", ".join(f"{index} {len(show.rows[index])}" for index in stand_ins.indexes)
        packed = sum(show.bytes[index] for index in stand_ins.indexes) / 1e6
        middle = {what: statistics.median(values) for what, values in numbers.items()}
        self.add("## The search", "",
                 f"{middle['unique']:.0f} torrents of an anime series, its films and what else such a search brings, from {len(stand_ins.indexes)} stand-ins on loopback",
                 f"({middle['rows']:.0f} rows: {listed}; {packed:.2f} MB, packed); names, sizes and lists are made by",
                 f"`tests/bench/corpus.py` (digest {show.digest}), answers by `tests/bench/wire.py`. The search is `/api/find/ID` of a server that has started and does nothing, on two cores; each round has new processes with empty folders.",
                 f"For our own work all stand-ins answer {1e3 * DELAY_S:.0f} ms after they are asked, all at one moment; those {1e3 * DELAY_S:.0f} ms are taken off. What is left holds their sending too.", "",
                 "| milliseconds | median (min to max) | aim |", "|---|---|---|")
        self.line("cold: the first search of a process, no name read before; to ranked candidates", numbers["cold: to ranked"], 80)
        self.line("warm: the next episode, the same torrents; to ranked candidates", numbers["warm: to ranked"], 15)
        self.line("another series: the process warm, no name read before; to ranked candidates", numbers["other names: to ranked"])
        for what, label in (("cold", "cold"), ("warm", "warm"), ("other names", "another series")):
            self.line(f"{label}: to the last byte of the JSON", numbers[f"{what}: whole"])
            self.line(f"{label}: CPU time of the process, all threads", numbers[f"{what}: CPU"])
        self.line("a client that reads the answers and does nothing with them", numbers["stand-ins alone"], digits=1)
        self.line("the search of a moment ago again, to the last byte of the JSON", numbers["again"])
        self.line(f"the same after a restart, from the disk ({middle['kept']:.0f} torrents)", numbers["again, restarted"])
        self.line("`credenza find ID --json`: a process of its own, which makes the parser's expressions first", numbers["command line"])
        self.line("the first candidates on the stream of events, after the first index has answered", numbers["first on screen"], 50)
        self.line(f"the whole search, every index answering after {SLOW_S:.0f} s", numbers["all after 1 s"], 1150)
        self.line(f"the whole search, one index hanging, the others after {SLOW_S:.0f} s", numbers["one hangs"], 6000)
        self.line("the next one, the same index hanging", numbers["it hangs again"])
        ours, theirs = middle["cold: to ranked"], middle["other ranker"]
        times = theirs / ours
        aim = self.judged(times >= 20, "≥ 20", f"The search: {times:.1f} times as fast as rank-torrent-name, the aim is ≥ 20")
        self.add("", "| | rank-torrent-name, ms: median (min to max) | times ours, cold | aim |", "|---|---|---|---|",
                 f"| the same names, read, ranked and sorted; no index asked, nothing merged | {spread(numbers['other ranker'])} | {times:.1f} | {aim} |",
                 "", "| memory, MB | median (min to max) | aim |", "|---|---|---|")
        self.add(f"| idle (VmRSS) | {spread(numbers['idle'])} | |")
        most = max(numbers["above idle"])
        aim = self.judged(most <= 40, "≤ 40", f"The search: {most:.0f} MB above idle, the aim is ≤ 40 MB")
        self.add(f"| cold: high-water mark (VmHWM) above idle; the most is judged | {spread(numbers['above idle'])} | {aim} |",
                 f"| the same after three searches | {spread(numbers['above idle, three searches'])} | |", "")

    def line(self, label, values, at_most=None, digits=0):
        """A row of the search; `at_most` is an aim for the median."""
        aim = ""
        if at_most is not None:
            median = statistics.median(values)
            aim = self.judged(median <= at_most, f"≤ {at_most}", f"The search: {label}: {median:.0f} ms, the aim is ≤ {at_most} ms")
        self.add(f"| {label} | {spread(values, digits)} | {aim} |")

    def text(self, head):
        missed = [f"- {sentence}" for sentence in self.missed] or ["None."]
        summary = ["## Aims", "", f"Met: {self.met}. Missed: {len(self.missed)}" + (":" if self.missed else "."), ""]
        if self.missed:
            summary += [*missed, ""]
        return "\n".join([*head, *summary, *self.lines, NOTES.read_text()])
