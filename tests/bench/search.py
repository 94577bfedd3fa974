"""The search: nine stand-ins give 3,000 torrents, and what of the time until they are ranked is our
own. Every round has new processes with empty folders; beside it, in the same round, the same names go
through another ranker."""
import asyncio
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import machine
import player
from servers import titles

HERE = pathlib.Path(__file__).parent
COUNT, SEED = 3000, 4
# What the stand-ins wait in the measurements of our own work: all answer at one moment.
DELAY_S = 0.3
# In those of patience.
SLOW_S = 1.0
# The one that answers first, the one that never does.
QUICK, HANGS = "peerflix", "torrentio"
# Of the parser's expressions, which the server makes in the background some seconds after its start.
QUIET_S, SHORTEST_START_S, LONGEST_START_S = 0.3, 7, 20

CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
[lan]
mdns = false
[swarm]
enabled = false
[mirror]
torrent_caches = []
[network]
allow_private = [{addresses}]
{upstreams}"""
INDEX = """[index.{index}]
url = "http://127.0.0.1:{port}/"
enabled = true
"""


class StandIns:
    """The program indexes.py, while a block runs."""

    def __init__(self, indexes):
        self.indexes = indexes

    @contextlib.contextmanager
    def answering(self, log):
        command = [sys.executable, HERE / "indexes.py", str(COUNT), str(SEED)]
        with machine.running(command, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            self.ports = json.loads(process.stdout.readline())
            self.shows = [Corpus(told) for told in self.call("GET", "/lists")]
            yield self

    def call(self, method, path, body=None):
        return control(self.ports["control"], method, path, body)

    def wait(self, seconds, **others):
        """From now on each waits so long; `None` is for ever. Forgets what it was asked."""
        self.call("PUT", "/delays", json.dumps({index: seconds for index in self.indexes} | others))

    def log(self):
        """[index, asked, answered, target], in seconds of the clock that all programs share."""
        return self.call("GET", "/log")

    def configuration(self):
        ports = [self.ports[index] for index in [*self.indexes, "titles"]]
        text = CONFIGURATION.format(addresses=", ".join(f'"127.0.0.1:{port}"' for port in ports), upstreams=titles(f"127.0.0.1:{self.ports['titles']}"))
        for index in self.ports:
            if index in self.indexes:
                text += INDEX.format(index=index, port=self.ports[index])
            elif index not in ("titles", "control"):
                text += f"[index.{index}]\nenabled = false\n"
        return text


class Corpus:
    def __init__(self, told):
        self.kitsu, self.torrents, self.rows = told["kitsu"], told["torrents"], told["rows"]
        self.digest, self.bytes = told["digest"], told["bytes"]

    def id(self, episode):
        return f"kitsu:{self.kitsu}:{episode}"


def control(port, method, path, body=None):
    """As player.call; these answers are packed whether asked for or not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body)
    said = connection.getresponse().read()
    connection.close()
    return json.loads(gzip.decompress(said))


class Server:
    """`credenza serve` on a folder, with the nine for its indexes."""

    def __init__(self, program, folder, stand_ins):
        self.program, self.data = program, pathlib.Path(folder)
        self.data.mkdir(exist_ok=True)
        self.configuration = self.data / "credenza.toml"
        self.configuration.write_text(stand_ins.configuration())

    @contextlib.contextmanager
    def running(self, log):
        command = [self.program, "--data", self.data, "--config", self.configuration, "serve"]
        with machine.running(command, log, stdout=subprocess.PIPE, preexec_fn=on_two_cores) as process:
            self.port = int(machine.said(process, r"http://127\.0\.0\.1:(\d+)/")[1])
            self.pid = process.pid
            self.bearer = (self.data / "local.key").read_text().strip()
            self.settle()
            yield self

    def settle(self):
        """Waits until it does nothing, and has done what it puts off at its start."""
        time.sleep(SHORTEST_START_S)
        end = time.monotonic() + LONGEST_START_S
        while time.monotonic() < end:
            before = machine.cpu_seconds(self.pid)
            time.sleep(QUIET_S)
            if machine.cpu_seconds(self.pid) == before:
                return
        raise SystemExit("credenza is still busy long after its start")

    def find(self, asked):
        """What was found, and milliseconds: by the client's clock and of CPU."""
        busy, began = machine.cpu_seconds(self.pid), time.perf_counter()
        said = player.answer(self.port, "GET", f"/api/find/{asked}", bearer=self.bearer)
        took = time.perf_counter() - began
        # Megabytes: what this program takes to read them is none of the server's time.
        found = json.loads(said)
        return found, 1e3 * took, 1e3 * (machine.cpu_seconds(self.pid) - busy)

    def events(self, asked):
        """The events of a search as they come: (seconds of the shared clock, kind, data)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.bearer}", "Accept": "text/event-stream"}
        connection.request("GET", f"/api/find/{asked}", headers=headers)
        answer = connection.getresponse()
        if "event-stream" not in answer.headers.get("Content-Type", ""):
            raise SystemExit(f"/api/find/ID gave no stream of events but {answer.headers.get('Content-Type')}")
        kind = None
        while line := answer.readline():
            word, _, rest = line.decode().rstrip("\n").partition(":")
            if word == "event":
                kind = rest.strip()
            elif word == "data":
                yield time.monotonic(), kind, rest.strip()
                if kind == "done":
                    break
        connection.close()


def on_two_cores():
    """What the aims are for, on whatever machine this runs."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


def measure(program, folder, rounds, indexes, log):
    """Numbers by what they are of, one a round, and the stand-ins, for what they hold."""
    numbers = {}
    stand_ins = StandIns(indexes)
    with stand_ins.answering(log):
        for number in range(rounds):
            for part in (own_work, slow_ones, one_that_hangs, first_on_screen, command_line, other_ranker):
                shutil.rmtree(folder / "search", ignore_errors=True)
                for key, value in part(program, folder / "search", stand_ins, log):
                    numbers.setdefault(key, []).append(value)
            print(f"search: round {number + 1} of {rounds}", flush=True)
    return numbers, stand_ins


def complete(found, corpus, indexes):
    """Whether what was found is what the indexes list."""
    listed = set().union(*(corpus.rows[index] for index in indexes))
    given = {one["info_hash"] for one in found["candidates"]}
    bad = [f"{line['index']}: {line['state']}" for line in found["indexes"]
           if line["index"] in indexes and line["state"] != "ok"]
    if listed != given:
        raise SystemExit(f"{len(given & listed)} of {len(listed)} torrents found, {len(given - listed)} that nobody lists; not well: {bad}")


def own_work(program, folder, stand_ins, log):
    known, unread = stand_ins.shows
    stand_ins.wait(DELAY_S)
    yield "stand-ins alone", reading(stand_ins, known)
    server = Server(program, folder, stand_ins)
    with server.running(log):
        memory = machine.Memory(server.pid)
        idle = memory.field("VmRSS")
        memory.forget_high()
        for what, corpus, episode in (("cold", known, 2), ("warm", known, 3), ("other names", unread, 2)):
            stand_ins.wait(DELAY_S)
            found, whole, busy = server.find(corpus.id(episode))
            complete(found, corpus, stand_ins.indexes)
            yield f"{what}: to ranked", found["elapsed_ms"] - 1e3 * DELAY_S
            yield f"{what}: whole", whole - 1e3 * DELAY_S
            yield f"{what}: CPU", busy
            if what == "cold":
                yield "idle", idle
                yield "above idle", memory.field("VmHWM") - idle
                yield "rows", found["torrents_found"]
                yield "unique", found["unique"]
        yield "above idle, three searches", memory.field("VmHWM") - idle
        # The last one: a search of so many torrents takes a third of the room that there is.
        yield "again", again(server, unread, stand_ins)[0]
    with server.running(log):
        took, kept = again(server, unread, stand_ins)
        yield "again, restarted", took
        yield "kept", kept


def again(server, corpus, stand_ins):
    """The search of before, and how many torrents it gives; the indexes would keep it waiting."""
    stand_ins.wait(SLOW_S)
    found, whole, _ = server.find(corpus.id(2))
    if not found["candidates"]:
        raise SystemExit("the search of a moment ago gives nothing")
    return whole, len(found["candidates"])


def reading(stand_ins, corpus):
    """What the stand-ins take of it: a client that reads all answers and does nothing with them."""
    async def one(index):
        reader, writer = await asyncio.open_connection("127.0.0.1", stand_ins.ports[index], limit=1 << 24)
        writer.write(f"GET /stream/series/{corpus.id(2)}.json HTTP/1.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        await reader.readexactly(length)
        writer.close()

    async def every():
        began = time.perf_counter()
        await asyncio.gather(*(one(index) for index in stand_ins.indexes))
        return 1e3 * (time.perf_counter() - began - DELAY_S)
    return asyncio.run(every())


def slow_ones(program, folder, stand_ins, log):
    with Server(program, folder, stand_ins).running(log) as server:
        stand_ins.wait(SLOW_S)
        found, whole, _ = server.find(stand_ins.shows[0].id(2))
        complete(found, stand_ins.shows[0], stand_ins.indexes)
        yield "all after 1 s", whole


def one_that_hangs(program, folder, stand_ins, log):
    with Server(program, folder, stand_ins).running(log) as server:
        stand_ins.wait(SLOW_S, **{HANGS: None})
        found, whole, _ = server.find(stand_ins.shows[0].id(2))
        others = [index for index in stand_ins.indexes if index != HANGS]
        complete(found, stand_ins.shows[0], others)
        yield "one hangs", whole
        found, whole, _ = server.find(stand_ins.shows[0].id(3))
        complete(found, stand_ins.shows[0], others)
        yield "it hangs again", whole


def first_on_screen(program, folder, stand_ins, log):
    """From the moment in which the first index answers to the event that has its torrents."""
    quick = QUICK if QUICK in stand_ins.indexes else stand_ins.indexes[-1]
    with Server(program, folder, stand_ins).running(log) as server:
        stand_ins.wait(SLOW_S, **{quick: DELAY_S})
        shown = None
        for at, kind, data in server.events(stand_ins.shows[0].id(2)):
            if kind == "candidates" and shown is None and json.loads(data)["candidates"]:
                shown = at
        first = min(answered for index, _, answered, _ in stand_ins.log() if index == quick)
        yield "first on screen", 1e3 * (shown - first)


def command_line(program, folder, stand_ins, log):
    """A process that begins, searches and ends."""
    server = Server(program, folder, stand_ins)
    stand_ins.wait(DELAY_S)
    command = [program, "--data", server.data, "--config", server.configuration, "find", stand_ins.shows[0].id(2), "--json"]
    with open(log, "ab") as errors:
        began = time.perf_counter()
        said = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, check=True, timeout=30,
                              preexec_fn=on_two_cores).stdout
        took = time.perf_counter() - began
    complete(json.loads(said), stand_ins.shows[0], stand_ins.indexes)
    yield "command line", 1e3 * (took - DELAY_S)


def other_ranker(program, folder, stand_ins, log):
    names = json.dumps(stand_ins.shows[0].torrents)
    with open(log, "ab") as errors:
        done = subprocess.run([sys.executable, HERE / "other_ranker.py"], input=names.encode(), stdout=subprocess.PIPE, stderr=errors,
                              check=True, timeout=120)
    told = json.loads(done.stdout)
    if told["ranked"] != COUNT:
        raise SystemExit(f"rank-torrent-name ranked {told['ranked']} of {COUNT} names")
    yield "other ranker", told["ms"]
