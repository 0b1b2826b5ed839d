"""The images of a digit that is being drawn."""

import io
import random
from itertools import pairwise

import numpy as np
from PIL import Image

from drawing import FIELD, draw_digit


def read(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_digit_grows_move_by_move_on_a_field_as_large_as_the_pages():
    images = [read(png) for png in draw_digit(random.Random(1), moves=5)]
    assert [(image.shape, image.dtype.name) for image in images] == [((FIELD, FIELD), "uint8")] * 5
    assert [set(np.unique(image)) for image in images] == [{0, 255}] * 5
    ink = [int((image > 0).sum()) for image in images]
    assert ink == sorted(ink)
    assert len(set(ink)) == 5
    # Ink stays where it is.
    assert all((later >= earlier).all() for earlier, later in pairwise(images))


def test_each_generator_draws_otherwise_and_the_same_again():
    first, second, again = (draw_digit(random.Random(seed), moves=1) for seed in (1, 2, 1))
    assert first == again
    assert first != second
