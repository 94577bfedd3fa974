"""Disks for films: found, formatted on the owner's word alone, gone and back."""
import hashlib
import subprocess

from box import blank_disk
from card import Card
from machine import Disk, Outfit
from report import expect, until

BLANK, FOREIGN, STICK = 0, 1, 2
MIB = 1 << 20


def outfit(t):
    """A blank disk, and one with somebody's films on it."""
    foreign = blank_disk(t.folder / "foreign.img", 256 * MIB)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "films", foreign], check=True)
    t.foreign = [foreign]
    blank = blank_disk(t.folder / "ssd.img", 1024 * MIB)
    disks = [Disk(blank, serial="BLANK-1"), Disk(foreign, serial="FOREIGN-1")]
    if t.newer:
        # In its owner's drawer until the update.
        disks.append(Disk(stick(t), serial="STICK-1", plugged=False))
        t.foreign.append(disks[STICK].path)
    t.foreign = [(path, sha256(path)) for path in t.foreign]
    return Outfit(disks=disks)


def stick(t):
    """A stick as it is bought, one partition with FAT on it, and the newer bundle in its first folder."""
    path = blank_disk(t.folder / "stick.img", 128 * MIB)
    subprocess.run(["sfdisk", "-q", path], input=b"label: dos\nstart=2048, type=c\n", check=True)
    made = ["mkfs.vfat", "-n", "STICK", "--offset", "2048", path, str(127 * 1024)]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    Card(path).write(1, bundle_name(t), t.newer.bytes())
    return path


def bundle_name(t):
    return f"credenza-qemu-{t.newer.manifest['version']}.bundle"


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def find(owner, holds):
    return next((one for one in owner.disks() if holds.lower() in one["holds"].lower()), None)


def adoption(t):
    owner, box = t.owner, t.box
    with t.step("both disks are listed, the card is not"):
        listed = until("two disks", 60, lambda: len(owner.disks()) == 2 and owner.disks())
        t.note(", ".join(f"{one['model']}: {one['holds']}" for one in listed))
        expect(not any(one["ours"] for one in listed), "one is taken for ours")
        expect(not any("CARD" in one["id"] for one in listed), "the card is listed")
    with t.step("a foreign file system is neither mounted nor written"):
        expect("films" in find(owner, "ext4")["holds"], "the label is not told")
        mounts = box.run("grep -c '^/dev/sd' /proc/mounts; true")
        expect(mounts == "0", f"{mounts} disks are mounted")
        expect(not owner.facts()["ssd"], "a disk for films is claimed to be there")
    with t.step("without consent nothing is formatted"):
        blank, foreign = find(owner, "nothing"), find(owner, "ext4")
        for disk, consent in [(blank["id"], "yes"), (blank["id"], foreign["consent"]), ("sda", "")]:
            answer = owner.format(disk, consent)
            expect(400 <= answer.status < 500, f"{disk!r}, {consent!r}: {answer.status}")
    with t.step("with consent the blank disk becomes the disk for films"):
        answer = owner.format(blank["id"], blank["consent"])
        expect(answer.status in (200, 201, 202, 204), f"{answer.status} {answer.message}")
        t.ssd(limit_s=180)
        ssd = owner.facts()["ssd"]
        expect(ssd["bytes"] > 800 * MIB, f"{ssd}")
        mount = box.run("grep ' /srv/ssd ' /proc/mounts")
        expect("noatime" in mount, f"mounted without noatime: {mount}")
        t.note(mount.split()[2])
    with t.step("the consent that was used is worth nothing any more"):
        answer = owner.format(blank["id"], blank["consent"])
        expect(400 <= answer.status < 500, f"status {answer.status}")
    with t.step("the disk is told which of its blocks are free, as once a week"):
        box.run("systemctl start credenza-trim.service", limit_s=120)
        # Where its condition is not met systemd starts nothing, and calls that well.
        ended = box.run("systemctl show -P ConditionResult -P Result credenza-trim.service").split()
        expect(sorted(ended) == ["success", "yes"], f"the unit ended as {ended}")


def unplugging(t):
    owner, box = t.owner, t.box
    with t.step("the disk is unplugged: the box answers on"):
        box.machine.unplug(BLANK)
        t.ssd(there=False)
        expect(owner.get("/health").status == 200, "no answer")
    with t.step("nothing can be written into the empty mount point"):
        _, status = box.run("touch /srv/ssd/x", ask=True)
        expect(status, "a file could be made there, on the card")
    with t.step("plugged in again, it is the disk for films again, without a restart"):
        starts = len(box.boots)
        box.machine.plug(BLANK)
        t.ssd(limit_s=60)
        expect(len(box.boots) == starts, "the box restarted")
        service = box.run("stat -c %U /srv/ssd/credenza")
        expect(service == "credenza", f"the service's folder on it belongs to {service}")
        box.run("echo kept >/srv/ssd/mark; sync")


def after_restart(t):
    with t.step("the disk for films is there after a restart, with what was on it"):
        t.ssd(limit_s=120)
        expect(t.box.run("cat /srv/ssd/mark") == "kept", "the file on it is gone")


def foreign_untouched(t):
    """With the box off: QEMU would still be writing."""
    t.box.pull()
    with t.step("in all that time the foreign disk was not written, nor the stick"):
        for path, before in t.foreign:
            expect(sha256(path) == before, f"the bytes of {path.name} have changed")
