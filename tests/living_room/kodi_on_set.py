"""Kodi on the set, without a screen of its own: started, listed and led by its remote control."""

import json
import os
import subprocess
from pathlib import Path

from room import Missing, need, until

SETTINGS = {
    "services.webserver": "true", "services.webserverport": "8085", "services.upnp": "true",
    "services.webserverauthentication": "false", "services.zeroconf": "false",
}


class Kodi:
    def __init__(self, room, *sources):
        program = next(iter(Path("/usr/lib").glob("*/kodi/kodi.bin")), None)
        if program is None:
            raise Missing("kodi")
        need("Xvfb")
        self.room, home = room, Path(room.folder, "kodi")
        settings = home / ".kodi/userdata"
        settings.mkdir(parents=True)
        rows = "".join(f'<setting id="{name}">{value}</setting>' for name, value in SETTINGS.items())
        (settings / "guisettings.xml").write_text(f'<settings version="2">{rows}</settings>')
        rows = "".join(f"<source><name>{at}</name><path>{at}</path></source>" for at in sources)
        (settings / "sources.xml").write_text(f"<sources><video>{rows}</video></sources>")
        on_set = ["ip", "netns", "exec", room.set]
        screen = room.start(
            [*on_set, "Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1280x720x24"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        # Neither the sound nor the message buses of whoever runs this.
        nobody = f"unix:path={home}/nobody"
        room.start(
            [*on_set, program, "--standalone"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(home), "DISPLAY": f":{screen.stdout.readline().strip()}",
                 "XDG_RUNTIME_DIR": str(home), "KODI_AE_SINK": "PULSE",
                 "DBUS_SESSION_BUS_ADDRESS": nobody, "DBUS_SYSTEM_BUS_ADDRESS": nobody})

    def call(self, method, **params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return json.loads(self.room.on_set(
            "curl", "--silent", "--max-time", "300", "-H", "Content-Type: application/json", "-d", body,
            "http://127.0.0.1:8085/jsonrpc", limit=310))["result"]

    def version(self):
        asked = lambda: self.call("Application.GetProperties", properties=["version"])["version"]
        number = until(60, asked)
        return f"{number['major']}.{number['minor']}" if number else ""

    def folder(self, address):
        """Name and address of what lies in it, and whether that is a folder."""
        rows = self.call("Files.GetDirectory", directory=address, media="video").get("files", [])
        return [(row["label"], row["file"], row["filetype"] == "directory") for row in rows]

    def inside(self, folder, label):
        rows = until(60, lambda: [at for name, at, _ in self.folder(folder) if name == label])
        return rows[0] if rows else None

    def films(self, folder):
        """The names of all films below a folder."""
        names = []
        for name, address, is_folder in until(60, lambda: self.folder(folder)) or []:
            names += self.films(address) if is_folder else [name]
        return names

    def second(self):
        at = self.call("Player.GetProperties", playerid=1, properties=["time"])["time"]
        return at["minutes"] * 60 + at["seconds"] + at["milliseconds"] / 1000

    def passes(self, second):
        """Where it stands, once that is beyond a second."""
        return until(60, lambda: (at := self.second()) > second and at)

    def play(self, address):
        self.call("Playlist.Add", playlistid=1, item={"file": address})
        self.call("Player.Open", item={"playlistid": 1, "position": 0})

    def seek(self, second):
        to = {"hours": 0, "minutes": 0, "seconds": second, "milliseconds": 0}
        self.call("Player.Seek", playerid=1, value={"time": to})
