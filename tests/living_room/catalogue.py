"""A catalogue of films beside the demonstration's own: catalogue.py BASE; it prints its port.

What the demonstration's catalogue at BASE tells is passed on; the list of popular films gets three hundred
more, among them those names over which clients were seen to stumble. Nobody can play them.
"""
import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TRAPS = ['Tom & Jerry <1> "q" é 日本', ("A film whose name goes on " * 10)[:250]]
FILMS = TRAPS + [f"Film {number:03}" for number in range(298)]
LISTS = "/catalog/movie/top"


def theirs(path):
    try:
        with urllib.request.urlopen(BASE + path, timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def popular(path):
    skip = int(path.rpartition("skip=")[2].removesuffix(".json")) if "skip=" in path else 0
    _, kind, body = theirs(f"{LISTS}.json")
    metas = json.loads(body)["metas"]
    for number, name in enumerate(FILMS):
        title = f"tt{7_000_000 + number}"
        metas.append({"id": title, "imdb_id": title, "type": "movie", "name": name})
    return 200, kind, json.dumps({"metas": metas[skip:]}).encode()


class Catalogue(BaseHTTPRequestHandler):
    def do_GET(self):
        is_list = self.path == f"{LISTS}.json" or self.path.startswith(f"{LISTS}/skip=")
        status, kind, body = popular(self.path) if is_list else theirs(self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    BASE = sys.argv[1].rstrip("/")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Catalogue)
    print(server.server_port, flush=True)
    server.serve_forever()
