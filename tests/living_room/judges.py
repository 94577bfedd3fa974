"""Clients that play nothing: one that finds by mDNS, and two that judge what is told."""

import json
import re
import subprocess
import tempfile
from pathlib import Path

from room import BASE, BOX, HERE, Missing, need, until
from row import NODE, installed

KINDS = ("_http", "_webdav", "_credenza")
# avahi-daemon keeps its socket and process id at a fixed place, so it has a mount namespace of its own.
RUN = "/run/avahi-daemon"
START = (f"mkdir -p {RUN} && mount -t tmpfs none {RUN} && exec avahi-daemon --file $0"
         " --no-drop-root --no-chroot --no-rlimits")
BUS = """<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""
DAEMON = """[server]
host-name=television
allow-interfaces=lan0
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
"""


def avahi(room, world, row):
    need("avahi-daemon", "avahi-browse", "avahi-resolve", "dbus-daemon", "unshare")
    row.version = installed("avahi-utils")
    folder = Path(tempfile.mkdtemp(dir=room.folder))
    (folder / "bus.conf").write_text(BUS.format(folder / "bus"))
    (folder / "avahi.conf").write_text(DAEMON)
    environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder / 'bus'}"}
    quietly = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    on_set = ["ip", "netns", "exec", room.set]
    started = [room.start([*on_set, "dbus-daemon", "--nofork", f"--config-file={folder / 'bus.conf'}"], **quietly)]
    try:
        until(20, (folder / "bus").exists)
        started.append(room.start(
            [*on_set, "unshare", "-m", "sh", "-c", START, str(folder / "avahi.conf")],
            env=environment | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, **quietly))
        # Also "nothing" is an answer of a daemon that runs.
        until(20, lambda: room.on_set("avahi-browse", "-t", "_none._tcp", env=environment) or True)
        at = {kind: until(15, lambda: seen(room, kind, environment)) for kind in KINDS}
        right = [kind for kind in KINDS if at[kind] and at[kind][1:] == (BOX, "8080")]
        row.put("finds", " ".join(right) or "nothing", len(right) == len(KINDS))
        host = at["_http"][0] if at["_http"] else "credenza.local"
        resolved = room.on_set("avahi-resolve", "-4", "-n", host, env=environment, check=False).split()
        row.cells["finds"] += f"; {host}"
        if resolved[-1:] != [BOX]:
            row.faults.append(f"finds: {host} is {' '.join(resolved) or 'unknown'}")
    finally:
        for child in reversed(started):
            child.terminate()
            child.wait(10)


def seen(room, kind, environment):
    """Host, address and port of the one service of this kind."""
    for line in room.on_set("avahi-browse", "-rtp", f"{kind}._tcp", env=environment).splitlines():
        fields = line.split(";")
        if fields[0] == "=" and fields[2] == "IPv4":
            return fields[6], fields[7], fields[8]
    return None


# What it asks that only reads; the rest of its tests stands on what it has written before.
READS = ("options", "propfind_invalid", "propfind_invalid2", "propfind_d0")


def litmus(room, world, row):
    need("litmus")
    row.version = installed("litmus")
    row.log("OPTIONS", "dav")
    row.log("PROPFIND", "dav")
    # A door on the set says yes to whatever writes, and shows the server's root as litmus' own folder.
    door = room.start(
        ["ip", "netns", "exec", room.set, "python3", str(HERE / "litmus_door.py"), BASE],
        stdout=subprocess.PIPE, text=True)
    port = door.stdout.readline().strip()
    with tempfile.TemporaryDirectory(dir=room.folder) as folder:
        said = room.on_set(
            "sh", "-c", f"cd {folder} && TESTS='basic props' litmus --keep-going http://127.0.0.1:{port}/dav/",
            check=False)
    door.terminate()
    door.wait(10)
    # "WARNING: server does not claim Class 2" is said of OPTIONS: it does not, and need not.
    passed = [name for name in READS if re.search(rf"\. {name}\.+ (pass|WARNING: server does not claim)", said)]
    lacks = [name for name in READS if name not in passed]
    row.put("finds", "by its address", passed)
    row.put("lists", f"{len(passed)} of {len(READS)} checks" + (f", not {', '.join(lacks)}" if lacks else ""), not lacks)
    if re.search(r"\. put_get\.+ pass", said):
        row.faults.append("lists: it says of what was never written that it is there, so it tells nothing")


def linter(room, world, row):
    need("node", NODE / "stremio-addon-linter", NODE / "stremio-addon-client")
    if not world.get("addon"):
        raise Missing("an add-on address")
    row.version = json.loads((NODE / "stremio-addon-linter/package.json").read_text())["version"]
    row.log("GET", "stremio")
    script = (
        "const c=require('stremio-addon-client'),l=require('stremio-addon-linter');(async()=>{"
        f"const m=(await c.detectFromURL('{world['addon']}')).addon.manifest,n=l.lintManifest(m),"
        "w=e=>(e||[]).map(x=>String(x.message||x)),broken=l.lintManifest({...m,id:undefined}).valid;"
        "console.log(JSON.stringify({name:m.name,valid:n.valid,said:w(n.errors).concat(w(n.warnings)),broken}))})()")
    told = json.loads(room.on_set("node", "-e", script, env={"NODE_PATH": str(NODE)}).splitlines()[-1])
    row.put("finds", told["name"], told["name"])
    words = "a valid manifest" if told["valid"] else "no valid manifest"
    row.put("lists", words + "".join(f"; {one}" for one in told["said"]), told["valid"] and not told["said"])
    if told["broken"]:
        row.faults.append("lists: it takes a manifest without an id, so it tells nothing")
