"""A door between litmus and a server that is only read: litmus_door.py BASE; it prints its port.

Each part of litmus begins by making a folder and ends where that fails, and its parts cannot be chosen from.
So whatever writes is told yes here and not passed on, and the server's root is shown as the folder. What
litmus then finds missing was never written: only what it reads counts.
"""

import http.client
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SERVER = urlsplit(sys.argv[1]).netloc
FOLDER = "/dav/litmus/"
OURS = ("host", "connection", "te", "content-length", "transfer-encoding")


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, reason, headers, body):
        self.send_response_only(status, reason)
        for name, value in headers:
            if name.lower() not in OURS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self):
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command not in ("OPTIONS", "PROPFIND", "GET", "HEAD"):
            return self.answer(201, "Created", [], b"")
        server = http.client.HTTPConnection(SERVER, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OURS}
        server.request(self.command, self.path.replace(FOLDER, "/dav/", 1), asked or None, headers)
        told = server.getresponse()
        body = told.read().replace(b"<D:href>/dav/", f"<D:href>{FOLDER}".encode())
        self.answer(told.status, told.reason, told.getheaders(), body)
        server.close()

    def log_message(self, *_):
        pass


# Its methods are many, and all go the same way.
for method in "OPTIONS PROPFIND GET HEAD PUT DELETE MKCOL COPY MOVE PROPPATCH LOCK UNLOCK POST".split():
    setattr(Door, f"do_{method}", Door.pass_on)

door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
print(door.server_port, flush=True)
door.serve_forever()
