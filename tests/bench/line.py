"""A line of a known rate between a player's household and the seeder. libtorrent's own limit lets
bytes go in lumps of half a second, and a lump decides what a first byte is; this one sends evenly."""
import contextlib
import socket
import threading
import time

BLOCK = 16 << 10
# What lies in the line at most, besides: as little as a router's queue.
BUFFER = 256 << 10


class Line:
    """Passes TCP connections on to a port of loopback; towards the caller all of them together get
    `rate` bytes a second."""

    def __init__(self, port, rate):
        self.target, self.rate = ("127.0.0.1", port), rate
        self.free_at = 0.0
        self.turn = threading.Lock()

    @contextlib.contextmanager
    def open(self):
        """Gives the port of the line's near end."""
        with socket.socket() as listener:
            # Before it listens: accepted sockets take their buffers from it.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()
            yield listener.getsockname()[1]

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            far.connect(self.target)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pair in ((near, far, False), (far, near, True)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, sink, limited):
        try:
            while block := source.recv(BLOCK):
                if limited:
                    self.wait(len(block))
                sink.sendall(block)
        except OSError:
            pass
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def wait(self, size):
        """Until the line has carried so many bytes more."""
        with self.turn:
            now = time.perf_counter()
            self.free_at = max(self.free_at, now) + size / self.rate
            pause = self.free_at - now
        if pause > 0:
            time.sleep(pause)
