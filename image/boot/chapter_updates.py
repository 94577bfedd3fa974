"""Updates: what is refused, one that stays, one that goes back by itself, and by its owner."""
import bundles
from chapter_disks import STICK, bundle_name
from owner import HOST, NAME
from report import expect, until
from wire import goodbyes


def refused(t):
    """One of each kind; the many are the bundle's own tests."""
    owner, newer, key = t.owner, t.newer, t.parts.key
    stranger = bundles.new_key(t.folder)
    running = owner.facts()
    # The head decides over these before a byte of the slot is taken: a little of it will do.
    short = newer.payload[: 64 << 10]
    flipped = bytearray(newer.manifest_bytes)
    flipped[flipped.index(b"0.") + 2] ^= 1
    forged = [
        ("of an unknown key", newer.changed(stranger, short)),
        ("for another board", newer.changed(key, short, board="rpi4")),
        ("older than what runs", newer.changed(key, short, counter=running["counter"] - 1)),
        ("with a changed word", bundles.Bundle(bytes(flipped), newer.signature, short)),
        ("cut short", bundles.Bundle(newer.manifest_bytes, newer.signature, short)),
    ]
    with t.step("a file that is no bundle is refused"):
        refusal(owner.upload(b"\0" * 100_000))
    for what, bundle in forged:
        with t.step(f"a bundle {what} is refused"):
            t.note(refusal(owner.upload(bundle.bytes())))
    with t.step("a bundle with one changed byte in its slot is refused, and its slot not offered"):
        payload = bytearray(newer.payload)
        payload[len(payload) * 2 // 3] ^= 1
        answer = owner.upload(bundles.Bundle(newer.manifest_bytes, newer.signature, bytes(payload)).bytes())
        t.note(refusal(answer))
        facts = owner.facts()
        expect(facts["other"] is None, f"the other slot is offered: {facts['other']}")
        expect(facts["default"] == facts["running"], f"the default moved: {facts}")


def refusal(answer):
    """The sentence with which it was refused. A box that hangs up has refused as well, if it then
    says so when asked; the caller looks at the slots."""
    if answer is None:
        return "the box hung up"
    expect(400 <= answer.status < 500, f"status {answer.status}: {answer.message}")
    return answer.message


def taken(t, bundle):
    """Uploads, and says that it may start; how many starts there had been."""
    answer = t.owner.upload(bundle.bytes())
    expect(answer, "the box hung up on a good bundle")
    expect(answer.status == 200, f"status {answer.status}: {answer.message}")
    other = t.owner.facts()["other"]
    expect(other and other["counter"] == bundle.manifest["counter"], f"the other slot: {other}")
    return restarting(t)


def restarting(t):
    """Says that what is ready may start; how many starts there had been."""
    starts = len(t.box.boots)
    answer = t.owner.post("/api/box/update/restart")
    expect(answer.status == 202, f"restart: {answer.status} {answer.message}")
    return starts


def from_stick(t):
    """The newer bundle, from a stick of the owner's: offered as soon as it is plugged in, and written
    when that is asked for. It lands where an upload would; `broken` has one of those."""
    owner = t.owner
    with t.step("a newer bundle on a stick with FAT is offered"):
        t.box.machine.plug(STICK)
        name = bundle_name(t)
        disk = until("the bundle on the stick", 60,
                     lambda: next((one for one in owner.disks() if name in one["bundles"]), None))
        t.note(f"{disk['holds']}: {', '.join(disk['bundles'])}")
    with t.step("and is written beside what runs, and checked"):
        answer = owner.post("/api/box/update/install", {"disk": disk["id"], "name": name})
        expect(answer.status == 202, f"install: {answer.status} {answer.message}")
        ended = until("the end of the writing", 300, lambda: written(owner))
        expect(ended["state"] == "ready", f"{ended}")
        other = owner.facts()["other"]
        expect(other and other["counter"] == t.newer.manifest["counter"], f"the other slot: {other}")


def written(owner):
    update = owner.box().get("update") or {}
    return update if update.get("state") in ("ready", "failed") else None


def update(t):
    box, owner = t.box, t.owner
    before = owner.facts()
    from_stick(t)
    with t.step("the box restarts into the other slot"):
        starts = restarting(t)
        boot = box.wait_boots(starts + 1, 300)
        expect(boot.trial, "the other slot was not started as a trial")
        expect(boot.slot != before["running"], f"slot {boot.slot}")
        t.answers()
    with t.step("healthy, it becomes the one that starts"):
        facts = until("the new version is committed", 240, lambda: committed(owner, boot.slot))
        expect(facts["version"] == t.newer.manifest["version"], f"version {facts['version']}")
        t.is_mine_still()
        t.note(f"{before['version']} is {facts['version']} now, slot {facts['running']}")


def committed(owner, slot):
    try:
        facts = owner.facts()
    except Exception:  # noqa: BLE001: it may be on its way down or up
        return None
    # A box that was just started, on a machine with other work, may not know how it stands yet.
    return facts if facts and facts["default"] == facts["running"] == slot else None


def back(t):
    """After the update the other slot holds the version before."""
    owner, box = t.owner, t.box
    facts = owner.facts()
    with t.step("the owner goes back: the version before is started, and stays"):
        before = facts["other"]
        expect(before, "the other slot holds nothing to go back to")
        starts = len(box.boots)
        wire = t.folder / "wire.pcap"
        box.machine.overhear(wire)
        answer = owner.post("/api/box/update/back")
        expect(answer.status == 202, f"back: {answer.status} {answer.message}")
        boot = box.wait_boots(starts + 1, 300)
        expect(boot.trial and boot.slot != facts["running"], f"{boot}")
        t.answers()
        now = until("the version before is committed", 240, lambda: committed(owner, boot.slot))
        expect(now["version"] == before["version"], f"version {now['version']}")
        t.is_mine_still()
        t.note(f"{facts['version']} is {now['version']} again")
    with t.step("it had said goodbye to the house before it went"):
        names, types = goodbyes(wire)
        # By the name that credenza.toml gave it.
        expect({f"{NAME}._http._tcp.local", f"{HOST}.local"} <= names, f"by mDNS: {sorted(names)}")
        expect("upnp:rootdevice" in types, f"by SSDP: {sorted(types)}")
        t.note(", ".join(sorted(names)))


def broken(t):
    box, owner = t.box, t.owner
    before = owner.facts()
    # A counter of its own: what was given up once is not taken again.
    bad = t.newer.changed(
        t.parts.key, bundles.with_junk(t.newer.payload, "rootfs.sqfs"),
        version="99.0.0", counter=before["counter"] + 9,
    )
    with t.step("a signed bundle whose root does not start: the old slot returns by itself"):
        starts = taken(t, bad)
        trial = box.wait_boots(starts + 1, 300)
        expect(trial.trial and trial.slot != before["running"], f"{trial}")
        back = box.wait_boots(starts + 2, 300)
        expect(not back.trial and back.slot == before["running"], f"{back}")
        t.note(f"back after {back.at - trial.at:.1f} s")
        t.answers()
    with t.step("and the owner is told"):
        t.is_mine_still()
        facts = owner.facts()
        expect(facts["version"] == before["version"], f"version {facts['version']}")
        version = bad.manifest["version"]
        told = until("a word about the failed update", 60,
                     lambda: [one for one in owner.notices() if version in one])
        t.note(told[0])
