"""What a test run says: a line for each step, with its seconds and outcome, on the screen and in a
log. A step that fails ends its chapter; the next chapter begins."""
import signal
import sys
import threading
import time
import traceback
from contextlib import contextmanager

from patience import given_up, patient


class Failed(Exception):
    """A step's expectation was not met."""


def expect(true, sentence):
    if not true:
        raise Failed(sentence)


class Report:
    def __init__(self, path):
        self._file = open(path, "w", encoding="utf-8")
        self.path = path
        self._begin()

    def _begin(self):
        self._began = time.monotonic()
        self.passed, self.failed = 0, []
        self._notes = []
        # Each step as it ended: its name, whether it went well, its seconds, and what it noted.
        self.steps = []

    def _write(self, line, on_screen=True):
        if on_screen:
            print(line, flush=True)
        print(line, file=self._file, flush=True)

    def say(self, line=""):
        self._write(line)

    def note(self, text):
        """Something that the running step found out; stands behind its name."""
        self._notes.append(str(text))

    @contextmanager
    def step(self, name):
        began, self._notes = time.monotonic(), []
        try:
            yield self
        except Exception as error:
            self.failed.append(name)
            self._line("FAILED", began, name)
            self.steps.append((name, False, time.monotonic() - began, [*self._notes, str(error)]))
            self.say(f"        {type(error).__name__}: {error}")
            if not isinstance(error, Failed):
                self._write(traceback.format_exc(), on_screen=False)
            raise Failed(name) from error
        self.passed += 1
        self._line("ok", began, name)
        self.steps.append((name, True, time.monotonic() - began, self._notes))

    def _line(self, outcome, began, name):
        notes = f" ({', '.join(self._notes)})" if self._notes else ""
        self.say(f"{time.monotonic() - began:7.1f} s  {outcome:6}  {name}{notes}")

    def chapter(self, name, play):
        """Runs a chapter; whether it went well."""
        self.say(f"\n== {name}")
        before = len(self.failed)
        try:
            play()
        except Failed as error:
            # A step said so already; or this came from between two steps.
            if len(self.failed) == before:
                self.failed.append(name)
                self.say(f"         FAILED  {error}")
        except Exception as error:  # noqa: BLE001: one chapter's end is not the run's
            self.failed.append(name)
            self.say(f"         FAILED  {type(error).__name__}: {error}")
            self._write(traceback.format_exc(), on_screen=False)
        return len(self.failed) == before

    def end(self):
        """The last lines, and the status for the shell."""
        seconds = time.monotonic() - self._began
        self.say(f"\n{self.passed} steps passed, {len(self.failed)} failed in {seconds:.0f} s; log: {self.path}")
        for name in self.failed:
            self.say(f"  failed: {name}")
        self._file.close()
        return 1 if self.failed else 0


class Part(Report):
    """The report of one chapter that runs beside others: its lines come out in one piece, at its end."""

    _turn = threading.Lock()

    def __init__(self, whole):
        self._whole, self._lines, self.path = whole, [], whole.path
        self._begin()

    def _write(self, line, on_screen=True):
        self._lines.append((line, on_screen))

    def hand_over(self):
        whole = self._whole
        with Part._turn:
            for line, on_screen in self._lines:
                whole._write(line, on_screen)
            whole.passed += self.passed
            whole.failed += self.failed
            whole.steps += self.steps


def die(sentence):
    print(sentence, file=sys.stderr)
    sys.exit(2)


def until(what, limit_s, probe):
    """Asks again and again until the answer is something; what it is."""
    deadline = time.monotonic() + patient(limit_s)
    while True:
        if (found := probe()) or time.monotonic() > deadline or given_up.is_set():
            break
        time.sleep(0.3)
    expect(found, f"not within {limit_s} s: {what}")
    return found


def end_tidily():
    """A `kill` or a `timeout` of the harness ends what it started as well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
