"""Slots on trial that come to nothing before a server could judge them: each time the slot that was
there before returns by itself. Each on its own copy of a good card, whose other slot is spoilt."""
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import bundles
import firmware
from box import Box
from machine import narrow
from report import expect


def failed(t):
    # The one that hangs stands still for a minute, beside the others.
    with on_trial(t, hung) as standing:
        with on_trial(t, lost) as box:
            with t.step("a trial that does not find its card: the old slot returns by itself"):
                returned(t, box)
        with on_trial(t, without_server) as box:
            with t.step("a trial whose server ends at once: the old slot returns by itself"):
                returned(t, box)
        with t.step("a trial that hangs before systemd: the watchdog ends it, and the old slot returns"):
            why = returned(t, standing)
            expect(why == "watchdog", f"that trial ended by {why}")


@contextmanager
def on_trial(t, spoil):
    """A box that tries its other slot, spoilt by `spoil`."""
    path = t.folder / f"{spoil.__name__}.img"
    try:
        card = t.good.copy(path)
        other, _ = firmware.partition_to_start(card, True)
        fill(card, other)
        spoil(card, other)
        with Box(card, narrow()) as box:
            yield box.power(one_shot=True)
    finally:
        path.unlink(missing_ok=True)


def fill(card, number):
    """A slot that nobody has updated yet gets a copy of the one that starts."""
    other = card.partition(number)
    header = other.start_bytes + other.size_bytes - bundles.HEADER_BYTES
    if not card.peek(header, len(bundles.MAGIC)).startswith(bundles.MAGIC):
        usual, _ = firmware.partition_to_start(card, False)
        start = card.partition(usual).start_bytes
        for at in range(0, other.size_bytes, 1 << 20):
            card.poke(other.start_bytes + at, card.peek(start + at, 1 << 20))


def lost(card, number):
    """Its kernel has no driver for the card, say: the initramfs knows neither disk nor slot."""
    words = card.read(number, "cmdline.txt").decode()
    card.write(number, "cmdline.txt", words.replace("credenza.disk=", "credenza.dusk="))


def hung(card, number):
    """Its first program waits for ever: build.id is a pipe that nobody writes to. The kernel takes
    several archives one after the other, and the later one's files."""
    packed = card.read(number, "initramfs")
    card.write(number, "initramfs", packed + bytes(-len(packed) % 4) + archive("build.id", 0o010600))


def archive(name, mode):
    """An archive of one empty file, as cpio's format newc has it."""
    return b"".join(entry(*one) for one in [(name, mode, 1), ("TRAILER!!!", 0, 0)])


def entry(name, mode, number):
    name = name.encode() + b"\0"
    # Number, mode, owner, group, links, time, size, four devices, the name's length, no checksum.
    words = [number, mode, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(name), 0]
    head = b"070701" + b"".join(b"%08X" % word for word in words) + name
    return head + bytes(-len(head) % 4)


def without_server(card, number):
    """Its system starts, and /usr/bin/credenza is a program that fails."""
    with tempfile.TemporaryDirectory() as folder:
        packed, root = Path(folder) / "rootfs.sqfs", Path(folder) / "root"
        card.extract(number, "rootfs.sqfs", packed)
        run("unsquashfs", "-q", "-n", "-no-xattrs", "-d", root, packed)
        server = root / "usr/bin/credenza"
        server.unlink()
        server.write_text("#!/bin/sh\nexit 1\n")
        server.chmod(0o755)
        run("mksquashfs", root, packed, "-noappend", "-quiet", "-no-progress", "-no-xattrs", "-all-root",
            "-comp", "gzip", "-Xcompression-level", "1")
        card.write(number, "rootfs.sqfs", packed.read_bytes())


def run(*command):
    subprocess.run(["nice", *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def returned(t, box, limit_s=150):
    """The trial's end, and that the next start is the usual slot's; how the trial ended."""
    mine, t.box = t.box, box
    try:
        trial = box.wait_boots(1)
        expect(trial.trial, f"no trial: {trial}")
        back = box.wait_boots(2, limit_s)
        t.note(f"{trial.ended} after {back.at - trial.at:.1f} s")
        expect(not back.trial and back.slot != trial.slot, f"after a {trial}: {back}")
        t.note(f"answers after {box.wait_health():.1f} s")
        # On a busy machine the watchdog may end one of these; but none is the trial again.
        expect(not any(boot.trial for boot in box.boots[1:]), f"tried again: {box.boots}")
    except Exception:
        t.autopsy()
        raise
    finally:
        t.box = mine
    return trial.ended
