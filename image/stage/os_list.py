#!/usr/bin/env python3
"""The image's entry in a list for Raspberry Pi Imager.

    os_list.py GOAL IMAGE NAME VERSION DEVICES STATUS URL

IMAGE.xz lies beside IMAGE; URL is the folder that it can be fetched from. Imager checks extract_sha256
and shows the sizes; init_format says which of its own files the image understands.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    if len(sys.argv) != 8:
        sys.exit("image/stage/os_list.py: wants GOAL IMAGE NAME VERSION DEVICES STATUS URL")
    goal, image, name, version, devices, status, url = sys.argv[1:]
    image = Path(image)
    packed = image.with_name(image.name + ".xz")
    entry = {
        "name": f"Credenza {version} ({name})",
        "description": f"A media server that needs no computer: {name}; {status}",
        "url": f"{url.rstrip('/')}/{packed.name}",
        "release_date": time.strftime("%Y-%m-%d", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))),
        "extract_size": image.stat().st_size,
        "extract_sha256": sha256(image),
        "image_download_size": packed.stat().st_size,
        "image_download_sha256": sha256(packed),
        "devices": [] if devices == "none" else devices.split(),
        # user-data and network-config, which `credenza steward prepare` reads.
        "init_format": "cloudinit",
    }
    Path(goal).write_text(json.dumps({"os_list": [entry]}, indent=2) + "\n")


main()
