from pathlib import Path

import numpy as np
import pytest
import torch

from drawn_digits.benchmark import drawn_tests, measure, move
from drawn_digits.render import HANDS, draw_set
from train import set_up_torch, to_tensors
from utils import read_split


@pytest.mark.parametrize("hand", HANDS.values(), ids=HANDS.keys())
def test_drawn_digits_are_prepared_as_mnists_are(hand) -> None:
    images, labels = draw_set(hand, 200, 3)
    assert (images.shape, images.dtype, labels[:12].tolist()) == ((200, 1, 28, 28), np.uint8, [*range(10), 0, 1])
    places = np.arange(28) + 0.5
    for image in images[:, 0].astype(np.float64):
        rows, columns = np.flatnonzero(image.sum(1)), np.flatnonzero(image.sum(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        centre = [(image.sum(1 - axis) * places).sum() / image.sum() for axis in (0, 1)]
        assert max(abs(c - 14) for c in centre) <= 0.5 + 1e-9


def test_the_same_seed_draws_the_same_digits_and_another_one_others() -> None:
    hand = HANDS["hasty"]
    first, again, other = (draw_set(hand, 50, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_a_moved_digit_keeps_all_of_its_ink() -> None:
    images = torch.from_numpy(draw_set(HANDS["tidy"], 100, 5)[0])
    moved = move(images, 5)
    assert torch.equal(images.long().sum((1, 2, 3)), moved.long().sum((1, 2, 3)))
    assert not torch.equal(images, moved)


def test_warping_while_training_helps_with_drawn_digits_and_costs_little_on_mnist(whole_data: Path) -> None:
    set_up_torch()
    images, labels = to_tensors(*read_split(whole_data / "mnist", "train"))
    training = images[:20_000], labels[:20_000]
    tests = {"MNIST": to_tensors(*read_split(whole_data / "mnist", "test"))} | drawn_tests(1000)
    usual, warped = (measure("cnn", 1, 4, is_warped, training, tests) for is_warped in (False, True))
    assert warped["hasty"] > usual["hasty"]
    assert warped["off the middle"] > usual["off the middle"] + 1
    assert warped["MNIST"] > usual["MNIST"] - 1
