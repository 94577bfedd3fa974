"""Update bundles for the test: taken apart, spoilt in a known way, and signed again or not.

    credenza-bundle 1
    <bytes of the manifest> <bytes of the signature>
    <manifest: JSON><signature: minisign's file><the slot's image>
"""
import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

MAGIC = b"credenza-bundle 1\n"
SLOT_FILE_SYSTEM_BYTES = 248 << 20
# At the end of a slot's partition.
HEADER_BYTES = 64 << 10


class BundleError(Exception):
    """What is wrong with a bundle, in one sentence."""


class Bundle:
    def __init__(self, manifest, signature, payload):
        self.manifest_bytes, self.signature, self.payload = manifest, signature, payload

    @classmethod
    def read(cls, path):
        data = Path(path).read_bytes()
        if not data.startswith(MAGIC):
            raise BundleError(f"{path} is no bundle")
        end = data.index(b"\n", len(MAGIC))
        manifest, signature = map(int, data[len(MAGIC) : end].split())
        at = end + 1
        return cls(
            data[at : at + manifest],
            data[at + manifest : at + manifest + signature],
            data[at + manifest + signature :],
        )

    @property
    def manifest(self):
        return json.loads(self.manifest_bytes)

    @property
    def head(self):
        counts = b"%d %d\n" % (len(self.manifest_bytes), len(self.signature))
        return MAGIC + counts + self.manifest_bytes + self.signature

    def bytes(self):
        return self.head + self.payload

    def changed(self, key, payload=None, **manifest):
        """The same with other words in the manifest and, perhaps, another slot; signed by `key`."""
        payload = self.payload if payload is None else payload
        words = {
            **self.manifest,
            "slot_bytes": len(payload),
            "slot_sha256": hashlib.sha256(payload).hexdigest(),
            **manifest,
        }
        text = json.dumps(words, separators=(",", ":")).encode()
        return Bundle(text, sign(text, key), payload)


def sign(data, key):
    """minisign's own signature file over these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        message = Path(folder) / "manifest"
        message.write_bytes(data)
        done = subprocess.run(
            ["minisign", "-S", "-s", key, "-m", message, "-x", f"{message}.minisig"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise BundleError(f"minisign did not sign with {key}: {done.stderr.strip()}")
        return Path(f"{message}.minisig").read_bytes()


def new_key(folder):
    """A key pair that no box knows; the secret one's path."""
    folder = Path(folder)
    key = folder / "stranger.key"
    subprocess.run(
        ["minisign", "-G", "-W", "-f", "-p", folder / "stranger.pub", "-s", key],
        check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )
    return key


def with_junk(payload, name):
    """The slot's image with one of its files as long as it was, and nonsense."""
    with tempfile.NamedTemporaryFile() as image:
        image.write(payload)
        image.flush()
        # The bundle leaves out what follows the last file; mtools wants the whole.
        os.truncate(image.name, max(len(payload), SLOT_FILE_SYSTEM_BYTES))
        offset, length = place_of(image.name, name)
        spoilt = bytearray(payload)
        spoilt[offset : offset + length] = os.urandom(length)
        return bytes(spoilt)


def place_of(image, name):
    """Where a file lies in a FAT image, and how many bytes of it in one stretch."""
    done = subprocess.run(
        ["mshowfat", "-i", image, f"::{name}"],
        capture_output=True, text=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
    )
    if done.returncode:
        raise BundleError(f"the slot has no {name}: {done.stderr.strip()}")
    with open(image, "rb") as file:
        boot = file.read(64)
    sector = int.from_bytes(boot[11:13], "little")
    cluster = boot[13] * sector
    reserved = int.from_bytes(boot[14:16], "little")
    tables = boot[16] * int.from_bytes(boot[36:40], "little")
    first, _, last = done.stdout.split("<")[1].split(">")[0].partition("-")
    start = (reserved + tables) * sector + (int(first) - 2) * cluster
    return start, (int(last or first) - int(first) + 1) * cluster
