import hashlib
import io
from pathlib import Path

import pytest
import torch

from training.augmentation import STRENGTH, Warp
from training.plan import Plan, train_by_plan
from utils import read_split

NONE = dict.fromkeys(STRENGTH["cnn"], 0.0)
PLAN = Plan("mnist", "cnn", 3, 5)


@pytest.fixture(scope="module")
def splits(small_data_original: Path) -> tuple:
    return tuple(read_split(small_data_original / "mnist", split) for split in ("train", "test"))


class StoppedHere(Exception):
    pass


def train(splits: tuple, checkpoint: Path | None, key: str = "key", stop_in_epoch: int | None = None):
    epochs: list[int] = []

    def report(point: dict) -> None:
        epochs.append(point["epoch"])
        if point["epoch"] == stop_in_epoch:
            raise StoppedHere

    network, curve = train_by_plan(PLAN, *splits, report, checkpoint, key)
    return network.state_dict(), curve, epochs


def is_same(one: dict, other: dict) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_training_that_goes_on_from_a_checkpoint_ends_as_one_that_was_never_stopped(
    splits: tuple, tmp_path: Path
) -> None:
    weights, curve, _ = train(splits, None)
    checkpoint = tmp_path / "checkpoints" / "mnist-cnn.pt"
    with pytest.raises(StoppedHere):
        train(splits, checkpoint, stop_in_epoch=3)
    resumed, resumed_curve, epochs = train(splits, checkpoint)
    assert (epochs, resumed_curve) == ([3], curve)
    assert is_same(resumed, weights)
    assert [(point["epoch"], point["step"], point["steps"]) for point in curve] == [(e, 11, 11) for e in (1, 2, 3)]
    assert all(0 < point["accuracy"] < 1 for point in curve)


def signed(checkpoint: dict) -> bytes:
    """The file of a checkpoint that holds this."""
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest().encode() + b"\n" + buffer.getvalue()


@pytest.mark.parametrize("damage", ["one bit", "cut short", "empty", "of another training", "of another release"])
def test_a_checkpoint_that_is_damaged_or_of_another_training_is_not_gone_on_from(
    splits: tuple, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture
) -> None:
    checkpoint = tmp_path / "mnist-cnn.pt"
    with pytest.raises(StoppedHere):
        train(splits, checkpoint, key="another" if damage == "of another training" else "key", stop_in_epoch=2)
    content = bytearray(checkpoint.read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
    if damage == "of another release":
        checkpoint.write_bytes(signed({"key": "key", "weights": {}}))
    else:
        checkpoint.write_bytes({"cut short": content[:-100], "empty": b""}.get(damage, content))
    weights, _, epochs = train(splits, checkpoint)
    assert epochs == [1, 2, 3]
    assert is_same(weights, train(splits, None)[0])
    assert f"{checkpoint} is ignored: it is" in capsys.readouterr().out


def test_warping_changes_every_image_and_keeps_its_range_and_about_its_ink() -> None:
    torch.manual_seed(1)
    images = torch.zeros(500, 1, 28, 28)
    images[:, :, 9:19, 9:19] = 1
    warped = Warp(STRENGTH["cnn"])(images)
    assert (warped.shape, warped.dtype) == (images.shape, torch.float32)
    assert (warped.min().item(), warped.max().item() <= 1 + 1e-5) == (0.0, True)
    assert not any(torch.equal(a, b) for a, b in zip(images, warped, strict=True))
    ink = warped.sum((1, 2, 3)) / 100
    assert (ink.min() > 0.5, ink.max() < 1.9, abs(ink.mean() - 1) < 0.1) == (True, True, True)


def test_without_strength_an_image_stays_as_it_is() -> None:
    images = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(Warp(NONE)(images), images, rtol=0, atol=1e-5)


def test_a_shift_moves_an_image_by_at_most_its_pixels_in_either_direction() -> None:
    images = torch.zeros(2000, 1, 28, 28)
    images[:, :, 13:15, 13:15] = 1
    warped = Warp(NONE | {"shift_pixels": 2})(images)
    mass = warped.sum((1, 2, 3))
    places = torch.arange(28.0)
    for axis in (2, 3):
        centre = (warped.sum((1, 5 - axis)) * places).sum(1) / mass - 13.5
        assert -2.001 < centre.min() < -1.9 and 1.9 < centre.max() < 2.001
        assert abs(centre.mean()) < 0.1
