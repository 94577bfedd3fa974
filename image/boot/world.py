"""The world outside the box, on this machine's loopback: one title, an index that lists one torrent,
a tracker that names one peer, and libtorrent, which has the demo film.

A guest of QEMU's user network finds this machine's loopback at 10.0.2.2. Nothing in the box stands
in: it is told where the world is by keys of its credenza.toml that every owner has.
"""
import hashlib
import http.server
import json
import os
import subprocess
import threading
from pathlib import Path
from urllib.parse import unquote_to_bytes

from box import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
FILM = REPOSITORY / "src/demo/media/film.mp4"
ID, TITLE, YEAR = "tt9900101", "The Lamp and the Tide", "2024"
RELEASE = "The.Lamp.and.the.Tide.2024.1080p.BluRay.x264.AAC-Demo.mp4"
PIECE_BYTES = 64 << 10


class WorldError(Exception):
    """What the world lacks, in one sentence."""


def bencode(value):
    """BEP 3; keys of dictionaries in order."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def python_with_libtorrent():
    """tests/run makes this environment."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    python = Path(os.environ.get("CREDENZA_TEST_PYTHON") or cache / "credenza/venv/bin/python")
    if not python.is_file():
        raise WorldError(f"there is no {python}, which has libtorrent: `tests/run install` makes it")
    return python


class World:
    """`with` it: the seeder must end."""

    def __init__(self, folder, seen_at="10.0.2.2"):
        self._seen_at = seen_at
        self.film = FILM.read_bytes()
        self._peer_port = free_port()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._seeder = self._seed(Path(folder))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._seeder.stdin.close()
        try:
            self._seeder.wait(10)
        except subprocess.TimeoutExpired:
            self._seeder.kill()

    @property
    def origin(self):
        return f"{self._seen_at}:{self._port}"

    def configuration(self):
        """The keys that lead a box here."""
        return (
            f'[title]\ncinemeta_url = "http://{self.origin}/"\n'
            f'[index.torrentio]\nurl = "http://{self.origin}/"\n'
            "[index.stremthru]\nenabled = false\n[index.zilean]\nenabled = false\n"
            f'[network]\nallow_private = ["{self.origin}"]\n'
            "[swarm]\ndht = false\n"
        )

    def _seed(self, folder):
        info = {
            "length": len(self.film),
            "name": RELEASE,
            "piece length": PIECE_BYTES,
            "pieces": b"".join(
                hashlib.sha1(self.film[at : at + PIECE_BYTES]).digest()
                for at in range(0, len(self.film), PIECE_BYTES)
            ),
        }
        self.info_hash = hashlib.sha1(bencode(info)).hexdigest()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RELEASE).write_bytes(self.film)
        (folder / "film.torrent").write_bytes(bencode({"info": info}))
        seeder = subprocess.Popen(
            [python_with_libtorrent(), REPOSITORY / "tests/support/seed.py",
             folder / "film.torrent", folder, f"127.0.0.1:{self._peer_port}", "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        if seeder.stdout.readline().strip() != b"seeding":
            raise WorldError("libtorrent does not seed the demo film")
        return seeder

    # --- what is asked ----------------------------------------------------------------------------

    def _answer(self, target):
        path, _, query = target.partition("?")
        if path == f"/meta/movie/{ID}.json":
            meta = {"id": ID, "imdb_id": ID, "name": TITLE, "type": "movie", "year": YEAR}
            return json.dumps({"meta": meta}).encode()
        if path == f"/stream/movie/{ID}.json":
            stream = {
                "name": "Torrentio\n1080p",
                "title": f"{RELEASE}\n\U0001f464 5 \U0001f4be 1 MB \u2699\ufe0f Nowhere",
                "infoHash": self.info_hash,
                "sources": [f"tracker:http://{self.origin}/announce", f"dht:{self.info_hash}"],
            }
            return json.dumps({"streams": [stream], "cacheMaxAge": 3600}).encode()
        if path == "/announce":
            asked = dict(part.partition("=")[::2] for part in query.split("&"))
            ours = unquote_to_bytes(asked.get("info_hash", "")).hex() == self.info_hash
            address = bytes(map(int, self._seen_at.split("."))) + self._peer_port.to_bytes(2, "big")
            # BEP 23: six bytes a peer.
            return bencode({"interval": 5, "peers": address if ours else b""})
        return None

    def _handler(world):  # noqa: N805: `self` is the request's, below
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = world._answer(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        return Handler
