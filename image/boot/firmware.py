"""What the Raspberry Pi's firmware does with a card, so far as the choice of a slot goes.

The rules are those of the firmware's documentation for autoboot.txt and tryboot:
autoboot.txt stands on the first FAT partition and is at most 512 bytes; `boot_partition` of [all] is
what starts; where the one-shot flag was set by the system before a reset, [tryboot] is read as well,
and the flag is gone. A loss of power loses the flag too.
"""
from dataclasses import dataclass
from pathlib import Path

from card import SELECTOR, SLOT_A, CardError


class NoStart(CardError):
    """The firmware finds nothing that it could start: on hardware, a rainbow and no more."""


@dataclass(frozen=True)
class Start:
    """What is loaded into memory, and from where."""

    partition: int
    trial: bool
    kernel: Path
    initramfs: Path
    device_tree: Path | None
    command_line: str

    @property
    def slot(self):
        return "ab"[self.partition - SLOT_A]


def autoboot(text):
    """The partitions under [all] and under [tryboot]; `None` where none is named."""
    section, named = "all", {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("boot_partition="):
            named[section] = int(line.partition("=")[2])
    return named.get("all"), named.get("tryboot")


def partition_to_start(card, one_shot):
    text = card.read(SELECTOR, "autoboot.txt")
    if text is None:
        raise NoStart("the selector has no autoboot.txt")
    if len(text) > 512:
        raise NoStart(f"autoboot.txt has {len(text)} bytes; the firmware reads 512")
    usual, trial = autoboot(text.decode("ascii", "replace"))
    chosen = trial if one_shot and trial else usual
    if chosen is None:
        raise NoStart("autoboot.txt names no boot_partition")
    return chosen, bool(one_shot and trial)


def load(card, folder, one_shot=False, device_trees=()):
    """Takes kernel, initramfs and the first of these device trees that is there out of the chosen
    slot, into files of `folder` for QEMU."""
    number, trial = partition_to_start(card, one_shot)
    taken = {}
    for names in [("kernel8.img",), ("initramfs",)] + ([device_trees] if device_trees else []):
        path = Path(folder) / names[0]
        if not any(card.extract(number, name, path) for name in names):
            raise NoStart(f"partition {number} has no {names[0]}")
        taken[names[0]] = path
    command_line = (card.read(number, "cmdline.txt") or b"").decode().strip()
    return Start(
        number, trial, taken["kernel8.img"], taken["initramfs"],
        taken[device_trees[0]] if device_trees else None, command_line,
    )
