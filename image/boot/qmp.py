"""QEMU's monitor, the machine-readable one: a command, its answer, and what happened meanwhile."""
import json
import socket
import threading


class QmpError(Exception):
    """QEMU refused, or is gone."""


class Qmp:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._answers = []
        self._arrived = threading.Condition()
        self._gone = False
        self.events = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.ask("qmp_capabilities")

    def _read(self):
        try:
            for line in self._socket.makefile("r", encoding="utf-8"):
                message = json.loads(line)
                with self._arrived:
                    if "event" in message:
                        self.events.append(message)
                    elif "QMP" not in message:
                        self._answers.append(message)
                    self._arrived.notify_all()
        except (OSError, ValueError):
            pass
        with self._arrived:
            self._gone = True
            self._arrived.notify_all()

    def ask(self, command, timeout=20, **arguments):
        with self._arrived:
            self._answers.clear()
            request = {"execute": command, "arguments": arguments}
            try:
                self._socket.sendall(json.dumps(request).encode() + b"\n")
            except OSError as error:
                raise QmpError(f"QEMU is gone: {error}") from error
            if not self._arrived.wait_for(lambda: self._answers or self._gone, timeout):
                raise QmpError(f"QEMU did not answer {command} in {timeout} s")
            if not self._answers:
                raise QmpError(f"QEMU ended before it answered {command}")
            answer = self._answers.pop(0)
        if "error" in answer:
            raise QmpError(answer["error"].get("desc", str(answer)))
        return answer["return"]

    def wait_for(self, name, timeout, **having):
        """The first event of this name whose data has these values; `None` after `timeout`."""

        def found():
            for event in self.events:
                data = event.get("data", {})
                if event["event"] == name and all(data.get(k) == v for k, v in having.items()):
                    return event
            return None

        with self._arrived:
            self._arrived.wait_for(lambda: found() or self._gone, timeout)
            return found()

    def ended_by(self):
        """Why QEMU ended: `watchdog`, `guest-reset`, `guest-shutdown`, …; `None`: without a word."""
        self._reader.join(5)
        # Its bite is a reset like any other but for this.
        if any(event["event"] == "WATCHDOG" for event in self.events):
            return "watchdog"
        for event in reversed(self.events):
            if event["event"] == "SHUTDOWN":
                return event["data"].get("reason")
        return None

    def close(self):
        self._socket.close()
