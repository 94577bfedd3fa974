#!/usr/bin/env python3
"""Makes the package's unit of the box's: unit.py BOX-UNIT >PACKAGE-UNIT.

One hardening, written once. What differs on a computer that is not ours: no steward (its root work is
for the box's card), data where Debian keeps a service's, and giving up after some tries to start. Each
line that is changed must be there: the box's unit cannot change beneath this without being seen.
"""

import re
import sys

CHANGES = [
    (r"(# [^\n]*\n)*DefaultDependencies=no\n(After=[^\n]*\n)+Before=[^\n]*\nConflicts=[^\n]*\n"
     r"Wants=credenza-prepare\.service credenza-card\.service credenza-steward\.socket\n",
     "Documentation=file:/usr/share/doc/credenza/configuration.md\nAfter=network.target\n"),
    (r"(# [^\n]*\n)*StartLimitIntervalSec=0\n", ""),
    (r"ExecStart=[^\n]*\n",
     "ExecStart=/usr/bin/credenza serve --config /etc/credenza/credenza.toml --data /var/lib/credenza\n"
     "StateDirectory=credenza\nStateDirectoryMode=0700\n"),
    (r"(# [^\n]*\n)*RuntimeDirectory=[^\n]*\nRuntimeDirectoryPreserve=yes\n", ""),
    (r"(# [^\n]*\n)*Environment=CREDENZA_LIBRARY_DISK=[^\n]*\n", ""),
    (r"RestartSec=[^\n]*\n", "RestartSec=1s\n"),
    (r"(# [^\n]*\n)+(?=CapabilityBoundingSet=\n)", ""),
    (r"(# [^\n]*\n)*ReadWritePaths=[^\n]*\n", ""),
]


def package_unit(unit):
    for pattern, text in CHANGES:
        unit, times = re.subn(pattern, lambda _, text=text: text, unit)
        if times != 1:
            raise SystemExit(f"image/package/unit.py: the box's unit has {times} times: {pattern}")
    for word in re.findall(r"\S*(?:/data|/run/credenza|steward)\S*", unit):
        raise SystemExit(f"image/package/unit.py: '{word}' is of the box alone: say here what becomes of it")
    return unit


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(package_unit(file.read()), end="")
