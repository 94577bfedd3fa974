#!/usr/bin/env python3
"""What an image is made of, as SPDX 2.3.

    sbom.py GOAL BOARD VERSION LOCK BINARY FFMPEG IMAGE

Debian's packages by the lock, our program with every crate of Cargo.lock, and ffmpeg (a folder, or
"none"). What only helped to build (the lock's role `build`) is not in the image, and not in here.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package(kind: str, name: str, version: str, **more: object) -> dict:
    identifier = re.sub(r"[^A-Za-z0-9.-]", "-", f"{kind}-{name}-{version}")
    return {
        "SPDXID": f"SPDXRef-{identifier}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        **more,
    }


def checksum(digest: str) -> list[dict]:
    return [{"algorithm": "SHA256", "checksumValue": digest}]


def reference(url: str) -> list[dict]:
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}]


def of_debian(lock: Path) -> list[dict]:
    found = []
    for line in lock.read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        role, name, version, architecture, digest, _ = line.split()
        if role != "build":
            url = f"pkg:deb/debian/{name}@{version.replace(':', '%3A')}?arch={architecture}"
            found.append(package(
                "deb", name, version, supplier="Organization: Debian", checksums=checksum(digest),
                externalRefs=reference(url), comment=f"licence: /usr/share/doc/{name}/copyright"))
    return found


def licences() -> dict[tuple[str, str], str]:
    """What each crate says; nothing where cargo does not answer: the list is whole without it."""
    done = subprocess.run(["cargo", "metadata", "--format-version=1", "--locked"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        print("licences of the crates are not in the SBOM: cargo metadata failed")
        return {}
    # Before there was SPDX, crates wrote "/" for OR.
    return {(p["name"], p["version"]): (p["license"] or "NOASSERTION").replace("/", " OR ")
            for p in json.loads(done.stdout)["packages"]}


def of_cargo(binary: Path) -> tuple[dict, list[dict]]:
    said = licences()
    ours, crates = None, []
    for entry in tomllib.loads(Path("Cargo.lock").read_text())["package"]:
        name, version = entry["name"], entry["version"]
        declared = {"licenseDeclared": said.get((name, version), "NOASSERTION")}
        if "source" not in entry and name == "credenza":
            ours = package("program", name, version, checksums=checksum(sha256(binary)), **declared)
            continue
        more = {"checksums": checksum(entry["checksum"])} if "checksum" in entry else {}
        crates.append(package("crate", name, version, **more, **declared,
                              externalRefs=reference(f"pkg:cargo/{name}@{version}")))
    return ours, crates


def of_ffmpeg(folder: str) -> list[dict]:
    if folder == "none":
        return []
    lock = Path("image/ffmpeg/lock").read_text()
    version = re.search(r"^# version (.+)$", lock, re.MULTILINE)[1]
    return [package("program", "ffmpeg", version, checksums=checksum(sha256(Path(folder) / "ffmpeg")),
                    licenseDeclared="LGPL-2.1-or-later",
                    externalRefs=reference(f"pkg:deb/debian/ffmpeg@{version}?arch=source"))]


def main() -> None:
    if len(sys.argv) != 8:
        sys.exit("image/stage/sbom.py: wants GOAL BOARD VERSION LOCK BINARY FFMPEG IMAGE")
    goal, board, version, lock, binary, ffmpeg, image = sys.argv[1:]
    image = Path(image)
    digest = sha256(image)
    whole = package("image", f"credenza-{board}", version, checksums=checksum(digest),
                    packageFileName=image.name, primaryPackagePurpose="OPERATING-SYSTEM")
    ours, crates = of_cargo(Path(binary))
    parts = [*of_debian(Path(lock)), *of_ffmpeg(ffmpeg), ours]

    def relation(one: dict, kind: str, other: dict) -> dict:
        return {"spdxElementId": one["SPDXID"], "relationshipType": kind,
                "relatedSpdxElement": other["SPDXID"]}

    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": image.name,
        # Unique by what it describes, and no address that anybody would have to keep.
        "documentNamespace": f"urn:sha256:{digest}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))),
            "creators": ["Tool: image/stage/sbom.py"],
        },
        "packages": [whole, *parts, *crates],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": whole["SPDXID"]},
            *(relation(whole, "CONTAINS", part) for part in parts),
            *(relation(ours, "DEPENDS_ON", crate) for crate in crates),
        ],
    }
    identifiers = [entry["SPDXID"] for entry in document["packages"]]
    if len(identifiers) != len(set(identifiers)):
        sys.exit("image/stage/sbom.py: two packages have one name")
    Path(goal).write_text(json.dumps(document, indent=1) + "\n")
    print(f"SBOM: {len(parts)} parts and {len(crates)} crates")


main()
