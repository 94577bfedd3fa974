"""A Google Cast receiver (CASTV2) that plays with mpv: receiver.py ADDRESS NAME CERTIFICATE KEY [MODE].

Modes: `silent` takes a line and says nothing on it; `boasts` answers with a message of two gigabytes, as
it says, and sends them; `hesitates` answers that nothing runs when it is to start its player, and tells of
the player a moment later; `unwilling` does not start it; `babbles` says without end what nobody asked; `trickles` answers a byte a second;
`nameless` does not tell what it plays; `slow` loads a film in its own time; `at=ADDRESS` is announced at
another address than its own. It is announced as `_googlecast._tcp`, speaks the default media receiver's
messages, and tells the position that mpv tells. What it is to load it prints, with the subtitles that it
fetched as such a receiver's browser does. Its parts of the protocol: length (4 bytes), CastMessage
(protocol buffers), JSON inside. Ends with its standard input.
"""

import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from zeroconf import ServiceInfo, Zeroconf

APP = "CC1AD845"
ADDRESS, NAME, CERTIFICATE, KEY = sys.argv[1:5]
MODE = sys.argv[5] if len(sys.argv) > 5 else ""
STARTER = ThreadPoolExecutor(max_workers=1)


class Player:
    """mpv, led through its socket."""

    def __init__(self):
        self.process, self.socket, self.media = None, None, None

    def load(self, media, start):
        self.end()
        self.media = media
        path = os.path.join(tempfile.mkdtemp(), "mpv")
        # Killed with us, however we end. "Us" is the thread that starts it (prctl(2)), and the
        # thread of a connection ends with its connection: so one that stays starts them all.
        self.process = STARTER.submit(subprocess.Popen, [
            "setpriv", "--pdeathsig", "KILL", "mpv", "--no-config", "--vo=null", "--ao=null",
            "--really-quiet", f"--start={start}", f"--input-ipc-server={path}", media["contentId"],
        ]).result()
        self.path = path

    def ask(self, *command):
        if self.process is None or self.process.poll() is not None:
            return None
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(5)
                line.connect(self.path)
                line.sendall(json.dumps({"command": command}).encode() + b"\n")
                for text in line.makefile():
                    answer = json.loads(text)
                    if "error" in answer:
                        return answer.get("data")
        except (OSError, ValueError):
            return None

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process, self.media = None, None

    def status(self):
        if self.media is None:
            return []
        position = self.ask("get_property", "time-pos")
        state = "BUFFERING" if position is None else "PLAYING"
        if self.ask("get_property", "pause"):
            state = "PAUSED"
        duration = self.ask("get_property", "duration")
        told = {
            "mediaSessionId": 7, "playbackRate": 1, "playerState": state,
            "currentTime": position or 0, "supportedMediaCommands": 15,
            "media": dict(self.media, duration=duration or None),
            "volume": {"level": 1, "muted": False},
        }
        if MODE == "nameless":
            del told["media"]
        return [told]


player, started, volume = Player(), False, {"level": 0.5, "muted": False}


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def written(source, destination, namespace, payload):
    text = lambda field, value: bytes([field << 3 | 2]) + varint(len(value)) + value
    body = b"\x08\x00" + text(2, source) + text(3, destination) + text(4, namespace)
    body += b"\x28\x00" + text(6, json.dumps(payload).encode())
    return len(body).to_bytes(4, "big") + body


def read(body):
    fields, at = {}, 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(body):
        key = number()
        if key & 7 == 0:
            fields[key >> 3] = number()
        else:
            length = number()
            fields[key >> 3] = body[at:at + length]
            at += length
    return fields


def receiver_status(request):
    apps = [{
        "appId": APP, "displayName": "Default Media Receiver", "sessionId": "s1",
        "transportId": "web-1", "statusText": "", "namespaces": [],
    }]
    status = {"applications": apps if started else [], "volume": volume}
    return {"type": "RECEIVER_STATUS", "requestId": request, "status": status}


def answer(message):
    global started
    kind, request = message.get("type"), message.get("requestId", 0)
    if kind == "PING":
        return {"type": "PONG"}
    if kind == "LAUNCH":
        if MODE == "unwilling":
            return {"type": "LAUNCH_ERROR", "requestId": request, "reason": "NOT_FOUND"}
        not_yet = receiver_status(request)
        started = message["appId"] == APP
        return [not_yet, receiver_status(0)] if MODE == "hesitates" else receiver_status(request)
    if kind == "SET_VOLUME":
        volume.update(message["volume"])
        return receiver_status(request)
    if kind == "GET_STATUS" and message["_to"] == "receiver-0":
        return receiver_status(request)
    if kind == "LOAD":
        if MODE == "slow":
            time.sleep(3)
        print("LOAD " + json.dumps({"asked": message, "tracks": tracks(message["media"])}), flush=True)
        player.load(message["media"], message["currentTime"])
    elif kind in ("PAUSE", "PLAY"):
        player.ask("set_property", "pause", kind == "PAUSE")
    elif kind == "SEEK":
        player.ask("seek", message["currentTime"], "absolute")
    elif kind == "STOP":
        player.end()
        ended = {
            "mediaSessionId": 7, "playbackRate": 1, "playerState": "IDLE", "idleReason": "CANCELLED",
            "currentTime": 0, "supportedMediaCommands": 15,
        }
        return {"type": "MEDIA_STATUS", "requestId": request, "status": [ended]}
    elif kind != "GET_STATUS":
        return None
    return {"type": "MEDIA_STATUS", "requestId": request, "status": player.status()}


def tracks(media):
    """The texts, and what a browser looks at before it shows them on a page of another origin."""
    told = []
    for track in media.get("tracks", []):
        ask = urllib.request.Request(track["trackContentId"], headers={"Origin": "https://www.gstatic.com"})
        with urllib.request.urlopen(ask, timeout=20) as answer:
            told.append({"type": answer.headers["Content-Type"], "text": answer.read().decode(),
                         "origin": answer.headers["Access-Control-Allow-Origin"]})
    return told


def misbehave(line):
    """Until whoever asked has enough."""
    flood = bytes(1 << 20)
    if MODE == "boasts":
        line.sendall((2 << 30).to_bytes(4, "big"))
        for _ in range(2 << 10):
            line.sendall(flood)
    elif MODE == "babbles":
        note = written(b"receiver-0", b"sender-0", b"urn:x-cast:nobody", {"note": "x" * 60_000})
        while True:
            line.sendall(note)
    else:
        for byte in (60_000).to_bytes(4, "big") + flood:
            line.sendall(bytes([byte]))
            time.sleep(1)


def serve(line):
    with line:
        stream = line.makefile("rb")
        while len(head := stream.read(4)) == 4:
            fields = read(stream.read(int.from_bytes(head, "big")))
            if MODE == "silent":
                continue
            if MODE in ("boasts", "babbles", "trickles"):
                return misbehave(line)
            message = json.loads(fields[6])
            message["_to"] = fields[3].decode()
            replies = answer(message)
            for reply in replies if isinstance(replies, list) else [replies]:
                if reply is not None:
                    line.sendall(written(fields[3], fields[2], fields[4], reply))


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
listener = socket.create_server((ADDRESS, 0))


def accept():
    while True:
        line, _ = listener.accept()
        try:
            threading.Thread(target=serve, args=(context.wrap_socket(line, server_side=True),), daemon=True).start()
        except (OSError, ssl.SSLError):
            continue


threading.Thread(target=accept, daemon=True).start()
zeroconf = Zeroconf(interfaces=[ADDRESS])
ID = hashlib.sha256((NAME + MODE).encode()).hexdigest()[:16]
ANNOUNCED = MODE.removeprefix("at=") if MODE.startswith("at=") else ADDRESS
zeroconf.register_service(ServiceInfo(
    "_googlecast._tcp.local.", f"Stand-in-{ID}._googlecast._tcp.local.",
    addresses=[socket.inet_aton(ANNOUNCED)], port=listener.getsockname()[1],
    server=f"stand-in-{ID}.local.", properties={"fn": NAME, "md": "Stand-in", "id": ID}))
print("ready", flush=True)
sys.stdin.read()
player.end()
zeroconf.close()
