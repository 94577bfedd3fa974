#!/usr/bin/env python3
"""Takes the kernel modules that lists name, and what these depend on, out of a kernel's tree.

    modules.py TREE KERNEL GOAL LIST..      into GOAL/usr/lib/modules/KERNEL, decompressed

TREE has been through depmod. A list holds names; a name after ? may be missing from this kernel; what
is built into it counts as there. NAME=VALUE after a name is a parameter of that module. Prints the
names in the order of the lists, each with its parameters.
"""

import lzma
import re
import shutil
import sys
from pathlib import Path


def fail(sentence: str) -> None:
    sys.exit(f"image/stage/modules.py: {sentence}")


def name_of(path: str) -> str:
    return re.sub(r"\.ko(\.xz)?$", "", path.rsplit("/", 1)[-1]).replace("-", "_")


def main() -> None:
    if len(sys.argv) < 5:
        fail("wants TREE KERNEL GOAL LIST..")
    tree, kernel, goal = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    modules = tree / "usr/lib/modules" / kernel
    needs, path_of = {}, {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        path_of[name_of(path)] = path
        needs[path] = others.split()
    built_in = {name_of(line) for line in (modules / "modules.builtin").read_text().split()}

    # A module, and its parameters; the order is that of the lists.
    wanted, taken = {}, set()
    for file in sys.argv[4:]:
        for line in Path(file).read_text().splitlines():
            name = None
            for word in line.split("#")[0].split():
                if "=" in word:
                    if name in wanted:
                        wanted[name].append(word)
                    continue
                name = word.lstrip("?").replace("-", "_")
                if name in built_in:
                    continue
                if name not in path_of:
                    if word.startswith("?"):
                        continue
                    fail(f"{file} names {name}, which the kernel {kernel} does not have")
                wanted.setdefault(name, [])
                taken.update([path_of[name], *needs[path_of[name]]])

    folder = goal / "usr/lib/modules" / kernel
    for path in sorted(taken):
        source, copy = modules / path, folder / path.removesuffix(".xz")
        copy.parent.mkdir(parents=True, exist_ok=True)
        # squashfs and the initramfs compress better what is not compressed yet.
        data = source.read_bytes()
        copy.write_bytes(lzma.decompress(data) if path.endswith(".xz") else data)
    # depmod wants these; the first says which order wins where two modules serve one device.
    folder.mkdir(parents=True, exist_ok=True)
    order = (modules / "modules.order").read_text().splitlines()
    kept = {path.removesuffix(".xz") for path in taken}
    (folder / "modules.order").write_text("".join(f"{line}\n" for line in order if line in kept))
    for name in ("modules.builtin", "modules.builtin.modinfo"):
        shutil.copyfile(modules / name, folder / name)
    for name, parameters in wanted.items():
        print(*[name, *parameters])


main()
