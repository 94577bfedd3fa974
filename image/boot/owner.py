"""The owner of the box under test, and what the chapters share."""
import copy
import hashlib
import http.client
import random
import time
from pathlib import Path

import web
from report import expect, until
from world import ID

CODE, PASSWORD = "123456", "a long enough password"
# What the card's credenza.toml calls the box, and what it is called in the network by that.
NAME, HOST = "Living room", "living-room"


class Owner(web.Visitor):
    def claim(self, code=CODE):
        return self.post("/api/claim", {"code": code, "password": PASSWORD})

    def login(self):
        answer = self.post("/api/login", {"password": PASSWORD})
        expect(answer.status == 200, f"the owner cannot log in: {answer.status} {answer.message}")

    def box(self):
        answer = self.get("/api/box")
        expect(answer.status == 200, f"GET /api/box: {answer.status} {answer.message}")
        return answer.json()

    def facts(self):
        return self.box()["facts"]

    def notices(self):
        """Every sentence in which the box tells its owner of trouble."""
        told = self.box()
        sentences = [notice["message"] for notice in told["facts"]["notices"]]
        update = told.get("update") or {}
        return sentences + ([update["message"]] if update.get("message") else [])

    def disks(self):
        answer = self.get("/api/box/disks")
        expect(answer.status == 200, f"GET /api/box/disks: {answer.status} {answer.message}")
        listed = answer.json()
        return listed["disks"] if isinstance(listed, dict) else listed

    def format(self, disk, consent):
        wish = {"disk": disk, "consent": consent}
        return self.post("/api/box/disks/format", wish, timeout=300)

    def upload(self, data, timeout=600):
        """The box's answer; `None` where it hung up before it had everything. A film that was read
        a minute ago is one that somebody watches: then it is asked again."""
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = self.ask("PUT", "/api/box/update", data, timeout=timeout)
            except (OSError, http.client.HTTPException):
                return None
            if "watching" not in answer.message or time.monotonic() > deadline:
                return answer
            time.sleep(2)

    def allow_peers(self, wish):
        return self.ask("PUT", "/api/settings", {"swarm": {"enabled": wish}})

    def watch(self, world, want=((0, 65535), (300_000, 400_000), (-1, -1))):
        """Allows peers, opens the film of the world and reads ranges of it; by which way it came."""
        allowed = self.allow_peers(True)
        expect(allowed.status == 200, f"peers could not be allowed: {allowed.message}")
        play = self.post(f"/api/play/{ID}", timeout=120)
        expect(play.status == 200, f"POST /api/play/{ID}: {play.status} {play.message}")
        url, film = play.json()["url"], world.film
        for first, last in want:
            if first < 0:
                first, last = len(film) - 5000, len(film) - 1
            answer = self.get(url, headers={"Range": f"bytes={first}-{last}"}, timeout=120)
            expect(answer.status == 206, f"bytes {first}-{last}: status {answer.status}")
            expect(same(answer.body, film[first : last + 1]), f"bytes {first}-{last} are not the film's")
        whole = self.get(url, timeout=120)
        expect(same(whole.body, film), "the whole film is not the film")
        return play.json()["via"]


def same(one, other):
    return hashlib.sha256(one).digest() == hashlib.sha256(other).digest()


class Trial:
    """What one run of the boot test has in its hands."""

    def __init__(self, report, parts, folder, world, seed):
        self.report, self.parts, self.folder, self.world = report, parts, Path(folder), world
        self.seed, self.random = seed, random.Random(seed)
        self.box = None
        self.owner = None
        # A bundle that is newer than the image, and the card when all was well.
        self.newer = None
        self.good = None
        # The files of somebody's disks, each with its sha256.
        self.foreign = None

    def beside(self, name, report):
        """The same, for a chapter that runs beside others: what it changes is its own."""
        other = copy.copy(self)
        other.report, other.folder = report, self.folder / name.replace(" ", "-")
        other.folder.mkdir()
        other.random = random.Random(f"{self.seed} {name}")
        return other

    def newer_for(self, facts):
        """A bundle that the box as it is would take."""
        if self.newer.manifest["counter"] > facts["counter"]:
            return self.newer
        return self.newer.changed(self.parts.key, counter=facts["counter"] + 1)

    def step(self, name):
        return self.report.step(name)

    def note(self, text):
        self.report.note(text)

    def autopsy(self):
        """What a box that failed says of itself: its console, and its journal where it has a shell."""
        say = self.report.say
        if not self.box.machine:
            return
        say("        the console's end:")
        for line in self.box.console.splitlines()[-12:]:
            say(f"          {line}")
        for command in (
            "systemctl list-jobs --no-legend; systemctl --failed --no-legend --plain",
            "cat /run/credenza/notices.json",
            "journalctl --no-pager -b -o short-monotonic -n 40",
        ):
            try:
                text, _ = self.box.run(command, limit_s=60, ask=True, wait_s=30)
            except Exception as error:  # noqa: BLE001: it is ill already
                say(f"        no word from the debug shell: {str(error)[:200]}")
                return
            say(f"        {command}")
            for line in text.splitlines():
                say(f"          {line[:220]}")

    def configuration(self):
        return f'[box]\nclaim_code = "{CODE}"\n[lan]\nname = "{NAME}"\n{self.world.configuration()}'

    def answers(self, limit_s=240):
        """Waits for the first answer, and notes how long it took."""
        self.note(f"answers after {self.box.wait_health(limit_s):.1f} s")

    def is_mine_still(self):
        status = self.owner.get("/api/status").json()
        expect(status["owner"], "the box has forgotten its owner")
        self.owner.login()

    def ssd(self, there=True, limit_s=60):
        what = "the disk for films is " + ("mounted" if there else "gone")
        return until(what, limit_s, lambda: bool(self.owner.facts()["ssd"]) == there)
