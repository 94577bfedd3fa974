"""Processes: started, measured and ended by their id; and what the machine is."""
import contextlib
import os
import pathlib
import platform
import re
import signal
import socket
import subprocess
import threading
import time

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **options):
    """A program, until the block ends; what it says on standard error goes to the file `log`."""
    with open(log, "ab") as errors:
        process = subprocess.Popen(command, stderr=errors, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def said(process, pattern, limit=20):
    """The first match of `pattern` among the lines of standard output."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        line = process.stdout.readline().decode(errors="replace")
        if not line:
            break
        found = re.search(pattern, line)
        if found:
            return found
    raise SystemExit(f"{process.args[0]} did not say {pattern!r}: see its log")


def answers(port, process, limit=20):
    """Waits until something listens."""
    end = time.monotonic() + limit
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"{process.args[0]} does not listen on port {port}")


def cpu_seconds(pid):
    """Of the process and its children, kernel and user."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for one in [pid, *children]:
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS_A_SECOND


def read_from_disk(pid):
    """Bytes that a disk gave it, those that were in memory apart."""
    return int(re.search(r"^read_bytes: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text(), re.MULTILINE)[1])


class Memory:
    """Watches VmRSS while a block runs; `most_mb` is the most that was seen, and `high_mb` the
    kernel's own high-water mark of the process since its start. MB of 10^6 bytes."""

    def __init__(self, pid):
        self.status = pathlib.Path(f"/proc/{pid}/status")
        self.most_mb = 0.0
        self.ended = threading.Event()

    def field(self, name):
        found = re.search(rf"^{name}:\s+(\d+) kB", self.status.read_text(), re.MULTILINE)
        return int(found[1]) * 1024 / 1e6

    def forget_high(self):
        """The high-water mark begins anew."""
        (self.status.parent / "clear_refs").write_text("5")

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.ended.wait(0.02):
            self.most_mb = max(self.most_mb, self.field("VmRSS"))

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.high_mb = self.field("VmHWM")


def version(*command):
    """The first line that a program says of itself."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    except OSError:
        return "absent"
    lines = done.stdout.decode(errors="replace").splitlines()
    return lines[0].strip() if lines else "unknown"


def processor():
    cpus = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*:\s*(.+)$", cpus, re.MULTILINE)
    return found[1] if found else platform.machine()


def memory_gb():
    found = re.search(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e9


def load():
    return os.getloadavg()[0]
