"""Is a screenshot of the wanted size, of many colours, on a light or dark ground, and with the lines of
its first plot?

Usage: picture.py FILE.png light|dark"""
import struct
import sys
import zlib

WIDTH, HEIGHT, ROWS = 1000, 2000, 400
PLOT_FROM = 230  # rows above are words and the key
LINES = {"light": [(0x0b, 0x6b, 0xcb), (0xc7, 0x7d, 0x11)], "dark": [(0x5a, 0xa9, 0xf8), (0xe5, 0xa1, 0x3c)]}


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + size]
        at += 12 + size


def unfilter(kind, line, above, step):
    """Each byte of a row is stored as its difference to what its neighbours let one expect."""
    for i, byte in enumerate(line):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        paeth = min((left, above[i], corner), key=lambda each: abs(left + above[i] - corner - each))
        line[i] = byte + (0, left, above[i], (left + above[i]) // 2, paeth)[kind] & 255
    return line


def rows_of(data):
    packed = b""
    for kind, content in chunks(data):
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", content[:10])
            assert (width, height, depth) == (WIDTH, HEIGHT, 8), (width, height, depth)
            step = {2: 3, 6: 4}[colours]
        if kind == b"IDAT":
            packed += content
    raw, above, size = zlib.decompress(packed), bytearray(WIDTH * step), WIDTH * step + 1
    for y in range(ROWS):
        line = bytearray(raw[y * size:(y + 1) * size])
        above = unfilter(line[0], line[1:], above, step)
        yield [bytes(above[i:i + 3]) for i in range(0, len(above), step)]


def drawn(rows, colour):
    """How many points have about that colour."""
    return sum(max(abs(a - b) for a, b in zip(point, colour)) < 40 for row in rows for point in row)


def main(name, look):
    rows = list(rows_of(open(name, "rb").read()))
    seen = {colour for row in rows for colour in row}
    assert len(seen) > 20, f"{len(seen)} colours"
    for colour in LINES[look]:
        assert drawn(rows[PLOT_FROM:], colour) > 200, f"no line of {colour} in the first plot"
    ground = sum(rows[0][0]) / 3
    assert (ground > 200) == (look == "light"), f"ground {ground}"


main(*sys.argv[1:])
