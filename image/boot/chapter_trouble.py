"""Cards on their bad days: each ends in a box that answers and says what to do. Each
works on a copy of the card as it was when all was well."""
import http.client
import os

import firmware
from box import Box, card_of
from card import DATA, SELECTOR
from chapter_trials import fill
from chapter_watchdog import main_pid
from machine import narrow
from owner import Owner
from report import Failed, expect, until


def on_a_copy(t, spoil, outfit, play):
    """Plays on a copy of the good card, spoilt by `spoil`."""
    path = t.folder / "spoilt.img"
    on_card(t, t.good.copy(path), spoil, outfit, play)


def on_a_new_card(t, outfit, play):
    """Plays on a card that nobody has started yet, as it comes from its writer."""
    card = card_of(t.parts.image, t.folder / "new.img")
    on_card(t, card, lambda card: card.write(SELECTOR, "credenza.toml", t.configuration()), outfit, play)


def on_card(t, card, spoil, outfit, play):
    t_box, t_owner = t.box, t.owner
    try:
        with Box(card, outfit) as t.box:
            spoil(t.box.card)
            t.owner = Owner(t.box)
            try:
                play()
            except Exception:
                t.autopsy()
                raise
    finally:
        t.box, t.owner = t_box, t_owner
        card.path.unlink(missing_ok=True)


def read_only(t):
    def play():
        with t.step("the card takes no writes any more: the box answers, and says so"):
            t.box.power()
            t.answers(300)
            t.is_mine_still()
            facts = t.owner.facts()
            expect(facts["data"] == "read_only", f"data {facts['data']}")
            told(t, "card_read_only")

    on_a_copy(t, lambda card: None, narrow(read_only=True), play)


def fails(t):
    """The kernel's own way to try what a worn card does: an error of ext4, after which its journal is
    closed (Documentation/ABI/testing/sysfs-fs-ext4, trigger_fs_error). What a file has room for is still
    overwritten, so that a save may succeed; whatever the server needs anew from the card fails, and with
    that the watchdog's look at the state, which ends it."""

    def play():
        box = t.box
        with t.step("a box that is well"):
            box.power()
            t.answers(300)
            t.is_mine_still()
        with t.step("its card fails while it runs: the owner is told"):
            box.run("d=$(awk '$2==\"/data\"{print $1}' /proc/mounts); "
                    "echo boot-test >/sys/fs/ext4/${d##*/}/trigger_fs_error")
            answer = t.owner.allow_peers(True)
            t.note(f"a save is answered {answer.status}{'' if answer.status < 400 else ' ' + answer.message}")
            t.note(until("the notice", 120, lambda: read_only_notice(t)))
        with t.step("the next server has a copy in memory, with the owner in it, and takes changes"):
            pid = until("a server", 120, lambda: main_pid(box))
            box.run(f"kill -9 {pid}; true")
            until("the next server", 120, lambda: main_pid(box) not in (pid, 0))
            box.wait_health(120)
            t.is_mine_still()
            expect("tmpfs" in box.run("grep ' /data ' /proc/mounts | tail -n 1"), "it is not in memory")
            told(t, "card_read_only")
            answer = t.owner.allow_peers(True)
            expect(answer.status == 200, f"a change is refused: {answer.message}")

    on_a_copy(t, lambda card: None, narrow(), play)


def read_only_notice(t):
    """Of a server that the watchdog may be ending just now."""
    try:
        facts = t.owner.facts()
    except (OSError, http.client.HTTPException, Failed):
        return ""
    found = [notice["message"] for notice in facts["notices"] if notice["code"] == "card_read_only"]
    return found[0] if found and facts["data"] == "read_only" else ""


def volatile(t, what, code, spoil):
    """The state is lost: the box is anybody's to claim, and says why, by the notice of this code."""

    def play():
        with t.step(f"{what}: the box answers, and says so"):
            t.box.power()
            t.answers(300)
            expect(t.owner.get("/setup").status == 200, "no set-up page")
            claim = t.owner.claim()
            expect(claim.status == 201, f"claim: {claim.status} {claim.message}")
            facts = t.owner.facts()
            expect(facts["data"] == "volatile", f"data {facts['data']}")
            told(t, code)

    on_a_copy(t, spoil, narrow(), play)


def no_data_partition(t):
    volatile(t, "there is no data partition", "data_missing", lambda card: card.remove_partition(DATA))


def junk_in_data(t):
    def spoil(card):
        # Superblock, its copies, journal and inodes alike.
        start = card.partition(DATA).start_bytes
        for at in range(0, 600 << 20, 1 << 20):
            if start + at + (1 << 20) <= card.size_bytes:
                card.poke(start + at, os.urandom(64 << 10))

    volatile(t, "the data partition is junk", "data_damaged", spoil)


def bad_slot(t):
    """The slot that starts is spoilt after it had been committed."""
    facts = {}

    def spoil(card):
        number, _ = firmware.partition_to_start(card, False)
        other, _ = firmware.partition_to_start(card, True)
        fill(card, other)
        facts["bad"] = "ab"[number - 2]
        card.junk(number, "rootfs.sqfs")

    def play():
        with t.step("the slot that starts is damaged: the other one comes up, and says so"):
            t.box.power()
            t.box.wait_boots(2, 240)
            t.answers(300)
            t.is_mine_still()
            found = t.owner.facts()
            expect(found["running"] != facts["bad"], f"{found}")
            told(t, "other_slot_started")

    on_a_copy(t, spoil, narrow(), play)


def told(t, code, limit_s=60):
    """The notice of just this trouble: a word about another one would be as good as none."""

    def sentences():
        facts = t.owner.facts() or {"notices": []}
        return [notice["message"] for notice in facts["notices"] if notice["code"] == code]

    t.note(" / ".join(until(f"the notice {code}", limit_s, sentences)))
