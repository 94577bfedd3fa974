#!/usr/bin/env python3
"""Enables units in a root that does not run: `systemctl preset-all`, without needing systemctl.

    presets.py ROOT

Reads usr/lib/systemd/system-preset/00-credenza.preset, which names every unit to enable and disables
all others, and makes the links that the units' [Install] sections ask for (systemd.unit(5)).
"""

import sys
from pathlib import Path


def fail(sentence: str) -> None:
    sys.exit(f"image/stage/presets.py: {sentence}")


def install_section(file: Path) -> dict[str, list[str]]:
    section, found = "", {}
    for line in file.read_text().splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Install]" and "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(key.strip(), []).extend(value.split())
    return found


def link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink():
        path.symlink_to(target)


def enable(root: Path, unit: str, done: set[str]) -> None:
    if unit in done:
        return
    done.add(unit)
    below = "usr/lib/systemd/system"
    file = root / below / unit
    if not file.is_file():
        fail(f"the preset enables {unit}, which no package and no folder of ours brings")
    asked = install_section(file)
    links = root / "etc/systemd/system"
    for name in asked.get("Alias", []):
        link(links / name, f"/{below}/{unit}")
    for key, folder in (("WantedBy", "wants"), ("RequiredBy", "requires")):
        for other in asked.get(key, []):
            link(links / f"{other}.{folder}" / unit, f"/{below}/{unit}")
    for other in asked.get("Also", []):
        # A unit that asks for a neighbour which this image leaves out is no worse for it.
        if (root / below / other).is_file():
            enable(root, other, done)
    if not asked:
        fail(f"{unit} has no [Install]: it cannot be enabled")


def main() -> None:
    if len(sys.argv) != 2:
        fail("wants the root's folder")
    root = Path(sys.argv[1])
    preset = root / "usr/lib/systemd/system-preset/00-credenza.preset"
    if not preset.is_file():
        fail("there is no image/rootfs/usr/lib/systemd/system-preset/00-credenza.preset")
    done: set[str] = set()
    for line in preset.read_text().splitlines():
        words = line.split("#")[0].split()
        if len(words) == 2 and words[0] == "enable":
            enable(root, words[1], done)


main()
