"""A crowd: 64 players of one finished film at the rate at which it plays, on one core and little
memory. What is counted are stalls, and what a stream costs in memory."""
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
import pathlib

import limits
import machine
from disk import finish
from report import spread
from servers import Credenza

HERE = pathlib.Path(__file__).parent
CLIENTS, MBIT_S, BUFFER_S, SECONDS, SHORT_S = 64, 25, 4, 120, 10
PROCESSORS, MEMORY_BYTES = 1, 350_000_000
# The server rests so long before its idle memory is read.
REST_S = 8
STALL_S, STREAM_KB, GROWTH = 0.1, 600, 1.05


class Watch(threading.Thread):
    """Resident memory in MB, twice a second, with the clock."""

    def __init__(self, memory):
        super().__init__(daemon=True)
        self.memory, self.rows, self.ended = memory, [], threading.Event()

    def run(self):
        while not self.ended.wait(0.5):
            with contextlib.suppress(OSError, TypeError):
                self.rows.append((time.monotonic(), self.memory.field("VmRSS")))

    def between(self, start, end):
        return [value for at, value in self.rows if start <= at <= end]


def measure(program, stand_ins, film, seeder, folder, short, log):
    """What one run gives; raises limits.Missing where there can be none."""
    with limits.group(PROCESSORS, MEMORY_BYTES) as group:
        shutil.rmtree(folder / "crowd", ignore_errors=True)
        credenza = Credenza(program, folder / "crowd", stand_ins)
        path = finish(credenza, stand_ins, film, seeder, log)
        own, others = cores()
        credenza.prefix = lambda command: group.inside(["taskset", "-c", own, *command])
        with credenza.running(log):
            time.sleep(REST_S)
            told = watched(credenza, path, film, SHORT_S if short else SECONDS, others, log)
        return {**told, "kills": group.kills(), "throttled": group.throttled(), "version": group.version}


def cores():
    """The server's, and the players'."""
    there = sorted(os.sched_getaffinity(0))
    return str(there[0]), ",".join(map(str, there[1:] or there))


def watched(credenza, path, film, seconds, others, log):
    memory = machine.Memory(credenza.pid)
    watch = Watch(memory)
    idle = memory.field("VmRSS")
    rate = MBIT_S * 1e6 / 8
    command = ["taskset", "-c", others, sys.executable, HERE / "crowd_clients.py", credenza.port, path, film.path,
               CLIENTS, rate, BUFFER_S, seconds]
    watch.start()
    try:
        with machine.running(list(map(str, command)), log, stdout=subprocess.PIPE) as players:
            machine.said(players, "playing", limit=90)
            began, busy = time.monotonic(), machine.cpu_seconds(credenza.pid)
            told = json.loads(players.stdout.readline() or "null")
            ended, busy = time.monotonic(), machine.cpu_seconds(credenza.pid) - busy
    finally:
        watch.ended.set()
        watch.join()
    if told is None:
        raise SystemExit("the players ended before their time: see the log")
    share = min(30, (ended - began) / 3)
    first, last = watch.between(began, began + share), watch.between(ended - share, ended)
    stalls = sorted(stall for one in told["players"] for stall in one["stalls"])
    return {"stalls": stalls, "starts": [one["start_s"] for one in told["players"]], "lowest": min(one["lowest_s"] for one in told["players"]),
            "bytes": sum(one["bytes"] for one in told["players"]), "seconds": told["seconds"], "late": told["late_s"], "share": share,
            "cpu": 100 * busy / (ended - began), "clients_cpu": 100 * told["cpu_s"] / (ended - began),
            "disk": machine.read_from_disk(credenza.pid), "idle": idle, "most": max(watch.between(began, ended)), "first": first, "last": last}


def tell(report, told, film):
    """Adds the section."""
    report.add("## A crowd", "",
               f"{CLIENTS} players read one finished film of {film.size >> 20} MiB at {MBIT_S} Mbit/s each for {told['seconds']:.0f} s. The server has one core ({PROCESSORS} processor by control group",
               f"and affinity) and {MEMORY_BYTES / 1e6:.0f} MB (version {told['version']} of control groups); the film's pages were in memory before and are not counted within. A player fills a buffer of {BUFFER_S} s, then plays; it takes",
               "more only where there is room, has an address of its own, its socket holds 0.5 MB at most, and a stall is a time in which its buffer is empty. All players are one process on the machine's other cores. Every byte was held against the source.", "",
               "| | | aim |", "|---|---|---|")
    long = [stall for stall in told["stalls"] if stall > STALL_S]
    longest = 1e3 * max(told["stalls"], default=0)
    where = f"A crowd of {CLIENTS}"
    aim = report.judged(not long, "none", f"{where}: {len(long)} stalls over 100 ms, the longest of {longest:.0f} ms; the aim is none")
    report.add(f"| stalls over {1e3 * STALL_S:.0f} ms beyond the buffer (all: {len(told['stalls'])}, longest: {longest:.0f} ms) | **{len(long)}** | {aim} |",
               f"| least that any buffer held, s | {max(0, told['lowest']):.1f} | |",
               f"| the players were late, at most, ms | {1e3 * told['late']:.0f} | |",
               f"| until a buffer was full, s: median (min to max) | {spread(told['starts'], 1)} | |")
    each = 1e3 * (told["most"] - told["idle"]) / CLIENTS
    aim = report.judged(each <= STREAM_KB, f"≤ {STREAM_KB} kB", f"{where}: {each:.0f} kB a stream, the aim is ≤ {STREAM_KB} kB")
    report.add(f"| most resident memory (VmRSS) above idle ({told['idle']:.0f} MB), kB a stream | **{each:.0f}** | {aim} |")
    first, last = statistics.median(told["first"]), statistics.median(told["last"])
    aim = report.judged(last <= GROWTH * first, f"≤ {GROWTH:.2f} of it", f"{where}: resident memory grew from {first:.0f} to {last:.0f} MB; the aim is ≤ {GROWTH:.2f} of the first")
    report.add(f"| resident memory, MB, the first {told['share']:.0f} s and the last | {first:.1f}, **{last:.1f}** | {aim} |")
    aim = report.judged(told["kills"] == 0, "none", f"{where}: the kernel killed {told['kills']} times for want of memory")
    report.add(f"| killed for want of memory | {told['kills']} | {aim} |",
               f"| processor of the server; of the players, percent of a core | {told['cpu']:.0f}; {told['clients_cpu']:.0f} | |",
               f"| times in which the limit took the processor away (of periods of 100 ms) | {told['throttled']} | |",
               f"| bytes in all; of the disk, since its pages were not in memory any more; GB | {told['bytes'] / 1e9:.1f}; {told['disk'] / 1e9:.1f} | |", "")
