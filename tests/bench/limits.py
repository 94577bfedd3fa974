"""A group of processes with less of the machine, as a small board has: control groups, of the second
version, or of the first where that one holds the controllers (as tests/support/cgroup.rs)."""
import contextlib
import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "memory")


class Missing(Exception):
    """Why there can be no group on this machine."""


class Group:
    """At most so many processors and so many bytes of memory, page cache included."""

    def __init__(self, processors, memory_bytes):
        if os.geteuid() != 0:
            raise Missing("needs root and control groups")
        name, period = f"credenza-bench-{os.getpid()}", 100_000
        quota = int(processors * period)
        if all((ROOT / controller / "cgroup.procs").exists() for controller in CONTROLLERS):
            self.version = 1
            self.folders = {controller: ROOT / controller / name for controller in CONTROLLERS}
            rules = {"cpu": {"cpu.cfs_period_us": period, "cpu.cfs_quota_us": quota}, "memory": {"memory.limit_in_bytes": memory_bytes}}
        else:
            self.version = 2
            self.folders = {controller: ROOT / name for controller in CONTROLLERS}
            rules = {"cpu": {"cpu.max": f"{quota} {period}"}, "memory": {"memory.max": memory_bytes, "memory.swap.max": 0}}
        try:
            if self.version == 2:
                (ROOT / "cgroup.subtree_control").write_text("+cpu +memory")
            for controller, folder in self.folders.items():
                folder.mkdir(exist_ok=self.version == 2)
                for file, value in rules[controller].items():
                    # A machine without swap has no limit for it.
                    if "swap" not in file or (folder / file).exists():
                        (folder / file).write_text(str(value))
        except OSError as fault:
            self.remove()
            raise Missing(f"needs root and control groups with cpu and memory ({fault})") from fault

    def inside(self, command):
        """The same command, inside; the process id stays the program's own."""
        places = sorted({str(folder / "cgroup.procs") for folder in self.folders.values()})
        enter = "".join(f'echo $$ > "{place}" && ' for place in places)
        return ["sh", "-c", f'{enter}exec "$@"', "sh", *map(str, command)]

    def counted(self, controller, file, word):
        """A number out of a table of the kernel's; 0 where it has none."""
        with contextlib.suppress(OSError):
            for line in (self.folders[controller] / file).read_text().splitlines():
                if line.split()[0] == word:
                    return int(line.split()[1])
        return 0

    def kills(self):
        """How often the kernel has killed something in it for its memory."""
        return self.counted("memory", "memory.oom_control" if self.version == 1 else "memory.events", "oom_kill")

    def throttled(self):
        """In how many of the kernel's periods of 100 ms the processor was taken away."""
        return self.counted("cpu", "cpu.stat", "nr_throttled")

    def remove(self):
        for folder in set(self.folders.values()):
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)


@contextlib.contextmanager
def group(processors, memory_bytes):
    made = Group(processors, memory_bytes)
    try:
        yield made
    finally:
        made.remove()
