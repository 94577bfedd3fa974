"""What a household asks of others, on loopback: titles (as Cinemeta answers), an index (as
Torrentio does), a tracker (BEP 3, BEP 23). One server answers for all, in threads."""
import contextlib
import http.server
import json
import threading
import urllib.parse

import torrent


class StandIns:
    """Knows films; `peers` says for each info hash which ports the tracker sends people to: one, or
    several."""

    def __init__(self, films):
        self.films = {film.imdb: film for film in films}
        self.peers = {}

    @contextlib.contextmanager
    def answering(self):
        stand_ins = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the two writes of an answer wait for each other's acknowledgement.
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                status, media_type, body = stand_ins.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

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

    @property
    def tracker(self):
        return f"http://{self.address}/announce"

    def answer(self, target):
        path, _, query = target.partition("?")
        parts = path.strip("/").split("/")
        film = self.films.get(parts[-1].removesuffix(".json"))
        if parts[0] == "announce":
            return 200, "text/plain", self.announce(query)
        if parts[0] in ("meta", "stream") and parts[1] == "movie" and film:
            answer = self.meta(film) if parts[0] == "meta" else self.streams(film)
            return 200, "application/json", json.dumps(answer).encode()
        return 404, "application/json", b"{}"

    def meta(self, film):
        return {"meta": {"id": film.imdb, "imdb_id": film.imdb, "type": "movie",
                         "name": film.title, "year": "2020", "releaseInfo": "2020"}}

    def streams(self, film):
        lines = [film.name.removesuffix(".mkv"),
                 f"\U0001F464 50 \U0001F4BE {film.size / 2**20:.0f} MB \u2699\uFE0F Bench"]
        return {"streams": [{
            "name": "Torrentio\n1080p", "title": "\n".join(lines), "infoHash": film.info_hash,
            "fileIdx": 0, "behaviorHints": {"filename": film.name},
            "sources": [f"tracker:{self.tracker}", f"dht:{film.info_hash}"]}]}

    def announce(self, query):
        fields = dict(field.split("=", 1) for field in query.split("&") if "=" in field)
        info_hash = urllib.parse.unquote_to_bytes(fields.get("info_hash", "")).hex()
        ports = self.peers.get(info_hash, ())
        ports = (ports,) if isinstance(ports, int) else ports
        peers = b"".join(bytes([127, 0, 0, 1]) + port.to_bytes(2, "big") for port in ports)
        return torrent.bencoded({b"interval": 60, b"complete": len(ports), b"incomplete": 0, b"peers": peers})
