"""What the image's build left for the test: the image, and a bundle that is newer than it."""
import os
import subprocess
from pathlib import Path

import bundles
import world

REPOSITORY = world.REPOSITORY


class Missing(Exception):
    """One sentence: what is not there, and what makes it."""


def folder():
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("CREDENZA_IMAGE_DIR") or cache / "credenza/image")


def newest(pattern, board, where=None):
    found = sorted((where or folder()).glob(pattern), key=lambda path: path.stat().st_mtime)
    if not found:
        raise Missing(f"there is no {(where or folder()) / pattern}: `just image {board}` makes it")
    return found[-1]


def first_line(*command):
    """What a command says first, as its version."""
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY).stdout.split("\n")[0]


class Parts:
    def __init__(self, board="qemu", image=None):
        self.board = board
        self.image = Path(image) if image else newest(f"credenza-{board}-*.img", board)
        self.folder = self.image.parent

    @property
    def bundle(self):
        return self.image.with_suffix(".bundle")

    @property
    def key(self):
        keys = Path(os.environ.get("KEYS") or self.folder / "keys")
        if not (keys / "current.key").is_file():
            raise Missing(f"there is no {keys / 'current.key'}, which signs updates: set KEYS")
        return keys / "current.key"

    def newer(self, say=print):
        """A bundle of the same parts with the next counter; built where there is none yet."""
        mine = bundles.Bundle.read(self.bundle).manifest
        version, counter = f"{mine['version']}-next", mine["counter"] + 1
        where = self.folder / "newer"
        path = where / f"credenza-{self.board}-{version}.bundle"
        if not path.is_file() or path.stat().st_mtime < self.image.stat().st_mtime:
            say(f"building {path.name} from the same parts")
            where.mkdir(exist_ok=True)
            self._build(where, version, counter)
        return bundles.Bundle.read(path)

    def _build(self, where, version, counter):
        root = self.folder / self.board / "root/usr/bin"
        environment = {
            **os.environ, "VERSION": version, "COUNTER": str(counter),
            "OUT": str(where), "KEYS": str(self.key.parent), "ONLY": "bundle",
        }
        # The image's own program; ffmpeg and the rest lie in the build's caches.
        if (root / "credenza").is_file():
            environment.setdefault("BINARY", str(root / "credenza"))
        for name in ("apt", "debs", "kernels"):
            if (self.folder / name).is_dir() and not (where / name).exists():
                (where / name).symlink_to(self.folder / name)
        with open(where / "build.log", "w") as log:
            done = subprocess.run(
                ["nice", "-n", "10", REPOSITORY / "image/build.sh", self.board],
                env=environment, stdout=log, stderr=log,
            )
        if done.returncode:
            raise Missing(f"the newer bundle could not be built: see {where / 'build.log'}")
