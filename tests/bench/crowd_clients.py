"""Players that read one film at the rate at which it plays, each with a buffer of some seconds; one
thread for all of them, so that they cost little. Started by crowd.py.

    crowd_clients.py PORT PATH FILM CLIENTS BYTES_A_SECOND BUFFER_S SECONDS

A player fills its buffer, then plays for SECONDS; a stall is a time in which its buffer is empty. Each
byte is held against the file FILM. Says "playing" once all play, and at the end one object of JSON."""
import json
import mmap
import socket
import sys
import time

# How often all are looked at, what they take at a time at least, and at most in one look.
TICK_S, LEAST, MOST = 0.01, 64 << 10, 1 << 20
# The kernel's own buffer would else hold seconds of the film beyond the player's.
KERNEL_BUFFER = 512 << 10
# Longest that filling the buffers may take, beside a machine that does other things too.
FILLING_S = 60
scratch = memoryview(bytearray(MOST))


class Player:
    def __init__(self, address, port, path, film, start, rate, buffer_bytes):
        self.port, self.path, self.film, self.rate, self.room = port, path, film, rate, buffer_bytes
        self.at, self.got, self.trouble = start, 0, None
        self.asked_at, self.plays_since, self.starved_since = time.monotonic(), None, None
        self.waited, self.stalls, self.lowest = 0.0, [], buffer_bytes
        self.connection = socket.socket()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
        # A household's devices, which no limit for one device meets.
        self.connection.bind((address, 0))
        self.connection.connect(("127.0.0.1", port))
        self.ask()

    def ask(self):
        self.connection.setblocking(True)
        self.connection.settimeout(30)
        lines = (f"GET {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Range: bytes={self.at}-", "", "")
        self.connection.sendall("\r\n".join(lines).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.connection.recv(1)
            if not more or len(head) > 8192:
                raise SystemExit(f"a player got no headers: {head[:200]!r}")
            head += more
        if not head.startswith(b"HTTP/1.1 206"):
            raise SystemExit(f"a player was answered {head[:200]!r}")
        self.connection.setblocking(False)

    def played(self, now):
        """Bytes of the film that were shown."""
        if self.plays_since is None:
            return 0
        starved = now - self.starved_since if self.starved_since is not None else 0
        return (now - self.plays_since - self.waited - starved) * self.rate

    def look(self, now):
        """Takes what there is room for."""
        taken = 0
        while taken < MOST:
            space = int(self.room - (self.got - self.played(now)))
            if space < LEAST:
                break
            try:
                count = self.connection.recv_into(scratch, min(space, len(scratch)))
            except BlockingIOError:
                break
            if count == 0:
                raise SystemExit(f"a film broke off at byte {self.at}")
            if scratch[:count].tobytes() != self.film[self.at:self.at + count]:
                raise SystemExit(f"other bytes than the source's at byte {self.at}")
            self.at, self.got, taken = self.at + count, self.got + count, taken + count
            if self.at == len(self.film):
                self.at = 0
                self.ask()
        self.judge(now)

    def judge(self, now):
        if self.plays_since is None:
            if self.got >= self.room - LEAST:
                self.plays_since = now
            return
        left = self.got - self.played(now)
        self.lowest = min(self.lowest, left)
        if self.starved_since is None and left <= 0:
            self.starved_since = now
        elif self.starved_since is not None and left >= LEAST:
            self.waited += now - self.starved_since
            self.stalls.append(now - self.starved_since)
            self.starved_since = None

    def ends(self, now):
        if self.starved_since is not None:
            self.stalls.append(now - self.starved_since)
        self.connection.close()
        return {"stalls": self.stalls, "start_s": self.plays_since - self.asked_at, "lowest_s": self.lowest / self.rate, "bytes": self.got}


def main(port, path, film, count, rate, buffer_s, seconds):
    with open(film, "rb") as file:
        source = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    # Each elsewhere in the film, all far enough from its end, where it is long enough for that.
    spare = max(0, len(source) - int(rate * (seconds + buffer_s) * 1.1))
    players = [Player(f"127.0.1.{number + 1}", port, path, source, spare * number // count, rate, int(rate * buffer_s)) for number in range(count)]
    began, playing_since, latest = time.monotonic(), None, 0.0
    while playing_since is None or time.monotonic() < playing_since + seconds:
        due = time.monotonic() + TICK_S
        for player in players:
            player.look(time.monotonic())
        if playing_since is None and all(player.plays_since is not None for player in players):
            playing_since = time.monotonic()
            print("playing", flush=True)
        if playing_since is None and time.monotonic() > began + FILLING_S:
            filled = sum(player.plays_since is not None for player in players)
            raise SystemExit(f"only {filled} of {count} buffers were full after {FILLING_S} s")
        pause = due - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        # While buffers are filled there is more to do than fits a tick.
        if playing_since is not None:
            latest = max(latest, time.monotonic() - due)
    now = time.monotonic()
    ends = [player.ends(now) for player in players]
    cpu = time.process_time()
    print(json.dumps({"players": ends, "seconds": now - playing_since, "cpu_s": cpu, "late_s": latest}), flush=True)


if __name__ == "__main__":
    port, path, film, count, rate, buffer_s, seconds = sys.argv[1:]
    main(int(port), path, film, int(count), float(rate), float(buffer_s), float(seconds))
