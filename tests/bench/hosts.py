"""Two hosts on one machine: network namespaces joined by a cable, gone with the block that made them
(as tests/support/netns.rs)."""
import contextlib
import os
import shutil
import subprocess

SERVER, VIEWER = "10.99.0.1", "10.99.0.2"


def missing():
    """Why there can be none here, if so."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    return None if shutil.which("ip") else "needs ip of iproute2"


def ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=10)


class Host:
    def __init__(self, role, address):
        self.name, self.address = f"credenza-bench-{os.getpid()}-{role}", address

    def inside(self, command):
        """The same command on this host; the process id stays the program's own."""
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def connect(self):
        for words in ("link set lo up", f"addr add {self.address}/24 dev lan0", "link set lan0 up", "route add 224.0.0.0/4 dev lan0"):
            ip("-n", self.name, *words.split())


@contextlib.contextmanager
def household():
    """The host that serves, and the one that looks."""
    with contextlib.ExitStack() as stack:
        hosts = Host("server", SERVER), Host("viewer", VIEWER)
        for host in hosts:
            ip("netns", "add", host.name)
            stack.callback(ip, "netns", "delete", host.name)
        ip("-n", hosts[0].name, *"link add lan0 type veth peer name lan0 netns".split(), hosts[1].name)
        for host in hosts:
            host.connect()
        yield hosts
