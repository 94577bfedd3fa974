"""A line of a known rate and length between a player's household and a seeder. libtorrent's own limit
lets bytes go in lumps of half a second, and a lump decides what a first byte is; this one sends
evenly."""
import contextlib
import queue
import socket
import threading
import time

BLOCK = 16 << 10
# What lies in the line at most, besides: as little as a router's queue.
BUFFER = 256 << 10


class Line:
    """Passes TCP connections on to a port of loopback; towards the caller all of them together get
    `rate` bytes a second. `round_trip` seconds pass between a question and its answer, and once more
    before a connection's first, as for its handshake. `carried` counts the bytes towards the caller."""

    def __init__(self, port, rate, round_trip=0.0):
        self.target, self.rate, self.one_way = ("127.0.0.1", port), rate, round_trip / 2
        self.free_at, self.carried = 0.0, 0
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
            greeted = time.perf_counter() + 2 * self.one_way
            for source, sink, limited in ((near, far, False), (far, near, True)):
                out = Later(sink, self.one_way, greeted) if self.one_way else sink
                threading.Thread(target=self.pass_on, args=(source, out, limited), daemon=True).start()

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
            self.carried += size
            pause = self.free_at - now
        if pause > 0:
            time.sleep(pause)


class Later:
    """The far end of a long line: what is sent arrives some time later, in order."""

    def __init__(self, sink, one_way, greeted):
        self.sink, self.one_way, self.greeted = sink, one_way, greeted
        # Beyond what the line itself holds, whoever sends waits.
        self.under_way = queue.Queue(maxsize=max(4, BUFFER // BLOCK))
        threading.Thread(target=self.arrive, daemon=True).start()

    def sendall(self, block):
        self.under_way.put((max(time.perf_counter(), self.greeted) + self.one_way, block))

    def shutdown(self, _):
        self.under_way.put((time.perf_counter() + self.one_way, None))

    def arrive(self):
        broken = False
        while True:
            due, block = self.under_way.get()
            pause = due - time.perf_counter()
            if pause > 0 and not broken:
                time.sleep(pause)
            if block is None:
                with contextlib.suppress(OSError):
                    self.sink.shutdown(socket.SHUT_RDWR)
                return
            try:
                if not broken:
                    self.sink.sendall(block)
            except OSError:
                # What comes after it is thrown away until the line is told of the end.
                broken = True
