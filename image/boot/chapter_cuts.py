"""Plugs pulled, at random moments of an evening. What was answered must be there afterwards."""
import threading
import time

from machine import narrow
from report import expect


def again(t):
    """Power, and the owner is still the owner."""
    t.box.power()
    t.answers(300)
    t.is_mine_still()


def pull_idle(t, longest_s=10, off=lambda: None):
    """After a change that was answered: it may not be lost."""
    wish = t.random.random() < 0.5
    answer = t.owner.allow_peers(wish)
    expect(answer.status == 200, f"the change was refused: {answer.message}")
    after = t.random.uniform(0, longest_s)
    time.sleep(after)
    t.box.pull()
    t.note(f"{after:.1f} s after a change")
    off()
    again(t)
    kept = t.owner.get("/api/settings").json()["swarm"]["enabled"]
    expect(kept == wish, f"peer-to-peer was set to {wish} and is {kept}")


def pull_in_start(t, longest_s=40):
    """Between power and the first answers."""
    t.box.pull()
    t.box.power()
    after = t.random.uniform(1, longest_s)
    time.sleep(after)
    t.box.pull()
    t.note(f"{after:.1f} s after power")
    again(t)


def pull_in_film(t):
    """While a film is fetched and read."""
    watching = threading.Thread(target=quietly, args=(lambda: t.owner.watch(t.world),), daemon=True)
    watching.start()
    after = t.random.uniform(0, 4)
    time.sleep(after)
    t.box.pull()
    watching.join(130)
    t.note(f"{after:.1f} s after play")
    again(t)
    t.owner.watch(t.world)


def pull_in_update(t, longest_s=20):
    """While the other slot is written: the running one must not care."""
    before = t.owner.facts()
    data = t.newer_for(before).bytes()
    uploading = threading.Thread(target=quietly, args=(lambda: t.owner.upload(data),), daemon=True)
    starts = len(t.box.boots)
    uploading.start()
    after = t.random.uniform(1, longest_s)
    time.sleep(after)
    t.box.pull()
    uploading.join(60)
    t.note(f"{after:.1f} s into an update, {len(t.box.boots) - starts} restarts before")
    again(t)
    facts = t.owner.facts()
    # Pulled after the trial had been committed it is the new one; anything else is the old one.
    expected = {before["version"], t.newer.manifest["version"]}
    expect(facts["version"] in expected, f"version {facts['version']}")
    expect(facts["default"] == facts["running"], f"{facts}")


def quietly(play):
    try:
        play()
    except Exception:  # noqa: BLE001: the plug is pulled under it
        pass


KINDS = {
    "idle": pull_idle,
    "in the start": pull_in_start,
    "while a film plays": pull_in_film,
    "while an update is written": pull_in_update,
}


def after_set_up(t):
    """What was answered stays, and the card, while it is out, is copied: the troubles begin with it."""

    def copied():
        t.good = t.box.card.copy(t.folder / "good.img")
        # From here on other guests run beside this one.
        t.box.outfit.processors = narrow().processors

    with t.step("the plug is pulled after a change of settings"):
        pull_idle(t, off=copied)


def while_updated(t):
    """The first of three plugs was pulled in the first start."""
    with t.step("the plug is pulled while an update is written"):
        pull_in_update(t)
