"""The parts of a run: each fails alone, and says so in the report."""
import contextlib
import signal
import sys
import time


class Stopped(BaseException):
    """The run was told to end, or its time is up."""


class Sections:
    def __init__(self, report, log, deadline_s):
        self.report, self.log, self.deadline_s = report, log, deadline_s
        self.over = False
        signal.signal(signal.SIGALRM, self.too_long)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        signal.alarm(deadline_s)

    def too_long(self, *_):
        raise Stopped

    def end(self):
        """From here on time does not count."""
        signal.alarm(0)

    def run(self, heading, work, holds_others=False):
        """Does it. What it had put into the report before it failed is taken out again, unless it
        `holds_others`, which stand for themselves."""
        began, clock = len(self.report.lines), time.monotonic()
        try:
            if self.over:
                raise Stopped
            work()
            if time.monotonic() - clock > 1:
                print(f"{heading}: {time.monotonic() - clock:.0f} s", flush=True)
        except (Exception, SystemExit, Stopped) as fault:
            # A signal's own end is everybody's.
            if isinstance(fault, SystemExit) and fault.code == 143:
                raise
            why = f"{type(fault).__name__}: {fault}" if isinstance(fault, Exception) else str(fault)
            if isinstance(fault, Stopped):
                self.over = True
                why = f"the {self.deadline_s} s of the whole were over; see what took so long, or ask for fewer --rounds"
            if not holds_others:
                del self.report.lines[began:]
            self.report.add(f"## {heading}", "")
            self.report.not_measured(heading, why)
            print(f"{heading}: not measured: {why}", file=sys.stderr, flush=True)
            with contextlib.suppress(OSError):
                print(self.log.read_text(errors="replace")[-4000:], file=sys.stderr)
