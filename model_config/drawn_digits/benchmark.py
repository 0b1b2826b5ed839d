"""What warping while training does for digits drawn by hand: a line of JSON for each network, with and without.

python -m drawn_digits.benchmark --data data --seeds 1,2,3
"""

import json
from argparse import ArgumentParser
from pathlib import Path

import torch
from torch import Tensor

from drawn_digits.render import HANDS, draw_set
from models import build_network
from train import evaluate, set_up_torch, to_input, to_tensors, train
from training.augmentation import STRENGTH, Warp
from utils import MODEL_TYPES, log, read_split

# Another one than the strengths of the warps were chosen with.
DRAWN_SEED = 2026


def measure(model_type: str, seed: int, epochs: int, is_warped: bool, training, tests: dict) -> dict:
    """Trains a network; its accuracy on each of the sets, in percent."""
    torch.manual_seed(seed)
    network = build_network(model_type)
    warp = Warp(STRENGTH[model_type])
    prepare = (lambda pixels: warp(to_input(pixels))) if is_warped else to_input
    train(network, *training, epochs, lambda *point: None, prepare)
    return {name: evaluate(network, *test) for name, test in tests.items()}


def drawn_tests(count: int, seed: int = DRAWN_SEED) -> dict:
    """The drawn sets as tensors, by the hand that drew them, and the tidy one with its digits off the middle."""
    tests = {}
    for name, hand in HANDS.items():
        images, labels = draw_set(hand, count, seed)
        tests[name] = torch.from_numpy(images), torch.from_numpy(labels).long()
    images, labels = tests["tidy"]
    return tests | {"off the middle": (move(images, seed), labels)}


def move(images: Tensor, seed: int) -> Tensor:
    """Each image moved by up to three pixels in either direction, as one that was only shrunk to 28 x 28."""
    generator = torch.Generator().manual_seed(seed)
    shifts = torch.randint(-3, 4, (len(images), 2), generator=generator).tolist()
    return torch.stack([image.roll(shift, (1, 2)) for image, shift in zip(images, shifts, strict=True)])


def main() -> None:
    parser = ArgumentParser(description="Compares training with and without warps on drawn digits.")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the folder with mnist/")
    parser.add_argument("--seeds", default="1,2,3", help="default: 1,2,3")
    parser.add_argument("--epochs", type=int, default=5, help="default: 5")
    parser.add_argument("--drawn", type=int, default=5000, metavar="N", help="drawn digits a hand; default: 5000")
    options = parser.parse_args()
    set_up_torch()
    training, test = (to_tensors(*read_split(options.data / "mnist", split)) for split in ("train", "test"))
    tests = {"MNIST": test} | drawn_tests(options.drawn)
    for model_type in MODEL_TYPES:
        for seed in map(int, options.seeds.split(",")):
            for is_warped in (False, True):
                accuracy = measure(model_type, seed, options.epochs, is_warped, training, tests)
                log(json.dumps({"type": model_type, "seed": seed, "warped": is_warped, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
