#!/usr/bin/env python3
"""Draws the device's pictures: a credenza, a low cabinet on short legs with a screen above it.

Needs nothing but Python for the PNG files, and ffmpeg for the JPEG files made of them.
"""
import pathlib
import struct
import subprocess
import zlib

HERE = pathlib.Path(__file__).parent
GROUND, WOOD, DOOR, SCREEN, GLOW = (24, 28, 36), (176, 122, 72), (203, 150, 98), (52, 60, 76), (120, 196, 232)
# Left, top, right, bottom of each piece, in parts of 120.
PIECES = [
    ((18, 20, 102, 66), SCREEN),
    ((22, 24, 98, 62), GLOW),
    ((10, 74, 110, 100), WOOD),
    ((14, 78, 42, 96), DOOR),
    ((46, 78, 74, 96), DOOR),
    ((78, 78, 106, 96), DOOR),
    ((18, 100, 24, 110), WOOD),
    ((96, 100, 102, 110), WOOD),
]


def colour(x, y):
    found = GROUND
    for (left, top, right, bottom), paint in PIECES:
        if left <= x < right and top <= y < bottom:
            found = paint
    return found


def png(side):
    rows = b""
    for y in range(side):
        rows += b"\0"
        for x in range(side):
            at = ((x + 0.5) * 120 / side, (y + 0.5) * 120 / side)
            rows += bytes(colour(*at))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


for side in (48, 120):
    file = HERE / f"icon-{side}.png"
    file.write_bytes(png(side))
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", file, "-q:v", "3", "-pix_fmt", "yuvj420p", file.with_suffix(".jpg")],
        check=True,
    )
