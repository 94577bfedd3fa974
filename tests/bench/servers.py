"""The two that stream a torrent: Credenza, and the engine's own program rqbit. Both are told of
nobody but the stand-ins, and neither listens for peers that come by."""
import contextlib
import pathlib
import subprocess
import urllib.parse

import machine
import player

CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
[lan]
mdns = false
[swarm]
enabled = true
dht = false
[mirror]
torrent_caches = []
[network]
allow_private = ["{address}"]
{titles}[index.torrentio]
url = "http://{address}/"
"""
# No other index is asked.
NO_OTHERS = "".join(f"[index.{other}]\nenabled = false\n"
                    for other in ("stremthru", "comet", "zilean", "animetosho", "torrentsdb", "peerflix", "mediafusion", "nyaa"))
# Where titles, maps of ids, pictures and subtitles are asked for.
TITLES = {"cinemeta_url": "", "kitsu_url": "", "anime_map_url": "map.json", "kitsu_map_url": "kitsu.json", "images_url": "", "opensubtitles_url": ""}


def titles(address):
    """The part of a configuration that leads all of that to one address of loopback."""
    return "[title]\n" + "".join(f'{key} = "http://{address}/{path}"\n' for key, path in TITLES.items())


class Credenza:
    """`play` is what a click on the watch page does: the search (or the one of a moment ago), the
    choice, the magnet's description, the torrent opened, the choice written to the disk."""

    name = "credenza"

    def __init__(self, program, folder, stand_ins):
        self.program, self.stand_ins = program, stand_ins
        # How it is started otherwise than by itself.
        self.prefix = lambda command: command
        self.data = pathlib.Path(folder)
        self.data.mkdir()
        self.configuration = self.data / "credenza.toml"
        text = CONFIGURATION.format(address=stand_ins.address, titles=titles(stand_ins.address)) + NO_OTHERS
        self.configuration.write_text(text)

    @contextlib.contextmanager
    def running(self, log):
        command = self.prefix([self.program, "--data", self.data, "--config", self.configuration, "serve"])
        with machine.running(command, log, stdout=subprocess.PIPE) as process:
            self.port = int(machine.said(process, r"http://127\.0\.0\.1:(\d+)/")[1])
            self.pid = process.pid
            self.bearer = (self.data / "local.key").read_text().strip()
            yield self

    def find(self, film):
        found = player.call(self.port, "GET", f"/api/find/{film.imdb}", bearer=self.bearer)
        assert len(found["candidates"]) == 1, found

    def read(self, *asked, **limits):
        return player.read(self.port, *asked, **limits)

    def open(self, film):
        play = player.call(self.port, "POST", f"/api/play/{film.imdb}", bearer=self.bearer)
        assert play["via"] == "swarm", play
        return urllib.parse.urlsplit(play["url"]).path


class Rqbit:
    """The magnet is handed to it: it has no search."""

    name = "rqbit"

    def __init__(self, program, folder, stand_ins):
        self.program, self.stand_ins = program, stand_ins
        self.data = pathlib.Path(folder)
        self.data.mkdir()

    @contextlib.contextmanager
    def running(self, log):
        self.port = machine.free_port()
        command = [self.program, "--http-api-listen-addr", f"127.0.0.1:{self.port}",
                   "-v", "warn", "--disable-dht", "--disable-lsd", "--disable-tcp-listen",
                   "--disable-upnp-port-forward", "server", "start", "--disable-persistence",
                   self.data]
        with machine.running(command, log, stdout=subprocess.DEVNULL) as process:
            machine.answers(self.port, process)
            self.pid = process.pid
            yield self

    def find(self, film):
        pass

    def read(self, *asked, **limits):
        return player.read(self.port, *asked, **limits)

    def open(self, film):
        tracker = urllib.parse.quote(self.stand_ins.tracker, safe="")
        magnet = f"magnet:?xt=urn:btih:{film.info_hash}&tr={tracker}"
        added = player.call(self.port, "POST", "/torrents?is_url=true&overwrite=true", magnet)
        return f"/torrents/{added['id']}/stream/0"
