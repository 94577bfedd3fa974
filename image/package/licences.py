#!/usr/bin/env python3
"""Names every crate in the program with its licence, and prints their notices: licences.py TARGET.

Most of the licences ask that their notice comes with the program. Same notices are printed once. Data
of others that is built in has a file NOTICE beside it, which is printed first.
"""

import json
import pathlib
import subprocess
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"
NAMES = ("licen[cs]e*", "LICEN[CS]E*", "COPYING*", "NOTICE*", "UNLICENSE*", "COPYRIGHT*")


def linked(metadata):
    """The packages that the program is linked with: not those that only build or test it."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    found.discard(metadata["resolve"]["root"])
    packages = [package for package in metadata["packages"] if package["id"] in found]
    return sorted(packages, key=lambda package: (package["name"], package["version"]))


def main(target):
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for notice in sorted(SOURCES.rglob("NOTICE")):
        print(f"{notice.read_text(encoding='utf-8').strip()}\n\n{'=' * 100}\n")
    notices = {}
    for package in linked(metadata):
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license'] or 'see below'}")
        folder = pathlib.Path(package["manifest_path"]).parent
        files = sorted({file for pattern in NAMES for file in folder.glob(pattern) if file.is_file()})
        for file in files:
            notices.setdefault(file.read_text(encoding="utf-8", errors="replace").strip(), []).append(name)
    for text, names in sorted(notices.items(), key=lambda notice: notice[1]):
        print(f"\n{'=' * 100}\n{', '.join(dict.fromkeys(names))}\n\n{text}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("image/package/licences.py: wants a target, such as x86_64-unknown-linux-gnu")
    main(sys.argv[1])
