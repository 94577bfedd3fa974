"""The swarm path: one seeder, two programs in turn, each time in a new process with an empty
folder."""
import shutil
import time

import machine
import player
from servers import Credenza, Rqbit

MIB = 1 << 20
# How far a seek goes, and how much of the film is read before it.
SEEK = 0.9
BEGINNING = 10 * MIB


def measure(programs, stand_ins, films, seeders, folder, rounds, log):
    """Measurements by (seeder, program, what), one number a round; times in ms."""
    numbers = {}

    def note(*key_and_value):
        *key, value = key_and_value
        numbers.setdefault(tuple(key), []).append(value)

    for number in range(rounds):
        # The first of a pair finds another machine than the second: they change places.
        turns = [Credenza, Rqbit] if number % 2 == 0 else [Rqbit, Credenza]
        for seeder, port in seeders.items():
            stand_ins.peers[films["film"].info_hash] = port
            for make in turns:
                for key, value in start(make, programs, stand_ins, films, folder, True, log):
                    note(seeder, make.name, key, value)
            for key, value in start(Credenza, programs, stand_ins, films, folder, False, log):
                note(seeder, "credenza, searching", key, value)
        stand_ins.peers[films["film"].info_hash] = seeders["unlimited"]
        for make in turns:
            for key, value in whole(make, programs, stand_ins, films["film"], folder, log):
                note("unlimited", make.name, key, value)
        print(f"swarm path: round {number + 1} of {rounds}", flush=True)
    return numbers


def fresh(make, programs, stand_ins, folder):
    shutil.rmtree(folder / "server", ignore_errors=True)
    return make(programs[make.name], folder / "server", stand_ins)


def start(make, programs, stand_ins, films, folder, seen, log):
    """A small film first, so that the engine is up; then the film, and a seek in it. With `seen` the
    list of its releases was on the screen before the click."""
    with fresh(make, programs, stand_ins, folder).running(log) as server:
        began = time.perf_counter()
        path = server.open(films["small"])
        opened = time.perf_counter() - began
        small = player.read(server.port, path, films["small"].bytes)
        yield "first play", 1e3 * (opened + small["first"])

        film = films["film"]
        if seen:
            server.find(film)
        began = time.perf_counter()
        path = server.open(film)
        opened = time.perf_counter() - began
        beginning = player.read(server.port, path, film.bytes, most=BEGINNING, mark=BEGINNING)
        yield "call", 1e3 * opened
        yield "GET to first byte", 1e3 * beginning["first"]
        yield "call to first byte", 1e3 * (opened + beginning["first"])
        yield "call to 10 MiB", 1e3 * (opened + beginning["mark"])
        there = int(film.size * SEEK)
        after = player.read(server.port, path, film.bytes, there, most=2 * MIB, mark=2 * MIB)
        yield "seek to first byte", 1e3 * after["first"]
        yield "seek to 2 MiB", 1e3 * after["mark"]


def whole(make, programs, stand_ins, film, folder, log):
    """The film from its first byte to its last, as fast as it comes."""
    with fresh(make, programs, stand_ins, folder).running(log) as server:
        server.find(film)
        before = machine.cpu_seconds(server.pid)
        with machine.Memory(server.pid) as memory:
            began = time.perf_counter()
            path = server.open(film)
            player.read(server.port, path, film.bytes)
            seconds = time.perf_counter() - began
        yield "throughput", film.size / 1e6 / seconds
        yield "CPU", (machine.cpu_seconds(server.pid) - before) / (film.size / 1e9)
        yield "resident", memory.most_mb
        yield "high water", memory.high_mb
