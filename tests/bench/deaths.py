"""Playing on: the sources of one film die again and again while a viewer reads it whole. What is
measured is the time from a death (for a change of way: from its decision) to the next byte of the
film on its way again; what the viewer got is held against the source, byte for byte."""
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

MIB = 1 << 20
# Of each source.
RATE = 12 * MIB
# Bytes that the viewer gets between two deaths, at least.
APART = MIB
# A link that dies, a connection that is cut: these many; and so many times the store goes whole.
LINKS, CHANGES = 310, 10
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
    """A debrid store that has one film, and its file server. One link is good at a time."""

    def __init__(self, film):
        self.film = film
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
                    store.send(self, int(path.split("/")[2]))
                elif path == "/v0/store/magnets/check" and store.open:
                    self.tell(200, {"items": [{"hash": store.film.info_hash, "status": "cached", "files": [store.file()]}]})
                else:
                    self.tell(503, None)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urllib.parse.urlsplit(self.path).path
                if not store.open:
                    self.tell(503, None)
                elif path == "/v0/store/magnets":
                    self.tell(201, {"id": "B1", "hash": store.film.info_hash, "name": store.film.name, "size": store.film.size,
                                    "status": "downloaded", "files": [store.file()]})
                else:
                    self.tell(200, {"link": f"http://{store.address}/d/{store.generation}/film.mkv"})

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

    def file(self):
        return {"index": 0, "name": self.film.name, "path": f"/{self.film.name}", "size": self.film.size,
                "link": "stremthru://store/realdebrid/opaque"}

    def send(self, handler, generation):
        handler.close_connection = True
        if not self.open or generation != self.generation:
            handler.tell(410, None)
            handler.wfile.flush()
            return
        first, last = (int(end) for end in re.match(r"bytes=(\d+)-(\d+)", handler.headers["Range"]).groups())
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {first}-{last}/{self.film.size}")
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
            block, began = RATE // 50, time.perf_counter()
            for number, at in enumerate(range(first, last + 1, block)):
                connection.sendall(self.film.bytes[at:min(last + 1, at + block)])
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
    with watched(program, folder, stand_ins, film, log, peers=False) as (store, viewer, _):
        for number in range(LINKS):
            viewer.gets(APART)
            what = "a link dies" if number % 2 else "a connection is cut"
            numbers[what].append(1e3 * store.die(link=number % 2))
        silence = viewer.silence
    # What the store has fills the peers' pieces as soon as it is back, so each change has a fresh start.
    for _ in range(CHANGES):
        with watched(program, folder, stand_ins, film, log, peers=True) as (store, viewer, told):
            store.open = False
            store.cut()
            wait(lambda: changes(told), "the film did not go on by peers")
            viewer.gets(2 * MIB)
            silence = max(silence, viewer.silence)
            numbers["from the store to peers"].append(float(changes(told)[0]))
    return numbers, silence


@contextlib.contextmanager
def watched(program, folder, stand_ins, film, log, peers):
    """A server with a store and, where `peers`, a swarm; and somebody who has watched for 4 MiB."""
    folder = pathlib.Path(folder) / "deaths"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told = folder / "server.log"
    with Store(film).answering() as store:
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
            play = player.call(port, "POST", f"/api/play/{film.imdb}", bearer=bearer)
            assert play["via"] == "debrid", play
            viewer = Viewer(port, urllib.parse.urlsplit(play["url"]).path, film)
            viewer.gets(4 * MIB)
            yield store, viewer, told
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
