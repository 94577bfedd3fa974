"""What a set in the living room asks. A program by itself, since it runs on another host.

    living_asks.py searches OWN_ADDRESS     M-SEARCH with MX 1 to 3: what was answered, and when
    living_asks.py walk BASE COUNT PAGE     every page of the folder of pinned titles, COUNT times

Prints one object of JSON a line."""
import html
import http.client
import json
import re
import socket
import sys
import threading
import time

GROUP = ("239.255.255.250", 1900)
# What is searched for (UPnP Device Architecture 1.1 section 1.3.2), and how often we must answer.
TARGETS = {"ssdp:all": 6, "upnp:rootdevice": 1, "urn:schemas-upnp-org:device:MediaServer:1": 1}
DIRECTORY = "urn:schemas-upnp-org:service:ContentDirectory:1"
ENVELOPE = ('<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
            f'<u:Browse xmlns:u="{DIRECTORY}">{{}}</u:Browse></s:Body></s:Envelope>')


def search(own, target, mx, answers):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((own, 0))
        asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
        lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', f"MX: {mx}", f"ST: {target}", "", "")
        began = time.monotonic()
        asker.sendto("\r\n".join(lines).encode(), GROUP)
        while (left := began + mx + 1 - time.monotonic()) > 0:
            asker.settimeout(left)
            try:
                answer, _ = asker.recvfrom(4096)
            except TimeoutError:
                break
            if answer.startswith(b"HTTP/1.1 200"):
                answers.append(time.monotonic() - began)


def searches(own):
    for mx in (1, 2, 3):
        heard = {target: [] for target in TARGETS}
        threads = [threading.Thread(target=search, args=(own, target, mx, heard[target])) for target in TARGETS]
        for one in threads:
            one.start()
            time.sleep(0.15)
        for one in threads:
            one.join()
        for target, answers in heard.items():
            print(json.dumps({"mx": mx, "target": target, "wanted": TARGETS[target], "answers": answers}), flush=True)


class Directory:
    """A content directory, over one kept connection where the server keeps it."""

    def __init__(self, base):
        self.connection = http.client.HTTPConnection(base, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def browse(self, arguments):
        """The answer with one layer of escapes taken off, and the milliseconds until it was here."""
        body = ENVELOPE.format(arguments)
        headers = {"SOAPACTION": f'"{DIRECTORY}#Browse"', "Content-Type": 'text/xml; charset="utf-8"', "User-Agent": "Kodi/20.5"}
        began = time.perf_counter()
        self.connection.request("POST", "/dlna/control/content-directory", body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        took = 1e3 * (time.perf_counter() - began)
        if answer.status != 200:
            raise SystemExit(f"Browse answered {answer.status}: {said[:500]!r}")
        return html.unescape(said.decode()), took


def walk(directory, page):
    """Every folder of what is pinned: how many films there are, and what each page took."""
    films, times, folders = 0, [], ["pinned"]
    while folders:
        folder, start, total = folders.pop(), 0, 1
        while start < total:
            text, took = directory.browse(
                f"<ObjectID>{folder}</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag><Filter>*</Filter>"
                f"<StartingIndex>{start}</StartingIndex><RequestedCount>{page}</RequestedCount><SortCriteria/>")
            times.append(took)
            items, containers = (re.findall(rf'<{kind} id="([^"]+)"', text) for kind in ("item", "container"))
            films += len(items)
            folders += containers
            start += len(items) + len(containers)
            total = int(re.search(r"<TotalMatches>(\d+)", text)[1])
            if not items and not containers:
                break
    return {"films": films, "times": times}


if __name__ == "__main__":
    if sys.argv[1] == "searches":
        searches(sys.argv[2])
    else:
        kept = Directory(sys.argv[2])
        for _ in range(int(sys.argv[3])):
            print(json.dumps(walk(kept, int(sys.argv[4]))), flush=True)
            # The caller looks at the server before the next.
            sys.stdin.readline()
