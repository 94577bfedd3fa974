"""Asks as a player does, with a clock, and holds every byte against the source."""
import http.client
import json
import time

# Longest that one read may take, in seconds.
LONGEST_S = 90


def call(port, method, path, body=None, bearer=None, limit=60):
    """One JSON call; the answer, read."""
    return json.loads(answer(port, method, path, body, bearer, limit))


def answer(port, method, path, body=None, bearer=None, limit=60):
    """One call; the answer's bytes."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
    connection.request(method, path, body, headers)
    given = connection.getresponse()
    said = given.read()
    connection.close()
    if given.status not in (200, 201):
        raise SystemExit(f"{method} {path} answered {given.status}: {said[:500]!r}")
    return said


def read(port, path, source, start=0, most=None, mark=None):
    """Reads from byte `start`, to the end or `most` bytes, then hangs up.

    Gives the seconds from the request to the first byte, to `mark` bytes and to the last."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    if answer.status != (206 if start else 200):
        raise SystemExit(f"GET {path} answered {answer.status}: {answer.read(300)!r}")
    seconds = held(answer.read1, f"GET {path}", began, source, start, most, mark)
    answer.close()
    connection.close()
    return seconds


def held(receive, what, began, source, start, most, mark):
    """Takes what `receive` gives and holds it against the source; the seconds of `read`."""
    size = len(source)
    at, end, seconds = start, size if most is None else min(size, start + most), {}
    while at < end:
        chunk = receive(1 << 18)
        if not chunk:
            raise SystemExit(f"{what} broke off at byte {at} of {size}")
        now = time.perf_counter() - began
        seconds.setdefault("first", now)
        if chunk != source[at:at + len(chunk)]:
            raise SystemExit(f"{what} gave other bytes than the source from byte {at} on")
        at += len(chunk)
        if mark and at - start >= mark:
            seconds.setdefault("mark", now)
        if now > LONGEST_S:
            raise SystemExit(f"{what} gave {at - start} bytes in {LONGEST_S} s")
    seconds["last"] = time.perf_counter() - began
    return seconds
