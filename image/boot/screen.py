"""A picture of the HDMI console: QEMU's PPM as a PNG."""
import struct
import zlib


def png_of(ppm):
    """PNG (ISO 15948) of a binary PPM, 8 bits a colour."""
    magic, width, height, depth, pixels = split_ppm(ppm)
    if magic != b"P6" or depth != 255:
        raise ValueError("QEMU's picture is no PPM of 8 bits")
    row = width * 3
    # Filter 0, none, in front of each row: zlib does the rest.
    rows = b"".join(b"\0" + pixels[at : at + row] for at in range(0, row * height, row))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, data)
        for kind, data in [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    )


def split_ppm(ppm):
    """The words of the head, and what follows the one blank after them."""
    words, at = [], 0
    while len(words) < 4:
        end = at
        while not ppm[end : end + 1].isspace():
            end += 1
        words.append(ppm[at:end])
        at = end + 1
    return words[0], int(words[1]), int(words[2]), int(words[3]), ppm[at:]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def is_blank(ppm):
    """Whether the picture has one colour only."""
    pixels = split_ppm(ppm)[4]
    return pixels == pixels[:3] * (len(pixels) // 3)
