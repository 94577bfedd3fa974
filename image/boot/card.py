"""A card as a file: its partitions, the files on its FAT partitions, and what a test does to them.

FAT is mtools' business: no root, no loop device, and a second opinion on what our own code wrote.
"""
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

# mke2fs lies where Debian's PATH of a user does not lead.
os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

MIB = 1 << 20
SELECTOR, SLOT_A, SLOT_B, DATA = 1, 2, 3, 4


class CardError(Exception):
    """One sentence: what is wrong with the card."""


@dataclass(frozen=True)
class Partition:
    number: int
    kind: int
    start_bytes: int
    size_bytes: int


class Card:
    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def copy_of(cls, image, path, size_bytes):
        """The image as it lies on a card of `size_bytes`; the image itself is never written."""
        image, path = Path(image), Path(path)
        if not image.is_file():
            raise CardError(f"there is no image {image}: make it with `just image qemu`")
        if image.stat().st_size > size_bytes:
            raise CardError(f"{image} does not fit on a card of {size_bytes // MIB} MiB")
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", image, path], check=True)
        os.truncate(path, size_bytes)
        return cls(path)

    def copy(self, path):
        """A second card with the same on it."""
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", self.path, path], check=True)
        return Card(path)

    @property
    def size_bytes(self):
        return self.path.stat().st_size

    def partitions(self):
        sector = self.peek(0, 512)
        if sector[510:] != b"\x55\xaa":
            raise CardError(f"{self.path} has no partition table")
        found = {}
        for number in range(1, 5):
            entry = sector[446 + 16 * (number - 1) :][:16]
            start, count = struct.unpack("<II", entry[8:])
            if count:
                found[number] = Partition(number, entry[4], start * 512, count * 512)
        return found

    def partition(self, number):
        try:
            return self.partitions()[number]
        except KeyError:
            raise CardError(f"{self.path} has no partition {number}") from None

    # --- bytes ------------------------------------------------------------------------------------

    def peek(self, at, count):
        with open(self.path, "rb") as file:
            file.seek(at)
            return file.read(count)

    def poke(self, at, data):
        with open(self.path, "r+b") as file:
            file.seek(at)
            file.write(data)

    # --- files ------------------------------------------------------------------------------------

    def _mtools(self, number, command, *arguments, data=None):
        # mtools takes no options after the drive's letter, and its complaints name the drive: so the
        # sentence that says what was tried is ours.
        drive = f"{self.path}@@{self.partition(number).start_bytes}"
        return subprocess.run(
            [command, "-i", drive, *arguments],
            input=data, capture_output=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
        )

    def read(self, number, name):
        """The file's bytes; `None` where it is not there."""
        done = self._mtools(number, "mtype", f"::{name}")
        return done.stdout if done.returncode == 0 else None

    def extract(self, number, name, path):
        """The same into a file; whether it was there."""
        done = self._mtools(number, "mcopy", "-n", "-o", f"::{name}", str(path))
        return done.returncode == 0

    def write(self, number, name, data):
        if isinstance(data, str):
            data = data.encode()
        done = self._mtools(number, "mcopy", "-D", "o", "-", f"::{name}", data=data)
        if done.returncode:
            raise CardError(f"{name} could not be put on partition {number}: {done.stderr.decode().strip()}")

    def delete(self, number, name):
        self._mtools(number, "mdel", f"::{name}")

    def names(self, number):
        listing = self._mtools(number, "mdir", "-b", "-/", "::").stdout.decode()
        return [line.removeprefix("::/") for line in listing.splitlines() if line.startswith("::/")]

    # --- what happens to cards --------------------------------------------------------------------

    def junk(self, number, name):
        """A file that is as long as it was, and nonsense from its first byte."""
        was = self.read(number, name)
        if not was:
            raise CardError(f"partition {number} has no {name} to spoil")
        self.write(number, name, (b"not what it was\n" * (len(was) // 16 + 1))[: len(was)])

    def remove_partition(self, number):
        self.poke(446 + 16 * (number - 1), bytes(16))


def need(*programs):
    """Ends with one sentence where a program is missing."""
    missing = [one for one in programs if not shutil.which(one)]
    if missing:
        raise CardError(f"{', '.join(missing)} is not installed: see image/boot/packages.txt")
