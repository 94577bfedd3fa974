"""A film of the catalogue that nobody has chosen a release of: a set presses play, and gets bytes. What
is measured is what we add to what the sources take: they each wait before they answer, and the time in
which any of them was being asked is taken off."""
import contextlib
import html
import http.client
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.parse

import machine
import player
from living_asks import Directory
from servers import NO_OTHERS, titles
from stand_ins import StandIns
from torrent import Film

MIB = 1 << 20
# What each source waits.
WAIT_S = 0.05
# The server chooses for eight titles a minute at most.
MOST = 8
# After its start: what it does in the background then is not the set's time.
REST_S = 10
CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
[lan]
mdns = false
upnp = true
[access]
auth_required = false
[swarm]
enabled = false
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


class Slow(StandIns):
    """Titles and the index; each answer is waited for."""

    def __init__(self, films):
        super().__init__(films)
        self.asked = []

    def answer(self, target):
        with waited(self.asked):
            return super().answer(target)


@contextlib.contextmanager
def waited(asked):
    """A source is being asked: from now until what it says goes out."""
    began = time.perf_counter()
    time.sleep(WAIT_S)
    try:
        yield
    finally:
        asked.append((began, time.perf_counter()))


class Store:
    """A debrid store that has every film, and its file server."""

    def __init__(self, films, asked):
        self.films, self.asked = {film.info_hash: film for film in films}, asked

    def file(self, film):
        return {"index": 0, "name": film.name, "path": f"/{film.name}", "size": film.size, "link": f"stremthru://store/realdebrid/{film.info_hash}"}

    def told(self, path, query, body):
        """The data of an answer."""
        if path == "/v0/store/magnets/check":
            hashes = re.findall(r"[0-9a-f]{40}", query.lower())
            return {"items": [{"hash": one, "status": "cached", "files": [self.file(self.films[one])]} for one in hashes if one in self.films]}
        named = re.search(r"[0-9a-f]{40}", body.lower())
        film = self.films.get(named[0]) if named else None
        if film and path == "/v0/store/magnets":
            return {"id": f"B{film.imdb}", "hash": film.info_hash, "name": film.name, "size": film.size, "status": "downloaded", "files": [self.file(film)]}
        return {"link": f"http://{self.address}/d/{film.info_hash}/film.mkv"} if film else {}

    @contextlib.contextmanager
    def answering(self):
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                self.heard("")

            def do_DELETE(self):
                self.heard("")

            def do_POST(self):
                self.heard(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

            def heard(self, body):
                path, _, query = self.path.partition("?")
                if path.startswith("/d/"):
                    content = self.part(store.films[path.split("/")[2]])
                else:
                    content = json.dumps({"data": store.told(path, query, body)}).encode()
                    self.send_response(201 if self.command == "POST" and path.endswith("magnets") else 200)
                    self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with waited(store.asked):
                    self.wfile.flush()
                with contextlib.suppress(OSError):
                    self.wfile.write(content)

            def part(self, film):
                first, last = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-")).groups()
                first, last = int(first), int(last or film.size - 1)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{last}/{film.size}")
                return film.bytes[first:last + 1]

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
            server.shutdown()
            thread.join()
            server.server_close()


def measure(program, folder, count, log):
    """For each film: milliseconds from the set's GET to the film's first byte, and those of them in
    which no source was being asked."""
    folder = pathlib.Path(folder) / "catalogue"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = [f"Quiet Harbour {word}" for word in ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")]
    films = [Film(folder, f"tt99100{number:02}", name, 4 * MIB, 256 << 10) for number, name in enumerate(names[:min(count, MOST)])]
    slow = Slow(films)
    whole, beyond = [], []
    with slow.answering(), Store(films, slow.asked).answering() as store:
        token = folder / "token"
        token.write_text("a-token-of-the-bench")
        configuration = folder / "credenza.toml"
        upstreams = titles(slow.address)
        configuration.write_text(CONFIGURATION.format(stand_ins=slow.address, store=store.address, token=token, titles=upstreams) + NO_OTHERS)
        command = [program, "--data", folder / "data", "--config", configuration, "serve"]
        with machine.running(command, log, stdout=subprocess.PIPE) as process:
            port = int(machine.said(process, r"http://127\.0\.0\.1:(\d+)/")[1])
            time.sleep(REST_S)
            directory = Directory(f"127.0.0.1:{port}")
            for film in films:
                path = item(directory, film)
                slow.asked.clear()
                began = time.perf_counter()
                first = began + player.read(port, path, film.bytes)["first"]
                whole.append(1e3 * (first - began))
                beyond.append(1e3 * (first - began - together(slow.asked, began, first)))
    return {"catalogue": whole, "beyond": beyond, "asked": len(slow.asked)}


def item(directory, film):
    """Where the catalogue says that its bytes are."""
    text, _ = directory.browse(
        f"<ObjectID>films.film-{film.imdb}</ObjectID><BrowseFlag>BrowseMetadata</BrowseFlag><Filter>*</Filter>"
        "<StartingIndex>0</StartingIndex><RequestedCount>0</RequestedCount><SortCriteria/>")
    found = re.search(r"<res [^>]*>([^<]+)</res>", text)
    if not found:
        raise SystemExit(f"the catalogue has no bytes of {film.imdb}: {text[:500]!r}")
    return urllib.parse.urlsplit(html.unescape(found[1])).path


def together(spans, start, end):
    """Seconds between the two in which at least one of the spans lasted."""
    total, at = 0.0, start
    for began, ended in sorted(spans):
        began, ended = max(began, at), min(ended, end)
        if ended > began:
            total += ended - began
            at = ended
    return total
