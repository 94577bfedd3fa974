"""A box at home: a card, a machine, and a firmware that starts it again after each reset."""
import re
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import firmware
import web
from card import Card, need
from machine import Machine, Outfit
from patience import given_up, patient


# A run that ended like this is followed by the next start.
RESETS = ("guest-reset", "watchdog")
# Those that are not put away yet.
_at_home = set()


@dataclass
class Boot:
    """One start: which slot, and how that run ended (`None`: it runs)."""

    slot: str
    trial: bool
    at: float
    ended: str | None = None


class BoxError(Exception):
    """The box did not do what was waited for."""


class Box:
    """Made of an image; `with` it, so that no QEMU is left behind."""

    def __init__(self, card, outfit=None, folder=None, device_trees=()):
        need("qemu-system-aarch64", "qemu-img", "mtype")
        self.card, self.outfit = card, outfit or Outfit()
        # QEMU's sockets lie here: a path of theirs must be shorter than 108 bytes.
        self.folder = Path(folder or tempfile.mkdtemp(prefix="credenza-box-"))
        self.port, self.shell_port = free_port(), free_port()
        self.boots = []
        self.machine = None
        self.failure = None
        self._device_trees = device_trees
        self._one_shot = False
        self._guard = threading.RLock()
        self._turn = threading.Condition()
        self._owner = None

    def __enter__(self):
        _at_home.add(self)
        return self

    def __exit__(self, *_):
        self.pull()
        _at_home.discard(self)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self):
        path = self.folder / "console.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return re.sub(r"\x1b[\[(]?[0-9;?!]*[A-Za-z]|\r", "", text)

    # --- power ------------------------------------------------------------------------------------

    def power(self, outfit=None, one_shot=False):
        """Plugs it in. From here on every reset starts it again, as firmware does. `one_shot`: as if
        the system had asked for the other slot just before."""
        self.outfit = outfit or self.outfit
        self.failure = None
        self._one_shot = one_shot
        self._start()
        return self

    def _start(self):
        with self._guard:
            if given_up.is_set():
                raise BoxError("the run was given up")
            start = firmware.load(self.card, self.folder, self._one_shot, self._device_trees)
            self._one_shot = False
            machine = Machine(
                self.card, start, self.outfit, self.folder, self.port, self.shell_port
            )
            self.machine = machine
            self._tell(lambda: self.boots.append(Boot(start.slot, start.trial, time.monotonic())))
        threading.Thread(target=self._watch, args=(machine,), daemon=True).start()

    def _tell(self, change):
        with self._turn:
            change()
            self._turn.notify_all()

    def _watch(self, machine):
        machine.process.wait()
        with self._guard:
            if self.machine is not machine:
                return  # Its plug was pulled, by `pull`.
            self.machine = None
            try:
                why = machine.wait() or "a crash of QEMU"
                self._tell(lambda: setattr(self.boots[-1], "ended", why))
                if why in RESETS:
                    self._one_shot = machine.one_shot()
                    self._start()
            except Exception as failure:  # noqa: BLE001: told to whoever waits
                self._tell(lambda failure=failure: setattr(self, "failure", failure))

    def pull(self):
        """Pulls the plug, at once; what the firmware remembered is gone."""
        with self._guard:
            machine, self.machine = self.machine, None
            if machine:
                machine.pull()
                self._tell(lambda: setattr(self.boots[-1], "ended", "plug pulled"))

    # --- waiting ----------------------------------------------------------------------------------

    def wait_boots(self, count, limit_s=120):
        """Waits until so many starts were made in all."""
        with self._turn:
            told = lambda: len(self.boots) >= count or self.failure or given_up.is_set()  # noqa: E731
            self._turn.wait_for(told, patient(limit_s))
            if given_up.is_set():
                raise BoxError("the run was given up")
            if self.failure:
                raise BoxError(f"the box does not start: {self.failure}")
            if len(self.boots) < count:
                raise BoxError(f"no start number {count} in {limit_s} s")
        return self.boots[count - 1]

    def wait_health(self, limit_s=240):
        """Waits for HTTP 200 of /health; seconds since the power came on."""
        deadline = time.monotonic() + patient(limit_s)
        while time.monotonic() < deadline:
            if self.failure:
                raise BoxError(f"the box does not start: {self.failure}")
            # QEMU takes the connection at once and waits for the guest: an impatient question asked
            # again tells the moment to within a second.
            if web.status(f"{self.url}/health", patient(0.7)) == 200:
                return time.monotonic() - self.boots[-1].at
            if self.boots[-1].ended and not self.machine and self.boots[-1].ended not in RESETS:
                raise BoxError(f"the box ended by {self.boots[-1].ended}")
            time.sleep(0.1)
        raise BoxError(f"no answer in {limit_s} s")

    # --- looking ----------------------------------------------------------------------------------

    def run(self, command, limit_s=60, ask=False, wait_s=120):
        """Runs a command in the guest, as root."""
        shell = self.machine.shell(wait_s)
        try:
            return shell.ask(command, limit_s) if ask else shell.run(command, limit_s)
        finally:
            shell.close()


def pull_all():
    """Pulls every plug for good: who waits for one of these boxes learns that it ended."""
    given_up.set()
    for box in list(_at_home):
        box.pull()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def blank_disk(path, size_bytes):
    with open(path, "wb") as file:
        file.truncate(size_bytes)
    return Path(path)


def card_of(image, path, size_mib=2048):
    return Card.copy_of(image, path, size_mib << 20)
