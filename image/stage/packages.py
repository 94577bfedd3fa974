#!/usr/bin/env python3
"""Debian's packages: resolved once into a lock, fetched by it ever after.

    packages.py LOCK CACHE FOLDER ROOT KERNEL FIRMWARE

    LOCK      the board's lock: ROLE NAME VERSION ARCHITECTURE SHA256 ARCHIVE/PATH, a line a package
    CACHE     where apt's lists are kept
    FOLDER    where the .deb files go
    ROOT      a folder with packages.txt (wanted) and dropped.txt (what they depend on, and we do not)
    KERNEL    the kernel's package, with /SUITE where it is not the candidate
    FIRMWARE  packages that are taken without what they depend on; "none" for none

apt runs with a configuration of its own: other suites and another architecture than the machine's,
whose own settings stay as they are. Suites are named here; the mirror is the machine's, or
DEBIAN_MIRROR (and DEBIAN_SECURITY_MIRROR, where that is not the same with -security).

Mirrors keep only the newest. A lock that names a package which is gone is resolved anew, and every
line that changed is said; with LOCKED=1 that is an error instead.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

RELEASE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
KERNEL_PARTS = re.compile(r"linux-(image|binary|modules|base)-(\d[^ ]*)-arm64$")
HEAD = "# Made by image/stage/packages.py: role, name, version, architecture, sha256, file\n"
ASKED = "# of what is asked for, with the sum "


def fail(sentence: str) -> None:
    sys.exit(f"image/stage/packages.py: {sentence}")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"`{' '.join(command[:4])} …` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def mirrors() -> dict[str, str]:
    """Where the archives are: what the machine's own apt uses, unless we are told."""
    if mirror := os.environ.get("DEBIAN_MIRROR", "").rstrip("/"):
        security = os.environ.get("DEBIAN_SECURITY_MIRROR", f"{mirror}-security")
        return {"debian": mirror, "security": security.rstrip("/")}
    found = {}
    listed = run("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")
    for line in listed.splitlines():
        label, _, uri = line.rpartition(" ")
        archive = {"Debian": "debian", "Debian-Security": "security"}.get(label)
        if archive:
            found.setdefault(archive, uri.rstrip("/"))
    if "debian" not in found:
        fail("apt knows no mirror of Debian (no lists yet? `apt-get update`); or set DEBIAN_MIRROR")
    found.setdefault("security", found["debian"] + "-security")
    return found


class Apt:
    """apt with folders, suites and architectures of its own."""

    def __init__(self, cache: Path) -> None:
        self.archives = mirrors()
        self.folder = cache.resolve() / "apt"
        for name in ("etc/none", "state/lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # No package is installed: so whatever is needed is listed.
        (self.folder / "state/status").write_text("")
        if not Path(KEYRING).is_file():
            fail(f"{KEYRING} is missing; install debian-archive-keyring")
        suites = [
            ("debian", RELEASE),
            ("debian", f"{RELEASE}-updates"),
            ("debian", f"{RELEASE}-backports"),
            ("security", f"{RELEASE}-security"),
        ]
        (self.folder / "etc/sources.list").write_text("".join(
            f"deb [signed-by={KEYRING}] {self.archives[archive]} {suite} main non-free-firmware\n"
            for archive, suite in suites
        ))
        (self.folder / "apt.conf").write_text(
            # Proxies and the like stay the machine's; its sources and pins do not count here.
            'Dir::Etc::sourcelist "FOLDER/etc/sources.list";\n'
            'Dir::Etc::sourceparts "FOLDER/etc/none";\nDir::Etc::preferencesparts "FOLDER/etc/none";\n'
            'Dir::Etc::preferences "FOLDER/etc/preferences";\n'
            'Dir::State "FOLDER/state";\nDir::State::status "FOLDER/state/status";\n'
            'Dir::Cache "FOLDER/cache";\n'
            # Some machines (containers) keep none: each question would read all lists again.
            'Dir::Cache::pkgcache "pkgcache.bin";\nDir::Cache::srcpkgcache "srcpkgcache.bin";\n'
            # amd64 for the kernel's build programs, which run on this machine.
            'APT::Architecture "arm64";\nAPT::Architectures { "arm64"; "amd64"; };\n'
            'APT::Install-Recommends "false";\nAcquire::Languages "none";\n'.replace(
                "FOLDER", str(self.folder))
        )

    def __call__(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [program, "-q", *words], capture_output=True, text=True,
            env={**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"})
        if done.returncode != 0:
            fail(f"`{program} {' '.join(words)[:200]}` failed: {done.stderr.strip()}")
        return done.stdout

    def closure(self, *wanted: str) -> list[str]:
        """NAME:ARCHITECTURE=VERSION of what is needed, themselves included."""
        listed = self("apt-get", "--simulate", "install", "--no-install-recommends", *wanted)
        found = re.findall(r"^Inst (\S+?)(?::\w+)? \((\S+) .*\[(\w+)\]\)", listed, re.MULTILINE)
        return [f"{name}:{architecture}={version}" for name, version, architecture in found]

    def entries(self, role: str, packages: list[str]) -> list[str]:
        """Lines of the lock, from the signed index; asked at once, for apt reads it whole each time."""
        lines = []
        # Of several versions apt-cache shows the candidate; of one version there is one file.
        for shown in self("apt-cache", "show", "--no-all-versions", *packages).split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9]+): (.*)$", shown, re.MULTILINE))
            if not fields:
                continue
            path = fields["Filename"]
            archive = "security" if path.startswith("pool/updates/") else "debian"
            lines.append(" ".join([role, fields["Package"], fields["Version"], fields["Architecture"],
                                   fields["SHA256"], f"{archive}/{path}"]))
        if len(lines) != len(packages):
            fail(f"apt knows {len(lines)} of these {len(packages)} packages: {' '.join(packages)}")
        return lines


def words(path: Path) -> list[str]:
    lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return [word for line in lines for word in line]


def resolve(apt: Apt, root: Path, kernel: str, firmware: str) -> list[str]:
    """The lines of a lock for today's archive."""
    apt("apt-get", "update")
    dropped = set(words(root / "dropped.txt"))
    roles = {
        "root": [package for package in apt.closure(*words(root / "packages.txt"))
                 if package.split(":")[0] not in dropped],
        "kernel": [package for package in apt.closure(kernel)
                   if KERNEL_PARTS.match(package.split(":")[0])],
        "firmware": firmware.replace("none", "").split(),
    }
    if not roles["kernel"]:
        fail(f"{kernel} brings no kernel: KERNEL_PACKAGE in the board's meta")
    headers = KERNEL_PARTS.match(roles["kernel"][0].split(":")[0])[2]
    if "raspi-firmware" in roles["firmware"]:
        # What a module of our own is built with (image/tryboot).
        roles["build"] = [f"linux-headers-{headers}-arm64", f"linux-headers-{headers}-common",
                          f"linux-kbuild-{headers}:amd64"]
    lines = [line for role, packages in roles.items() if packages for line in apt.entries(role, packages)]
    return sorted(lines)


def name_of(line: str) -> str:
    """What the file is called in our folder: mirrors escape the colon of an epoch, we leave it out."""
    return Path(line.split()[5]).name


def is_good(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch(apt: Apt, lines: list[str], folder: Path) -> list[str]:
    """Fetches what is not there; answers with the lines whose file no mirror has."""
    folder.mkdir(parents=True, exist_ok=True)
    gone = []
    for line in lines:
        sha256, path = line.split()[4:]
        goal = folder / name_of(line)
        if is_good(goal, sha256):
            continue
        archive, _, below = path.partition("/")
        uri = f"{apt.archives[archive]}/{below}"
        part = goal.with_name(goal.name + f".{os.getpid()}.part")
        print(f"fetching {goal.name}", flush=True)
        done = subprocess.run(
            ["/usr/lib/apt/apt-helper", "download-file", uri, str(part), f"SHA256:{sha256}"],
            capture_output=True, text=True,
            env={**os.environ, "APT_CONFIG": str(apt.folder / "apt.conf"), "LC_ALL": "C"})
        if done.returncode == 0 and is_good(part, sha256):
            part.rename(goal)
            continue
        part.unlink(missing_ok=True)
        if "404" not in done.stderr + done.stdout:
            fail(f"{uri} could not be fetched: {done.stderr.strip() or done.stdout.strip()}")
        gone.append(line)
    return gone


def main() -> None:
    if len(sys.argv) != 7:
        fail("wants LOCK CACHE FOLDER ROOT KERNEL FIRMWARE")
    lock, cache, folder, root = map(Path, sys.argv[1:5])
    kernel, firmware = sys.argv[5:]
    locked = os.environ.get("LOCKED") == "1"
    old, said = [], lock.read_text().splitlines() if lock.is_file() else []
    old = [line for line in said if line and not line.startswith("#")]
    # The lock is that of these lists, or it is none.
    question = [*words(root / "packages.txt"), "-", *words(root / "dropped.txt"), "-", kernel, firmware]
    asked = ASKED + hashlib.sha256(" ".join(question).encode()).hexdigest()[:16]
    apt = Apt(cache)
    lines = old
    if asked not in said:
        if locked:
            fail(f"{lock} is not of what is asked for now; run without LOCKED=1, and commit the lock")
        print(f"{lock}: other packages are asked for than were")
        lines = resolve(apt, root, kernel, firmware)
    if gone := fetch(apt, lines, folder):
        for line in gone:
            print(f"{lock}: {' '.join(line.split()[1:3])} is gone from the mirror")
        if locked:
            fail("the lock names packages that are gone; run without LOCKED=1, and commit the lock")
        lines = resolve(apt, root, kernel, firmware)
        if still := fetch(apt, lines, folder):
            fail(f"{name_of(still[0])} is listed by the mirror, which does not have it")
    if lines != old or asked not in said:
        for line in sorted(set(old) - set(lines)):
            print(f"{lock}: - {' '.join(line.split()[1:4])}")
        for line in sorted(set(lines) - set(old)):
            print(f"{lock}: + {' '.join(line.split()[1:4])}")
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text(HEAD + asked + "\n" + "".join(line + "\n" for line in lines))


main()
