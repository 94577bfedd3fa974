"""Two hosts on this machine, joined by a cable: the box on one, whatever looks for it on the other."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOX, SET = "10.97.0.1", "10.97.0.2"
BASE = f"http://{BOX}:8080"
FILM = "tt9900101"
NAME = "Credenza demonstration"


class Missing(Exception):
    """A client that is not installed."""


def quiet(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **more).stdout


def need(*programs):
    for program in programs:
        if not (shutil.which(str(program)) or Path(program).exists()):
            raise Missing(Path(program).name)


def until(limit, probe):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            found = probe()
        except (RuntimeError, ValueError, KeyError, TypeError):
            found = None
        if found:
            return found
        time.sleep(0.2)
    return None


class Room:
    """The two hosts. Everything that was started ends with it."""

    def __init__(self, binary):
        mark = f"credenza-room-{os.getpid()}"
        self.box, self.set = f"{mark}-box", f"{mark}-set"
        self.folder, self.children = tempfile.mkdtemp(prefix="credenza-room-"), []
        for host in (self.box, self.set):
            quiet("ip", "netns", "add", host)
            quiet("ip", "-n", host, "link", "set", "lo", "up")
        quiet("ip", "-n", self.box, "link", "add", "lan0", "type", "veth", "peer", "name", "lan0",
              "netns", self.set)
        for host, address in ((self.box, BOX), (self.set, SET)):
            quiet("ip", "-n", host, "addr", "add", f"{address}/24", "dev", "lan0")
            quiet("ip", "-n", host, "link", "set", "lan0", "up")
            quiet("ip", "-n", host, "route", "add", "224.0.0.0/4", "dev", "lan0")
        self.data = Path(self.folder) / "data"
        self.log = Path(self.folder) / "log"
        self.serve(binary, self.furnish(binary))

    def furnish(self, binary):
        """The demonstration's world, with a catalogue of our own; the configuration that leads there."""
        street = Path(self.folder) / "street"
        self.listening(self.on_box(binary, "--data", street, "demo", "--listen", "127.0.0.1:9091"))
        text = (street / "credenza.toml").read_text()
        theirs = re.search(r'cinemeta_url = "([^"]+)"', text)[1]
        catalogue = self.on_box(sys.executable, HERE / "catalogue.py", theirs)
        address = f"127.0.0.1:{catalogue.stdout.readline().strip()}"
        text = text.replace(f'cinemeta_url = "{theirs}"', f'cinemeta_url = "http://{address}/"')
        text = text.replace("allow_private = [", f'allow_private = ["{address}", ')
        configuration = Path(self.folder) / "credenza.toml"
        configuration.write_text(text)
        return configuration

    def serve(self, binary, configuration):
        self.listening(self.on_box(
            binary, "--data", self.data, "--config", configuration, "serve", "--listen", "0.0.0.0:8080",
            "--log", "debug", log=self.log, env={"CREDENZA_LAN_MDNS": "true", "CREDENZA_LAN_UPNP": "true"}))

    def listening(self, program):
        """Waits for the address that a server prints."""
        for line in program.stdout:
            if line.startswith("http://"):
                return
        said = self.log.read_text() if self.log.exists() else ""
        self.end()
        sys.exit(f"the server did not start:\n{said}")

    def on_box(self, *command, log=None, env=None):
        """A program beside, on the box."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CREDENZA_")}
        stderr = open(log, "w") if log else subprocess.DEVNULL
        return self.start(["ip", "netns", "exec", self.box, *map(str, command)], env=kept | (env or {}),
                          stdout=subprocess.PIPE, stderr=stderr, text=True)

    def start(self, command, **more):
        child = subprocess.Popen(command, **more)
        self.children.append(child)
        return child

    def on_set(self, *command, limit=90, env=None, check=True):
        """What a command on the other host prints, both ways."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.set, *map(str, command)], capture_output=True, text=True,
            timeout=limit, env={**os.environ, **(env or {})}, errors="replace", check=False)
        if check and done.returncode:
            raise RuntimeError((done.stderr or done.stdout).strip()[-200:])
        return done.stdout + done.stderr

    def get(self, path, method="GET", body=None):
        said = ["curl", "--silent", "--max-time", "60", "-X", method, f"{BASE}{path}"]
        if body is not None:
            said += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        text = self.on_set(*said)
        return json.loads(text) if text.strip() else None

    def said(self):
        """How long the server's log is."""
        return self.log.stat().st_size

    def answered(self, since):
        """What the server's own log tells of the other host's requests: method, first part of the path,
        first byte that was asked for, status."""
        with open(self.log, errors="replace") as log:
            log.seek(since)
            lines = [line for line in log if "answered" in line and f'peer="{SET}"' in line]
        told = []
        for line in lines:
            word = lambda name: (re.search(rf'\b{name}="?([^" ]*)', line) or ["", ""])[1].strip()
            told.append((word("method"), word("first"), int(word("from") or 0), int(word("status"))))
        return told

    def end(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        for host in (self.box, self.set):
            subprocess.run(["ip", "netns", "delete", host], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
