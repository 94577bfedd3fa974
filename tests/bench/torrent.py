"""A film of random bytes as a torrent (BEP 3), and the program that seeds it."""
import contextlib
import hashlib
import mmap
import os
import pathlib
import subprocess
import sys

import machine

SEED = pathlib.Path(__file__).parent.parent / "support" / "seed.py"


def bencoded(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(bencoded(key) + bencoded(value[key]) for key in sorted(value)) + b"e"


class Film:
    """One file of random bytes, its torrent beside it."""

    def __init__(self, folder, imdb, title, size, piece):
        self.imdb, self.title, self.size, self.piece = imdb, title, size, piece
        self.name = f"{title.replace(' ', '.')}.2020.1080p.WEB-DL.x264-BENCH.mkv"
        self.folder = pathlib.Path(folder) / imdb
        self.folder.mkdir()
        self.path = self.folder / self.name
        hashes = []
        with open(self.path, "wb") as file:
            for at in range(0, size, piece):
                content = os.urandom(min(piece, size - at))
                file.write(content)
                hashes.append(hashlib.sha1(content).digest())
        info = bencoded({b"length": size, b"name": self.name.encode(), b"piece length": piece,
                         b"pieces": b"".join(hashes)})
        self.info_hash = hashlib.sha1(info).hexdigest()
        self.torrent = self.folder / "film.torrent"
        self.torrent.write_bytes(b"d4:info" + info + b"e")
        with open(self.path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @contextlib.contextmanager
    def seeded(self, log):
        """A libtorrent that sends as fast as it can; gives its port."""
        port = machine.free_port()
        command = [sys.executable, SEED, self.torrent, self.folder, f"127.0.0.1:{port}", "0"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with machine.running(command, log, **pipes) as seeder:
            machine.said(seeder, "seeding")
            yield port
