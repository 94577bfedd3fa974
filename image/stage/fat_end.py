#!/usr/bin/env python3
"""Where the used part of a FAT32 file system ends: `fat_end.py IMAGE` prints the bytes, in whole 4 KiB.

Behind it nothing is allocated, so it need not be in a bundle. The file allocation table is asked, not
the bytes: a file may end in zeros, and they are part of it.
"""

import struct
import sys


def main() -> None:
    with open(sys.argv[1], "rb") as image:
        boot = image.read(512)
        sector, cluster = struct.unpack_from("<HB", boot, 11)
        reserved, tables = struct.unpack_from("<HB", boot, 14)
        (table,) = struct.unpack_from("<I", boot, 36)
        if boot[82:87] != b"FAT32":
            sys.exit(f"image/stage/fat_end.py: {sys.argv[1]} is no FAT32 file system")
        image.seek(reserved * sector)
        entries = struct.unpack(f"<{table * sector // 4}I", image.read(table * sector))
    # The first two entries are no clusters.
    last = max(number for number, entry in enumerate(entries) if entry & 0x0FFFFFFF) - 1
    end = (reserved + tables * table + last * cluster) * sector
    print(-(-end // 4096) * 4096)


main()
