"""The clients of the living room. Each says what it found, listed, played and sought, and whether that is
what it was asked to do; and which requests the server's own log must tell of, if it is true."""

import json
import re
import shlex
import subprocess

from judges import avahi, linter, litmus
from kodi_on_set import Kodi
from room import BASE, BOX, FILM, HERE, NAME, SET, Missing, need, quiet, until
from row import NODE, PYTHON, installed, version

# Of a film that lasts a minute.
SEEK_S = 40


def counted(text):
    found = re.findall(r"frame=\s*(\d+)", text)
    return int(found[-1]) if found else 0


def gssdp(room, world, row):
    need("gssdp-discover")
    row.version = installed("gupnp-tools")
    text = room.on_set("gssdp-discover", "-i", "lan0", "--timeout=4", check=False)
    names = {line.split("USN:")[1].strip() for line in text.splitlines() if "USN:" in line}
    row.put("finds", f"{len(names)} of 6 names", len(names) >= 6)


def control_point(room, world, row):
    need(PYTHON)
    row.version = version(room.on_set(PYTHON, "-m", "pip", "show", "async-upnp-client", check=False))
    row.log("POST", "dlna")
    told = json.loads(room.on_set(
        PYTHON, HERE / "browse.py", SET, f"{BASE}/dlna/description.xml", "50", "3", "continue,films",
        limit=180))
    row.put("finds", told["name"], told["name"] == NAME)
    films = [one["title"] for one in told["found"].values() if one["res"]]
    row.lists(films)
    row.cells["lists"] += "; events " + ("came" if told["events"] else "did not come")
    if not told["events"]:
        row.faults.append("lists: no event came")


def libvlc_upnp(room, world, row):
    need(PYTHON, "/usr/lib/x86_64-linux-gnu/vlc/plugins", "vlc")
    row.version = installed("libvlc5")
    row.log("POST", "dlna")
    row.log("GET", "v")

    def watched(title, folder):
        # VLC asks once, loses the answer now and then, and crashes now and then while it reads a list.
        for _ in range(3):
            text = room.on_set(PYTHON, HERE / "watch.py", NAME, title, folder, limit=240, check=False)
            lines = [line for line in text.splitlines() if line.startswith('{"servers"')]
            if lines and json.loads(lines[0])["titles"]:
                break
        return json.loads(lines[0]) if lines else {"servers": [], "titles": [], "decoded": 0}

    row.lists(watched("", "Films")["titles"])
    told = watched(world["title"], "Continue watching")
    row.put("finds", NAME if NAME in told["servers"] else "nothing", NAME in told["servers"])
    row.frames("plays", told["decoded"])
    row.put("seeks", f"to {told.get('sought', 0):.0%}", told.get("sought", 0) >= 0.6)


def zeroconf(room, world, row):
    need(PYTHON)
    row.version = version(room.on_set(PYTHON, "-c", "import zeroconf; print(zeroconf.__version__)"))
    script = (
        "import sys,time\nfrom zeroconf import Zeroconf,ServiceBrowser\n"
        "class L:\n def add_service(s,z,k,n):\n  i=z.get_service_info(k,n,3000)\n"
        "  print(k,i.parsed_addresses()[0],i.port,flush=True)\n"
        " def update_service(s,*a): pass\n def remove_service(s,*a): pass\n"
        f"z=Zeroconf(interfaces=['{SET}'])\n"
        "[ServiceBrowser(z,k+'._tcp.local.',L()) for k in ('_http','_webdav','_credenza')]\n"
        "time.sleep(5); z.close()\n")
    lines = room.on_set(PYTHON, "-c", script).splitlines()
    kinds = {line.split(".")[0] for line in lines if f"{BOX} 8080" in line}
    row.put("finds", " ".join(sorted(kinds)) or "nothing", len(kinds) == 3)


def ffmpeg(room, world, row):
    need("ffmpeg")
    row.version = version(quiet("ffmpeg", "-version"))
    play(room, row, world["url"])


def play(room, row, url):
    """ffmpeg, at the beginning and past a seek."""
    row.log("GET", "v")
    row.log("GET", "v", beyond=100_000)
    decode = lambda *at: counted(room.on_set(
        "ffmpeg", "-hide_banner", "-nostdin", *at, "-i", url, "-t", "2", "-f", "null", "-"))
    row.frames("plays", decode())
    row.frames("seeks", decode("-ss", SEEK_S), f" at {SEEK_S} s")


def mpv(room, world, row):
    need("mpv")
    row.version = version(quiet("mpv", "--version"))
    row.log("GET", "v")
    row.log("GET", "v", beyond=100_000)
    said = room.on_set("mpv", "--no-config", "--vo=null", "--ao=null", f"--start={SEEK_S}", "--length=2",
                       "--msg-level=all=error,statusline=status",
                       "--term-status-msg=AT ${=time-pos} ${=seekable}\n", "--", world["url"])
    times = [float(at) for at in re.findall(r"AT ([\d.]+) yes", said)]
    reached = max(times, default=0)
    row.put("plays", f"{len(times)} positions", len(times) > 1)
    row.put("seeks", f"{reached:.1f} s", reached > SEEK_S + 0.5)


def gstreamer(room, world, row):
    need("gst-play-1.0", "gst-launch-1.0")
    row.version = version(quiet("gst-launch-1.0", "--version"))
    row.log("GET", "v")
    row.log("GET", "v", beyond=100_000)
    played = room.on_set(
        "gst-launch-1.0", "-v", "uridecodebin", f"uri={world['url']}", "!", "identity", "name=counted",
        "silent=false", "!", "fakesink", "num-buffers=50", check=False)
    row.frames("plays", played.count("chain   ******"))
    # It plays from there to the end, in the film's own time; "0:00:40.1 / 0:01:00.0", each over the last.
    said = room.on_set(
        "gst-play-1.0", "--no-interactive", f"--start-position={SEEK_S}", "--videosink=fakesink sync=true",
        "--audiosink=fakesink sync=true", world["url"], limit=120, check=False)
    places = [[int(part) for part in at] for at in re.findall(r"(\d+):(\d\d):(\d\d)\.\d+ / ", said)]
    passed = [hours * 3600 + minutes * 60 + seconds for hours, minutes, seconds in places]
    # Who plays all of it gets there too.
    sought = not any(3 < at < SEEK_S - 3 for at in passed)
    row.put("seeks", f"{max(passed, default=0)} s", sought and max(passed, default=0) > SEEK_S)


def libvlc(room, world, row):
    script = HERE.parent / "support/vlc_play.py"
    need(PYTHON, "vlc", script)
    row.version = installed("libvlc5")
    row.log("GET", "v")
    said = room.on_set(PYTHON, script, world["url"], SEEK_S, SEEK_S + 3, check=False)
    rows = [line.split() for line in said.splitlines() if line.startswith("AT ")]
    at = float(rows[-1][1]) if rows else 0
    row.frames("plays", max((int(one[2]) for one in rows), default=0))
    row.put("seeks", f"{at:.1f} s", at > SEEK_S + 0.5)


def kodi(room, world, row):
    dav = f"{BASE.replace('http', 'dav')}/dav/"
    program = Kodi(room, "upnp://", dav)
    row.version = program.version()
    row.log("POST", "dlna")
    row.log("PROPFIND", "dav")
    row.log("GET", "v")
    server = program.inside("upnp://", NAME)
    row.put("finds", NAME if server else "nothing", server)
    if not server:
        return
    row.lists(program.films(program.inside(server, "Films")))
    by_files = program.films(f"{dav}Films/")
    lacks = [name for name in world["films"] if name not in by_files and f"{name}.mkv" not in by_files]
    row.cells["lists"] += f"; {len(by_files)} by WebDAV"
    if lacks:
        row.faults.append(f"lists: by WebDAV without {len(lacks)}, such as {lacks[0][:40]}")
    program.play(program.inside(program.inside(server, "Continue watching"), world["title"]))
    played = program.passes(1) or 0
    row.put("plays", f"{played:.1f} s", played > 1)
    program.seek(SEEK_S)
    sought = program.passes(SEEK_S + 0.5) or 0
    row.put("seeks", f"{sought:.1f} s", sought > SEEK_S + 0.5)


def renderer(room, world, row):
    need("gmediarender")
    row.version = installed("gmediarender")
    row.log("GET", "v")
    room.start(
        ["ip", "netns", "exec", room.set, "gmediarender", "-I", "lan0", "-f", "Television",
         "-u", "5f9ec1b3-ed59-79bb-4530-745e87cd6ff5", "--gstout-videopipe=fakesink sync=true",
         "--gstout-audiopipe=fakesink sync=true"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows = lambda: [one for one in room.get("/api/renderers")["renderers"] if one["name"] == "Television"]
    found = until(30, rows)
    row.put("finds", "we find it" if found else "not found", found)
    if not found:
        return
    path = f"/api/renderers/{found[0]['id']}"
    room.get(f"{path}/play", "POST", {"id": FILM})
    at = lambda second: until(30, lambda: (told := room.get(path))["position_s"] >= second and told["position_s"])
    played = at(1) or 0
    row.put("plays", f"at {played:.0f} s", played >= 1)
    room.get(f"{path}/seek", "POST", {"seconds": SEEK_S})
    sought = at(SEEK_S + 1) or 0
    row.put("seeks", f"{sought:.0f} s", sought > SEEK_S)
    room.get(f"{path}/stop", "POST", {})


def rclone(room, world, row):
    need("rclone")
    row.version = version(quiet("rclone", "version"))
    row.log("PROPFIND", "dav")
    row.log("GET", "dav")
    row.log("GET", "dav", beyond=200_000)
    dav = ["rclone", "--config", "/dev/null", "--webdav-url", f"{BASE}/dav/", "--webdav-vendor", "other"]
    listed = room.on_set(*dav, "lsf", "-R", "--files-only", ":webdav:Films").splitlines()
    row.put("finds", "by its address", listed)
    row.lists([name.rpartition("/")[2] for name in listed], ".mkv")
    begun = room.on_set(*dav, "lsf", ":webdav:Continue watching").splitlines()
    film = next((name for name in begun if name.endswith((".mkv", ".mp4"))), None)
    if film is None:
        return row.put("plays", "nothing was begun", False)

    def same(words, *ours):
        """Whether it has the bytes that the list's own address has."""
        theirs = shlex.join([*dav, "cat", *ours, f":webdav:Continue watching/{film}"])
        own = shlex.join(["curl", "--silent", *words, world["url"]])
        sums = [room.on_set("sh", "-c", f"{one} | sha256sum") for one in (theirs, own)]
        return sums[0] == sums[1]

    row.put("plays", "all of its bytes" if same([]) else "other bytes", same([]))
    part = same(["--range", "200000-200999"], "--offset", "200000", "--count", "1000")
    row.put("seeks", "bytes of its middle" if part else "other bytes", part)


def stremio(room, world, row):
    need("node", NODE / "stremio-addon-client")
    address = world.get("addon")
    if not address:
        raise Missing("an add-on address")
    row.version = json.loads((NODE / "stremio-addon-client/package.json").read_text())["version"]
    row.log("GET", "stremio")
    script = (
        "const c=require('stremio-addon-client');(async()=>{"
        f"const a=(await c.detectFromURL('{address}')).addon;"
        f"const s=await a.get('stream','movie','{FILM}');"
        "console.log(JSON.stringify({name:a.manifest.name,streams:s.streams}))})()")
    told = json.loads(room.on_set("node", "-e", script, env={"NODE_PATH": str(NODE)}).splitlines()[-1])
    row.put("finds", told["name"], told["name"])
    row.put("lists", f"{len(told['streams'])} streams", told["streams"])
    if told["streams"]:
        play(room, row, told["streams"][0]["url"])


CLIENTS = [
    ("gssdp-discover (SSDP)", gssdp),
    ("async-upnp-client (UPnP, strict)", control_point),
    ("VLC's library by UPnP", libvlc_upnp),
    ("python-zeroconf (mDNS)", zeroconf),
    ("avahi-browse (mDNS)", avahi),
    ("ffmpeg, the list's address", ffmpeg),
    ("mpv, the list's address", mpv),
    ("GStreamer, the list's address", gstreamer),
    ("VLC's library, the list's address", libvlc),
    ("Kodi (UPnP and WebDAV)", kodi),
    ("gmediarender (we push)", renderer),
    ("rclone (WebDAV)", rclone),
    ("litmus (WebDAV, what it reads)", litmus),
    ("stremio-addon-client", stremio),
    ("stremio-addon-linter", linter),
]
