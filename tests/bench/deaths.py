"""Playing on: the sources of a film die again and again while a viewer reads it, and a whole store dies
under a houseful of rooms. What is measured is the time from a death (for a change of way: from its
decision) to the next byte of the film on its way again; what a viewer got is held against the source,
byte for byte."""
import contextlib
import http.client
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse

import machine
import player
from servers import NO_OTHERS, titles
from torrent import Film

MIB = 1 << 20
# Of each source; and of each where several rooms watch.
RATE, EACH = 12 * MIB, 4 * MIB
# Bytes that the viewer gets between two deaths, at least.
APART = MIB
# A link that dies, a connection that is cut: these many; and so many times the store goes whole, under
# so many rooms, each with a film of its own, of so many bytes.
LINKS, CHANGES, SMALL = 260, 10, 32 * MIB
ROOMS = ("Attic", "Cellar", "Hall", "Kitchen", "Nursery", "Parlour")
TOKEN = "a-token-of-the-bench"
CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
[lan]
mdns = false
[swarm]
enabled = {peers}
dht = false
[mirror]
torrent_caches = []
[network]
allow_private = ["{stand_ins}", "{store}"]
{titles}[index.torrentio]
url = "http://{stand_ins}/"
[stremthru]
url = "http://{store}/"
[debrid]
store = "realdebrid"
token_file = "{token}"
"""


class Store:
    """A debrid store that has films, and its file server. Of each, one link is good at a time."""

    def __init__(self, films, rate):
        self.films, self.rate = {film.info_hash: film for film in films}, rate
        self.open = True
        self.generation = 0
        self.resumed = None
        self.turn = threading.Condition()
        self.sending = set()

    @contextlib.contextmanager
    def answering(self):
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                path = urllib.parse.urlsplit(self.path).path
                if path.startswith("/d/"):
                    generation, info_hash = path.split("/")[2:4]
                    store.send(self, int(generation), store.films[info_hash])
                elif path == "/v0/store/magnets/check" and store.open:
                    self.tell(200, {"items": [{"hash": film.info_hash, "status": "cached", "files": [store.file(film)]} for film in store.films.values()]})
                else:
                    self.tell(503, None)

            def do_POST(self):
                said = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode().lower()
                path = urllib.parse.urlsplit(self.path).path
                film = next((film for info_hash, film in store.films.items() if info_hash in said), None)
                if not store.open or not film:
                    self.tell(503, None)
                elif path == "/v0/store/magnets":
                    self.tell(201, {"id": film.info_hash[:8], "hash": film.info_hash, "name": film.name, "size": film.size,
                                    "status": "downloaded", "files": [store.file(film)]})
                else:
                    self.tell(200, {"link": f"http://{store.address}/d/{store.generation}/{film.info_hash}/film.mkv"})

            def do_DELETE(self):
                self.tell(200, {})

            def tell(self, status, data):
                body = json.dumps({"data": data}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            self.cut()
            server.shutdown()
            thread.join()
            server.server_close()

    def file(self, film):
        return {"index": 0, "name": film.name, "path": f"/{film.name}", "size": film.size,
                "link": f"stremthru://store/realdebrid/{film.info_hash}"}

    def send(self, handler, generation, film):
        handler.close_connection = True
        if not self.open or generation != self.generation:
            handler.tell(410, None)
            handler.wfile.flush()
            return
        first, last = (int(end) for end in re.match(r"bytes=(\d+)-(\d+)", handler.headers["Range"]).groups())
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {first}-{last}/{film.size}")
        handler.send_header("Content-Length", str(last + 1 - first))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.flush()
        with self.turn:
            self.resumed = time.perf_counter()
            self.turn.notify_all()
        connection = handler.connection
        self.sending.add(connection)
        try:
            block, began = self.rate // 50, time.perf_counter()
            for number, at in enumerate(range(first, last + 1, block)):
                connection.sendall(film.bytes[at:min(last + 1, at + block)])
                pause = began + (number + 1) / 50 - time.perf_counter()
                if pause > 0:
                    time.sleep(pause)
        except OSError:
            pass
        finally:
            self.sending.discard(connection)

    def cut(self):
        """Hangs up on everybody."""
        for connection in list(self.sending):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def die(self, link):
        """Cuts the connection; where `link`, its link is dead too. Seconds until it is sent from again."""
        with self.turn:
            self.resumed = None
            self.generation += link
        died = time.perf_counter()
        self.cut()
        with self.turn:
            if not self.turn.wait_for(lambda: self.resumed is not None, timeout=60):
                raise SystemExit("the film did not go on after its link had died")
            return self.resumed - died


class Viewer:
    """Reads the film from its first byte to its last, and looks at each."""

    def __init__(self, port, path, film):
        self.film, self.count, self.trouble, self.silence, self.left = film, 0, None, 0.0, False
        self.thread = threading.Thread(target=self.read, args=(port, path))
        self.thread.start()

    def read(self, port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("GET", path)
        answer = connection.getresponse()
        heard = time.perf_counter()
        while self.count < self.film.size and not self.left:
            chunk = answer.read1(1 << 17)
            now = time.perf_counter()
            self.silence, heard = max(self.silence, now - heard), now
            if not chunk or chunk != self.film.bytes[self.count:self.count + len(chunk)]:
                self.trouble = f"other bytes, or none, at byte {self.count}"
                return
            self.count += len(chunk)
        connection.close()

    def gets(self, more):
        """Waits until so many bytes more have come."""
        wanted, end = min(self.film.size, self.count + more), time.monotonic() + 90
        while self.count < wanted and not self.trouble:
            if time.monotonic() > end:
                raise SystemExit(f"the film stands still at byte {self.count}")
            time.sleep(0.005)
        if self.trouble:
            raise SystemExit(f"the film did not go on: {self.trouble}")

    def leaves(self):
        self.left = True
        self.thread.join()


def measure(program, folder, stand_ins, film, log):
    """Milliseconds to the next byte, by kind of death; and the viewer's longest silence."""
    numbers = {"a link dies": [], "a connection is cut": [], "from the store to peers": []}
    with watched(program, folder, stand_ins, [film], log, peers=False) as (store, (viewer,), _):
        for number in range(LINKS):
            viewer.gets(APART)
            what = "a link dies" if number % 2 else "a connection is cut"
            numbers[what].append(1e3 * store.die(link=number % 2))
        silence = viewer.silence
    with contextlib.ExitStack() as stack:
        films = [Film(folder, f"tt99100{number:02}", f"{room} Noise", SMALL, 256 << 10) for number, room in enumerate(ROOMS)]
        for one in films:
            stand_ins.films[one.imdb] = one
            stand_ins.peers[one.info_hash] = stack.enter_context(one.seeded(log))
        # What the store has fills the peers' pieces as soon as it is back, so each change has a fresh start.
        for _ in range(CHANGES):
            with watched(program, folder, stand_ins, films, log, peers=True) as (store, viewers, told):
                store.open = False
                store.cut()
                wait(lambda: len(changes(told)) >= len(ROOMS), "a film did not go on by peers")
                for viewer in viewers:
                    viewer.gets(2 * MIB)
                    silence = max(silence, viewer.silence)
                numbers["from the store to peers"] += map(float, changes(told))
    return numbers, silence


@contextlib.contextmanager
def watched(program, folder, stand_ins, films, log, peers):
    """A server with a store and, where `peers`, a swarm; and somebody who has watched 4 MiB of each film."""
    folder = pathlib.Path(folder) / "deaths"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told = folder / "server.log"
    with Store(films, RATE if len(films) == 1 else EACH).answering() as store:
        token = folder / "token"
        token.write_text(TOKEN)
        text = CONFIGURATION.format(stand_ins=stand_ins.address, store=store.address, token=token,
                                    peers="true" if peers else "false", titles=titles(stand_ins.address)) + NO_OTHERS
        configuration = folder / "credenza.toml"
        configuration.write_text(text)
        command = [program, "--data", folder / "data", "--config", configuration, "serve"]
        with keeping(told, log), machine.running(command, told, stdout=subprocess.PIPE) as process:
            port = int(machine.said(process, r"http://127\.0\.0\.1:(\d+)/")[1])
            bearer = (folder / "data/local.key").read_text().strip()
            plays = [player.call(port, "POST", f"/api/play/{film.imdb}", bearer=bearer) for film in films]
            assert all(play["via"] == "debrid" for play in plays), plays
            viewers = [Viewer(port, urllib.parse.urlsplit(play["url"]).path, film) for play, film in zip(plays, films)]
            for viewer in viewers:
                viewer.gets(4 * MIB)
            yield store, viewers, told
            for viewer in viewers:
                viewer.leaves()


@contextlib.contextmanager
def keeping(told, log):
    """What the server said stands in the log of all, whatever happens."""
    try:
        yield
    finally:
        with open(log, "a") as all_of_it:
            all_of_it.write(told.read_text(errors="replace"))


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def changes(told):
    """Milliseconds that each change of way took."""
    return re.findall(r"goes on by another way.*after_ms=(\d+)", plain(told.read_text(errors="replace")))


def wait(until, else_said, limit=90):
    end = time.monotonic() + limit
    while not until():
        if time.monotonic() > end:
            raise SystemExit(else_said)
        time.sleep(0.05)
