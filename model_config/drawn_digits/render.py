"""From strokes to images as the networks get them: drawn like the page's, prepared like MNIST's."""

import math
import random
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from drawn_digits.strokes import WAYS, Stroke
from utils import IMAGE_SIDE

CANVAS = 280
# Drawn larger and shrunk, for soft edges.
OVERSAMPLING = 2
MNIST_BOX = 20


@dataclass(frozen=True)
class Hand:
    """How somebody draws. Heights and pens in pixels of a canvas of 280; the rest as shares of the digit's height."""

    # Standard deviation of where a stroke's points are.
    wobble: float
    # Standard deviations of slant and turn; most people write slanted to the right a little.
    slant: float
    turn_degrees: float
    heights: tuple[int, int]
    widths: tuple[float, float]
    pens: tuple[int, int] = (14, 26)


HANDS = {
    "tidy": Hand(wobble=0.035, slant=0.15, turn_degrees=7, heights=(110, 220), widths=(0.5, 0.95)),
    "hasty": Hand(wobble=0.07, slant=0.25, turn_degrees=12, heights=(80, 220), widths=(0.5, 1.2)),
}


def draw_set(hand: Hand, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As many drawn digits, each class as often: images (n, 1, 28, 28) of bytes, and labels (n,)."""
    generator = random.Random(seed)
    labels = [index % len(WAYS) for index in range(count)]
    images = [prepare(draw(label, hand, generator)) for label in labels]
    return np.stack(images)[:, np.newaxis], np.array(labels, np.uint8)


def draw(label: int, hand: Hand, generator: random.Random) -> Image.Image:
    """A digit somewhere on the canvas, white on black, each time otherwise."""
    strokes = [hand_drawn(stroke, hand.wobble, generator) for stroke in generator.choice(WAYS[label])]
    height = generator.uniform(*hand.heights)
    width = height * generator.uniform(*hand.widths)
    slant, turn = generator.gauss(0.1, hand.slant), math.radians(generator.gauss(0, hand.turn_degrees))
    pen = generator.uniform(*hand.pens)

    def place(x: float, y: float) -> tuple[float, float]:
        x, y = (x - 0.5) * width - (y - 0.5) * slant * height, (y - 0.5) * height
        return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)

    placed = [[place(*point) for point in stroke] for stroke in strokes]
    offsets = [
        offset_on_canvas([point[axis] for stroke in placed for point in stroke], pen, generator) for axis in (0, 1)
    ]
    canvas = Image.new("L", (CANVAS * OVERSAMPLING,) * 2)
    pencil = ImageDraw.Draw(canvas)
    for stroke in placed:
        line = [((x + offsets[0]) * OVERSAMPLING, (y + offsets[1]) * OVERSAMPLING) for x, y in stroke]
        radius = pen * OVERSAMPLING / 2
        pencil.line(line, fill=255, width=round(2 * radius))
        for x, y in line:  # round joints and ends
            pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas.resize((CANVAS, CANVAS), Image.Resampling.BOX)


def hand_drawn(stroke: Stroke, wobble: float, generator: random.Random) -> Stroke:
    """The stroke with its points a little off, and its corners rounded."""
    points = [(x + generator.gauss(0, wobble), y + generator.gauss(0, wobble)) for x, y in stroke]
    for _ in range(3):
        points = cut_corners(points)
    return points


def cut_corners(points: Stroke) -> Stroke:
    """Chaikin's smoothing, once: each corner becomes two, the ends stay."""
    between = [
        (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
        for a, b in pairwise(points)
        for share in (0.25, 0.75)
    ]
    return [points[0], *between[1:-1], points[-1]]


def offset_on_canvas(values: list[float], pen: float, generator: random.Random) -> float:
    """Where to, along an axis, so that all of it is on the canvas."""
    low, high = pen - min(values), CANVAS - pen - max(values)
    return generator.uniform(low, high) if low < high else (low + high) / 2


def prepare(drawing: Image.Image) -> np.ndarray:
    """As MNIST's authors did: the ink scaled into 20 x 20, its centre of mass in the middle of 28 x 28."""
    ink = drawing.crop(drawing.getbbox())
    scale = MNIST_BOX / max(ink.size)
    ink = ink.resize(tuple(max(1, round(length * scale)) for length in ink.size), Image.Resampling.BOX)
    pixels = np.asarray(ink, np.float64)
    middle = [
        (pixels.sum(1 - axis) * (np.arange(pixels.shape[axis]) + 0.5)).sum() / pixels.sum() for axis in (0, 1)
    ]  # y, x
    image = Image.new("L", (IMAGE_SIDE, IMAGE_SIDE))
    image.paste(ink, (round(IMAGE_SIDE / 2 - middle[1]), round(IMAGE_SIDE / 2 - middle[0])))
    return np.asarray(image)
