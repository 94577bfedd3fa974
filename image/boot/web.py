"""HTTP as a browser on the forwarded port would speak it: one connection a request, a cookie kept."""
import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from patience import patient


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body or b"null")

    @property
    def message(self):
        """The sentence of an error."""
        try:
            return self.json()["error"]["message"]
        except (ValueError, KeyError, TypeError):
            return self.body[:300].decode("utf-8", "replace")


def status(url, timeout=3):
    """The status; `None` where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return None


class Visitor:
    """Someone in front of a browser."""

    def __init__(self, box):
        self._box = box
        self.cookie = None

    def ask(self, method, path, body=None, headers=None, timeout=60):
        # A URL that the box made names the box as the box was called; we go where it stands.
        parts = urlsplit(path)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = dict(headers or {})
        if self.cookie:
            sent["Cookie"] = self.cookie
        if isinstance(body, dict):
            body, sent["Content-Type"] = json.dumps(body), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self._box.port, timeout=patient(timeout))
        try:
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = line.split(";")[0]
        return Answer(answer.status, dict(answer.headers.items()), data)

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)
