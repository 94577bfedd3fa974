"""A time server on this machine's loopback, which a guest sees at 10.0.2.2: SNTP, RFC 4330."""
import socket
import struct
import threading
import time

PORT = 123
# From 1900, where NTP begins, to 1970.
ERA_S = 2_208_988_800


class Clock:
    """Tells a time that is `ahead_s` seconds ahead of this machine's; `with` it. Only root may take
    its port, and nobody may have it already: `OSError`."""

    def __init__(self, ahead_s):
        self._ahead_s = ahead_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", PORT))
        # Closing it wakes nobody who waits for a datagram.
        self._socket.settimeout(0.5)
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                question, who = self._socket.recvfrom(1024)
                self._socket.sendto(self._answer(question), who)
            except TimeoutError:
                continue
            except OSError:
                return  # It is closed.

    def _answer(self, question):
        now = int((time.time() + self._ahead_s + ERA_S) * (1 << 32)).to_bytes(8, "big")
        # Version 4, mode 4 (server), stratum 1, precision 2^-20 s; the client's own moment comes back.
        head = struct.pack(">BBbb", 0x24, 1, 6, -20) + bytes(8) + b"TEST"
        return head + now + question[40:48] + now + now
