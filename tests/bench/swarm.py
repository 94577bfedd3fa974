"""The swarm path: seeders behind lines, several programs in turn, each time in a new process with an
empty folder."""
import contextlib
import dataclasses
import http.client
import os
import shutil
import time

import machine
import others
from line import Line
from servers import Credenza, Rqbit

MIB = 1 << 20
# How far a seek goes, and how much of the film is read before it.
SEEK = 0.9
BEGINNING = 10 * MIB
# Bytes a second: a good line, 160 Mbit/s.
LIMIT = 20_000_000
# The slow swarm: so many seeders, each over a line of its own of so many bytes a second, with so many
# seconds between a question and its answer.
SEEDERS, EACH, ROUND_TRIP_S = 4, 1_500_000, 0.04

MAKES = (Credenza, Rqbit, others.Libtorrent, others.WebTorrent, others.TorrentStream)


@dataclasses.dataclass
class Swarm:
    """Where the tracker sends people, and the lines there, if their bytes are counted."""

    ports: list
    lines: list = dataclasses.field(default_factory=list)

    @property
    def carried(self):
        return sum(line.carried for line in self.lines)


@contextlib.contextmanager
def swarms(film, seeder, log):
    """The three that are measured, by name."""
    with contextlib.ExitStack() as stack:
        good = Line(seeder, LIMIT)
        # One process each: a program takes two connections to one peer id for the same peer.
        slow = [Line(stack.enter_context(film.seeded(log)), EACH, ROUND_TRIP_S) for _ in range(SEEDERS)]
        opened = {line: stack.enter_context(line.open()) for line in (good, *slow)}
        yield {"unlimited": Swarm([seeder]), "limited": Swarm([opened[good]], [good]),
               "slow": Swarm([opened[line] for line in slow], slow)}


def measure(programs, stand_ins, films, around, folder, rounds, log):
    """Measurements by (swarm, program, what), one number a round, times in ms; and sentences by
    (swarm, program) for what did not succeed and was not tried again."""
    numbers, failed = {}, {}
    makes = [make for make in MAKES if make.name in programs]

    def tried(swarm, make, called, measured, *more):
        if (swarm, called) in failed:
            return
        began, size = time.monotonic(), os.stat(log).st_size if log.exists() else 0
        try:
            for key, value in measured(make, programs, stand_ins, films, around[swarm], folder, log, *more):
                numbers.setdefault((swarm, called, key), []).append(value)
        except (SystemExit, OSError, AssertionError, http.client.HTTPException) as fault:
            words = others.last_words(log, size)
            failed[swarm, called] = f"after {time.monotonic() - began:.0f} s: {fault or 'a wrong answer'}{words and f' ({words})'}"
            print(f"swarm path: {called}, {swarm}: {failed[swarm, called]}", flush=True)

    for number in range(rounds):
        # The first of a row finds another machine than the next: they change places.
        at = number % len(makes)
        turns = makes[at:] + makes[:at]
        for swarm in around:
            for make in turns:
                tried(swarm, make, make.name, start, True)
            if swarm != "slow":
                tried(swarm, Credenza, "credenza, searching", start, False)
        for make in turns:
            tried("unlimited", make, make.name, whole)
        print(f"swarm path: round {number + 1} of {rounds}", flush=True)
    return numbers, failed


def fresh(make, programs, stand_ins, folder):
    shutil.rmtree(folder / "server", ignore_errors=True)
    return make(programs[make.name], folder / "server", stand_ins)


def start(make, programs, stand_ins, films, swarm, folder, log, seen):
    """A small film first, so that the engine is up; then the film, and a seek in it. With `seen` the
    list of its releases was on the screen before the click."""
    film = films["film"]
    stand_ins.peers[film.info_hash] = swarm.ports
    with fresh(make, programs, stand_ins, folder).running(log) as server, machine.Memory(server.pid) as memory:
        began = time.perf_counter()
        path = server.open(films["small"])
        opened = time.perf_counter() - began
        small = server.read(path, films["small"].bytes)
        yield "first play", 1e3 * (opened + small["first"])

        if seen:
            server.find(film)
        busy, carried = machine.cpu_seconds(server.pid), swarm.carried
        began = time.perf_counter()
        path = server.open(film)
        opened = time.perf_counter() - began
        beginning = server.read(path, film.bytes, most=BEGINNING, mark=BEGINNING)
        yield "call", 1e3 * opened
        yield "GET to first byte", 1e3 * beginning["first"]
        yield "call to first byte", 1e3 * (opened + beginning["first"])
        yield "call to 10 MiB", 1e3 * (opened + beginning["mark"])
        there = int(film.size * SEEK)
        after = server.read(path, film.bytes, there, most=2 * MIB, mark=2 * MIB)
        yield "seek to first byte", 1e3 * after["first"]
        yield "seek to 2 MiB", 1e3 * after["mark"]
        if swarm.lines:
            yield "CPU of what came", (machine.cpu_seconds(server.pid) - busy) / ((swarm.carried - carried) / 1e9)
        yield "resident at the start", memory.most_mb


def whole(make, programs, stand_ins, films, swarm, folder, log):
    """The film from its first byte to its last, as fast as it comes."""
    film = films["film"]
    stand_ins.peers[film.info_hash] = swarm.ports
    with fresh(make, programs, stand_ins, folder).running(log) as server:
        server.find(film)
        before = machine.cpu_seconds(server.pid)
        with machine.Memory(server.pid) as memory:
            began = time.perf_counter()
            path = server.open(film)
            server.read(path, film.bytes)
            seconds = time.perf_counter() - began
        yield "throughput", film.size / 1e6 / seconds
        yield "CPU", (machine.cpu_seconds(server.pid) - before) / (film.size / 1e9)
        yield "resident", memory.most_mb
        yield "high water", memory.high_mb
