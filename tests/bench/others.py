"""Other people's programs that stream torrents, as swarm.py wants them. None of them searches: all
are handed the magnet, and learn of peers from the same tracker as Credenza."""
import contextlib
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse

import machine
import player
from report import without_folders

HERE = pathlib.Path(__file__).parent


class Other:
    """What is started with an empty folder, says where it listens, and has no search."""

    def __init__(self, program, folder, stand_ins):
        self.program, self.stand_ins = program, stand_ins
        self.data = pathlib.Path(folder)
        self.data.mkdir()

    @contextlib.contextmanager
    def running(self, log):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with machine.running(self.command(), log, **pipes) as process:
            self.port = int(machine.said(process, r"listening (\d+)")[1])
            self.pid = process.pid
            yield self

    def find(self, film):
        pass

    def magnet(self, film):
        tracker = urllib.parse.quote(self.stand_ins.tracker, safe="")
        return f"magnet:?xt=urn:btih:{film.info_hash}&tr={tracker}"


class Npm(Other):
    """A package of npm within others.mjs; `program` is the folder of its modules."""

    def command(self):
        return ["node", HERE / "others.mjs", self.name, self.program, self.data]

    def open(self, film):
        return player.call(self.port, "POST", "/", self.magnet(film))["path"]

    def read(self, *asked, **limits):
        return player.read(self.port, *asked, **limits)


class WebTorrent(Npm):
    name = "webtorrent"


class TorrentStream(Npm):
    name = "torrent-stream"


class Libtorrent(Other):
    """libtorrent with deadlines: deadlines.py. `program` is a Python that has it."""

    name = "libtorrent"

    def command(self):
        return [self.program, HERE / "deadlines.py", self.data]

    def ask(self, question):
        connection = socket.create_connection(("127.0.0.1", self.port), 60)
        connection.sendall(json.dumps(question).encode() + b"\n")
        return connection

    def open(self, film):
        with self.ask({"magnet": self.magnet(film)}) as connection:
            if not connection.recv(64):
                raise SystemExit("libtorrent did not open the magnet")

    def read(self, _, source, start=0, most=None, mark=None):
        began = time.perf_counter()
        with self.ask({"from": start}) as connection:
            return player.held(connection.recv, "libtorrent", began, source, start, most, mark)


def there(modules):
    """Those that can be started here, by name; and a sentence for each of the others."""
    programs, absent = {Libtorrent.name: sys.executable}, {}
    for name in (WebTorrent.name, TorrentStream.name):
        if (modules / "node_modules" / name).is_dir():
            programs[name] = modules
        else:
            said = modules / "missing.txt"
            absent[name] = said.read_text().strip() if said.is_file() else f"npm did not install it into {modules}"
    return programs, absent


def npm_version(modules, name):
    """The version that is installed."""
    package = modules / "node_modules" / name / "package.json"
    return json.loads(package.read_text())["version"]


def last_words(log, before):
    """The last line that says a fault, of what was written to the log since it had so many bytes."""
    with open(log, "rb") as file:
        file.seek(before)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    faults = [line for line in lines if re.search(r"error|cannot|not ", line, re.IGNORECASE)]
    return without_folders((faults or lines or [""])[-1])[:200]
