"""What one client did, and whether that is what it was asked to do; and where what it needs is installed."""

import os
import re
from pathlib import Path

from room import quiet

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "credenza"
PYTHON = CACHE / "venv/bin/python"
NODE = CACHE / "npm/node_modules"
# How many frames of the film's twelve a second are a picture that moves.
FRAMES = 10


class Row:
    """What one client did."""

    def __init__(self, world):
        self.world, self.version, self.cells, self.faults, self.wants = world, "", {}, [], []

    def put(self, column, words, good):
        self.cells[column] = words
        if not good:
            self.faults.append(f"{column}: {words}")

    def lists(self, names, ending=""):
        """Every film of the catalogue, by its whole name."""
        lacks = [name for name in self.world["films"] if f"{name}{ending}" not in names]
        words = f"{len(names)} films" + (f", without {len(lacks)}, such as {lacks[0][:40]}" if lacks else "")
        self.put("lists", words, not lacks)

    def frames(self, column, count, words=""):
        self.put(column, f"{count} frames{words}", count >= FRAMES)

    def log(self, method, first, beyond=0):
        """The server must have answered this; `beyond`: from that byte on, or a later one."""
        self.wants.append((method, first, beyond))

    def judge(self, answered):
        for method, first, beyond in self.wants:
            if not any(told[:2] == (method, first) and told[2] >= beyond and told[3] < 300 for told in answered):
                where = f" from byte {beyond} on" if beyond else ""
                self.faults.append(f"the server's log tells of no {method} of /{first}{where} that was answered")


def version(text):
    # Not the number in a program's own name, such as gst-launch-1.0.
    found = re.search(r"(?<![-\w.])v?(\d+(?:\.\d+)+)", text)
    return found[1] if found else ""


def installed(package):
    return version(quiet("dpkg-query", "-W", package))
