"""A root shell in the guest, for what a test must see from inside.

It is not in the image: the kernel's command line, which the harness makes, hands systemd a unit as a
credential (systemd.system-credentials(7), `systemd.extra-unit.*`) that starts a shell on a virtio
console. A box in a house has neither that console nor that command line. busybox's shell, since it
has every small command within itself.
"""
import base64
import re
import socket
import time

from patience import patient

UNIT = """[Unit]
DefaultDependencies=no
BindsTo=dev-hvc0.device
After=dev-hvc0.device
[Service]
ExecStart=/usr/bin/busybox sh
StandardInput=tty-force
StandardOutput=inherit
StandardError=inherit
TTYPath=/dev/hvc0
Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin PS1= HISTFILE= TERM=dumb
Restart=always
RestartSec=1
"""

# The same for a machine without virtio: on a port of the guest, which QEMU forwards from loopback.
PORT = 2323
UNIT_ON_PORT = f"""[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/busybox nc -ll -p {PORT} -e /usr/bin/busybox sh
Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin HISTFILE=
Restart=always
RestartSec=1
"""


def credential(name, text):
    """The words on a kernel's command line that give systemd a credential."""
    packed = base64.b64encode(text.encode()).decode()
    return f"systemd.set_credential_binary={name}:{packed}"


def command_line(unit=UNIT):
    return f"{credential('systemd.extra-unit.harness.service', unit)} systemd.wants=harness.service"


class ShellError(Exception):
    """The shell did not answer, or what it ran failed."""


class Shell:
    """At a socket's path, or at a port of loopback."""

    def __init__(self, place):
        self._place = place
        self._count = 0
        self._text = ""
        self._socket = None
        self._connect()

    def _connect(self):
        self.close()
        if isinstance(self._place, int):
            self._socket = socket.create_connection(("127.0.0.1", self._place), 10)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(self._place))

    def _read_until(self, pattern, limit_s):
        deadline = time.monotonic() + limit_s
        while not (found := re.search(pattern, self._text, re.S)):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._socket.settimeout(left)
            try:
                piece = self._socket.recv(65536)
            except TimeoutError:
                return None
            if not piece:
                raise ShellError("the guest is gone")
            self._text += piece.decode("utf-8", "replace").replace("\r", "")
        return found

    def wait(self, limit_s=120):
        """Waits until the shell is there: a console that nobody reads swallows what is typed."""
        deadline = time.monotonic() + patient(limit_s)
        while time.monotonic() < deadline:
            try:
                if self._try("exec 2>&1", patient(2)) is not None:
                    return self
            except (OSError, ShellError):
                # A forwarded port is taken before the guest listens at its end, and closed then.
                time.sleep(0.5)
                self._connect()
        raise ShellError(f"no shell answered on the debug console in {limit_s} s")

    def _try(self, command, limit_s):
        self._count += 1
        self._text = ""
        # The terminal echoes what is typed. The quotes keep the echo from looking like the answer.
        mark = f"{self._count}"
        typed = f"echo be''gin-{mark}; {command}\necho en''d-{mark}-$?\n"
        self._socket.sendall(typed.encode())
        return self._read_until(rf"begin-{mark}\n(.*?)end-{mark}-(\d+)\n", limit_s)

    def ask(self, command, limit_s=60):
        """What the command printed, and its status."""
        found = self._try(command, patient(limit_s))
        if not found:
            raise ShellError(f"no answer in {limit_s} s to: {command}\n{self._text[-400:]}")
        # Echoed lines of what was typed stand among the output.
        lines = [line for line in found[1].split("\n") if "en''d-" not in line]
        return "\n".join(lines).strip(), int(found[2])

    def run(self, command, limit_s=60):
        """What the command printed; a failure is an error."""
        text, status = self.ask(command, limit_s)
        if status:
            raise ShellError(f"`{command}` ended with {status}: {text[-600:]}")
        return text

    def close(self):
        if self._socket:
            self._socket.close()
