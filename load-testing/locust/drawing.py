"""What the page sends while somebody draws a digit: the field as a PNG, again and again, each time with more ink."""

import math
import random
import struct
import sys
import zlib
from itertools import pairwise
from pathlib import Path

# Only the strokes are needed, not the packages of model_config.
sys.path.append(str(Path(__file__).parents[2] / "model_config"))

from drawn_digits.strokes import WAYS, Stroke

FIELD = 280
PEN = 11
WOBBLE = 0.03


def draw_digit(generator: random.Random, moves: int) -> list[bytes]:
    """One digit as it grows: a PNG of the whole field for each move of the pen, white on black."""
    strokes = place(generator.choice(WAYS[generator.randrange(10)]), generator)
    dots = [dot for stroke in strokes for start, end in pairwise(stroke) for dot in between(start, end)]
    pixels = bytearray(FIELD * FIELD)
    images = []
    drawn = 0
    for move in range(1, moves + 1):
        until = math.ceil(len(dots) * move / moves)
        for dot in dots[drawn:until]:
            ink(pixels, *dot)
        drawn = until
        images.append(grey_png(pixels, FIELD))
    return images


def place(strokes: list[Stroke], generator: random.Random) -> list[Stroke]:
    """The strokes of a digit somewhere on the field, in pixels, by an unsteady hand."""
    height = generator.uniform(130, 200)
    width = height * generator.uniform(0.6, 0.9)
    left = generator.uniform(2 * PEN, FIELD - width - 2 * PEN)
    top = generator.uniform(2 * PEN, FIELD - height - 2 * PEN)

    def move(x: float, y: float) -> tuple[float, float]:
        return left + width * (x + generator.gauss(0, WOBBLE)), top + height * (y + generator.gauss(0, WOBBLE))

    return [[move(*point) for point in stroke] for stroke in strokes]


def between(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Where the pen leaves ink on its way, a few pixels apart."""
    steps = max(1, round(math.dist(start, end) / (PEN / 2)))
    return [
        (start[0] + (end[0] - start[0]) * step / steps, start[1] + (end[1] - start[1]) * step / steps)
        for step in range(steps + 1)
    ]


def ink(pixels: bytearray, x: float, y: float) -> None:
    """A round dot."""
    for row in range(max(0, math.ceil(y - PEN)), min(FIELD, math.floor(y + PEN) + 1)):
        half = math.sqrt(PEN**2 - (row - y) ** 2)
        first, last = max(0, math.ceil(x - half)), min(FIELD, math.floor(x + half) + 1)
        if first < last:
            pixels[row * FIELD + first : row * FIELD + last] = b"\xff" * (last - first)


def grey_png(pixels: bytearray, side: int) -> bytes:
    """Square grey pixels as a PNG file (https://www.w3.org/TR/png-3/)."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    # Each row begins with its filter: 0, none.
    rows = b"".join(b"\0" + pixels[row * side : (row + 1) * side] for row in range(side))
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
