"""A finished file: ours from the library, after a restart, beside nginx over the very same file."""
import contextlib
import os
import pathlib
import re
import subprocess
import time

import machine
import player
from servers import Credenza

HERE = pathlib.Path(__file__).parent
CLIENTS = (1, 8, 64)
SECONDS = 2


def measure(programs, stand_ins, film, seeder, folder, rounds, log):
    """GB/s and CPU seconds per GB by (server, clients, what), one number a round."""
    credenza = Credenza(programs["credenza"], folder / "finished", stand_ins)
    with credenza.configuration.open("a") as file:
        # All of wrk's clients are one device.
        file.write(f"[limits]\nstreams_per_device = {2 * max(CLIENTS)}\nstreams_total = {2 * max(CLIENTS)}\n")
    path = finish(credenza, stand_ins, film, seeder, log)
    numbers = {}
    with credenza.running(log), nginx(credenza.data, film, folder, log) as (pid, ports):
        servers = {
            "credenza": (credenza.pid, credenza.port, path),
            "nginx, sendfile": (pid, ports["SENDFILE_PORT"], "/film.mkv"),
            "nginx, read": (pid, ports["READ_PORT"], "/film.mkv"),
        }
        # Each gives the right bytes, and the file is in memory.
        for _, port, path in servers.values():
            player.read(port, path, film.bytes)
        for number in range(rounds):
            turns = list(servers) if number % 2 == 0 else list(reversed(servers))
            for clients in CLIENTS:
                for name in turns:
                    for what, value in load(*servers[name], clients, film.size).items():
                        numbers.setdefault((name, clients, what), []).append(value)
            print(f"finished file: round {number + 1} of {rounds}", flush=True)
    return numbers


def finish(credenza, stand_ins, film, seeder, log):
    """Has the film fetched, whole and on the disk; afterwards nobody seeds it any more."""
    stand_ins.peers[film.info_hash] = seeder
    with credenza.running(log):
        path = credenza.open(film)
        player.read(credenza.port, path, film.bytes)
        # The server notices a moment later that it is whole, and keeps that with the next request.
        for _ in range(5):
            os.sync()
            time.sleep(0.5)
            player.read(credenza.port, path, film.bytes, most=1)
    stand_ins.peers.clear()
    return path


@contextlib.contextmanager
def nginx(data, film, folder, log):
    """nginx over a hard link to the library's file."""
    kept, = (data / "library" / film.info_hash).glob("*.mkv")
    root = folder / "nginx"
    root.mkdir()
    os.chmod(root, 0o755)
    os.link(kept, root / "film.mkv")
    os.chmod(root / "film.mkv", 0o644)
    ports = {"SENDFILE_PORT": machine.free_port(), "READ_PORT": machine.free_port()}
    text = (HERE / "nginx.conf").read_text()
    for name, value in {"FOLDER": root, **ports}.items():
        text = text.replace("{" + name + "}", str(value))
    (root / "nginx.conf").write_text(text)
    command = ["nginx", "-c", root / "nginx.conf", "-e", root / "nginx.log"]
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
    with machine.running(command, log, env=environment) as process:
        for port in ports.values():
            machine.answers(port, process)
        yield process.pid, ports


def load(pid, port, path, clients, size):
    """One run of wrk."""
    command = ["wrk", "-t", str(min(clients, 2)), "-c", str(clients), "-d", f"{SECONDS}s",
               "--timeout", "30s", "-s", HERE / "range.lua", f"http://127.0.0.1:{port}{path}"]
    before = machine.cpu_seconds(pid)
    done = subprocess.run(command, env={**os.environ, "SIZE": str(size)}, check=True,
                          stdout=subprocess.PIPE, timeout=60)
    cpu = machine.cpu_seconds(pid) - before
    said = re.search(rb"BYTES (\d+) MICROSECONDS (\d+) FAILED (\d+)", done.stdout)
    total, duration, failed = (int(number) for number in said.groups())
    if failed:
        raise SystemExit(f"wrk: {failed} requests failed at port {port}")
    return {"throughput": total / 1e3 / duration, "CPU": cpu / (total / 1e9)}
