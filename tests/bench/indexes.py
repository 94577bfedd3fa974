"""The stand-ins of nine indexes, each on a port of its own, and of the places that know titles. A
program by itself, so that it shares a core with nobody's Python; every answer is made and packed
before the first question.

    indexes.py COUNT SEED      says its ports as one line of JSON, and ends with standard input

PUT /delays {"nyaa": 1.0, "comet": null}: from now on that one waits so many seconds, that one for
ever; those not named answer at once. GET /log: what was asked since, and when it was answered, in
seconds of the clock that does not jump (CLOCK_MONOTONIC, which all programs share)."""
import asyncio
import gzip
import json
import sys
import time
import urllib.parse

import corpus
import wire

# Known names, and names that were never read: each show has torrents of its own.
SHOWS = [corpus.Show("Paper Lantern Orbit", "Kami Chouchin no Kidou", 2021, "tt9900101", 990101, 990201),
         corpus.Show("Driftwood Cathedral", "Ryuuboku no Seidou", 2019, "tt9900102", 990102, 990202)]


class StandIns:
    def __init__(self, count, seed):
        self.delays, self.log = {}, []
        self.lists = []
        self.answers = {}
        for show in SHOWS:
            made = corpus.torrents(show, count, seed)
            lists = wire.spread(made, seed)
            self.lists.append((show, made, lists))
            for index, (write, _) in wire.INDEXES.items():
                for target in {"mediafusion": ("/", "/kodi/"), "animetosho": ("/", "/series/anidb/")}.get(index, ("/",)):
                    media_type, text = write(show, lists[index], target=target)
                    self.answers[show.imdb, index, target] = packed(200, media_type, text)
            for place in ("cinemeta", "kitsu"):
                self.answers[show.imdb, "titles", place] = packed(200, wire.JSON, wire.compact(meta(show, place == "kitsu")))
        self.nothing = packed(404, wire.JSON, "{}")

    def show(self, target):
        """Whose torrents are asked for: by an id, or by words of the name."""
        for show in SHOWS:
            ids = [show.imdb, *(str(number) for number in (show.kitsu, show.anidb))]
            names = [name.split()[0].lower() for name in (show.name, show.also)]
            if any(one in target for one in ids) or any(name in target.lower() for name in names):
                return show
        return None

    def answer(self, index, target):
        target = urllib.parse.unquote_plus(target)
        show = self.show(target)
        if show is None:
            return self.nothing
        if index == "titles":
            return self.answers[show.imdb, index, "kitsu" if "kitsu" in target else "cinemeta"]
        kind = next((kind for kind in ("/kodi/", "/series/anidb/") if kind in target), "/")
        return self.answers.get((show.imdb, index, kind), self.nothing)

    def control(self, target, body):
        if target == "/delays":
            self.delays, self.log = json.loads(body), []
            return packed(200, wire.JSON, "{}")
        if target == "/log":
            return packed(200, wire.JSON, json.dumps(self.log))
        if target == "/lists":
            told = [{"kitsu": show.kitsu, "imdb": show.imdb, "title": show.name, "digest": corpus.digest(made),
                     "torrents": [[one.name, one.info_hash] for one in made],
                     "rows": {index: [one.info_hash for one in listed] for index, listed in lists.items()},
                     "bytes": {index: len(self.answers[show.imdb, index, "/"]) for index in lists}}
                    for show, made, lists in self.lists]
            return packed(200, wire.JSON, json.dumps(told))
        return self.nothing


def meta(show, kitsu):
    """A series, as Cinemeta or the Kitsu add-on tells it."""
    videos = [{"id": f"kitsu:{show.kitsu}:{number}" if kitsu else f"{show.imdb}:1:{number}", "title": f"Episode {number}", "season": 1,
               "episode": number, "number": number, "released": f"{show.year}-04-{number:02}T00:00:00.000Z",
               "imdb_id": show.imdb, "imdbSeason": 1, "imdbEpisode": number} for number in range(1, show.episodes + 1)]
    return {"meta": {"id": f"kitsu:{show.kitsu}" if kitsu else show.imdb, "imdb_id": show.imdb, "kitsu_id": str(show.kitsu), "type": "series",
                     "name": show.name, "aliases": [show.also], "year": str(show.year), "releaseInfo": f"{show.year}-", "videos": videos}}


def packed(status, media_type, text):
    """A whole answer as its bytes go out; compressed, as every one of these services sends it."""
    body = gzip.compress(text.encode(), mtime=0)
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: {media_type}\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Conversation(asyncio.Protocol):
    """HTTP/1.1 as far as one knows the client; the next question on a connection comes after the
    answer."""

    def __init__(self, stand_ins, index):
        self.stand_ins, self.index, self.heard = stand_ins, index, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.heard += data
        head, end, body = self.heard.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.decode("latin-1").split("\r\n")
        lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
        if len(body) < int(lengths[0] if lengths else 0):
            return
        self.heard = b""
        target = lines[0].split()[1]
        if self.index is None:
            self.transport.write(self.stand_ins.control(target, body))
            return
        asked = time.monotonic()
        delay = self.stand_ins.delays.get(self.index, 0)
        if delay == 0:
            self.send(target, asked)
        elif delay is not None:
            asyncio.get_running_loop().call_later(delay, self.send, target, asked)

    def send(self, target, asked):
        if not self.transport.is_closing():
            # The moment before the first byte: what the client is timed from.
            self.stand_ins.log.append([self.index, asked, time.monotonic(), target])
            self.transport.write(self.stand_ins.answer(self.index, target))


async def main(count, seed):
    stand_ins = StandIns(count, seed)
    loop = asyncio.get_running_loop()
    ports = {}
    for index in [*wire.INDEXES, "titles", None]:
        server = await loop.create_server(lambda index=index: Conversation(stand_ins, index), "127.0.0.1", 0)
        ports[index or "control"] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    ended = loop.create_future()
    loop.add_reader(sys.stdin, lambda: sys.stdin.buffer.read1(1) or ended.done() or ended.set_result(None))
    await ended


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
