"""BENCH.md, whole: what was measured, what was aimed at, and the notes of notes.md."""
import pathlib
import statistics

NOTES = pathlib.Path(__file__).parent / "notes.md"

TIMES = "| | credenza: median (min to max) | rqbit: median (min to max) | ratio | aim |\n|---|---|---|---|---|"


def spread(values, digits=0):
    low, high = min(values), max(values)
    return f"**{statistics.median(values):.{digits}f}** ({low:.{digits}f} to {high:.{digits}f})"


class Report:
    def __init__(self):
        self.lines = []
        self.missed = []
        self.met = 0

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

    def swarm(self, numbers, film, small, limit):
        self.add("## The swarm path beside rqbit", "",
                 f"A film of {film.size >> 20} MiB of random bytes in pieces of {film.piece >> 10} KiB; one seeder (libtorrent)",
                 "on loopback, at full speed or through a relay that lets bytes pass at an even rate; a new process with an empty folder for every measurement. Both learn of the seeder from the same HTTP",
                 "tracker. *Call* is `POST /api/play/ID` for credenza (choose, get the magnet's description, open, write the choice to",
                 "the disk) and `POST /torrents` with the magnet for rqbit. Every byte that came was held against the source.", "")
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
                 "| clients | server | GB/s: median (min to max) | CPU s/GB: median (min to max) | credenza's GB/s to it | aim |",
                 "|---|---|---|---|---|---|")
        for count in clients:
            ours = statistics.median(numbers["credenza", count, "throughput"])
            for server in ("credenza", "nginx, sendfile", "nginx, read"):
                speed, cpu = (numbers[server, count, what] for what in ("throughput", "CPU"))
                ratio, aim = "", ""
                if server != "credenza":
                    share = round(ours / statistics.median(speed), 2)
                    ratio = f"{share:.2f}"
                    aim = self.judged(share >= 0.9, "≥ 0.90", f"A finished file, clients: {count}, beside {server}: {share:.2f}, the aim is ≥ 0.90")
                self.add(f"| {count} | {server} | {spread(speed, 2)} | {spread(cpu, 2)} | {ratio} | {aim} |")
        self.add("", "*sendfile*: `sendfile on`, chunks of 2 MiB. *read*: `sendfile off`, `output_buffers 2 512k`.", "")

    def text(self, head):
        missed = [f"- {sentence}" for sentence in self.missed] or ["None."]
        summary = ["## Aims", "", f"Met: {self.met}. Missed: {len(self.missed)}" + (":" if self.missed else "."), ""]
        if self.missed:
            summary += [*missed, ""]
        return "\n".join([*head, *summary, *self.lines, NOTES.read_text()])
