"""Trains a network for publication: augmented, with its curve, and able to go on where a killed run stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from model_store.digit_model import Split
from models import build_network
from train import BATCH_SIZE, LEARNING_RATE, Adam, evaluate, to_input, to_tensors, train_epoch
from training.augmentation import STRENGTH, Warp
from training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint


@dataclass(frozen=True)
class Plan:
    """Which network to train, and how. The same plan on the same data gives the same network."""

    dataset: str
    model_type: str
    epochs: int
    seed: int

    def recipe(self) -> dict:
        """What a published network states of how it was trained."""
        return {
            "epochs": self.epochs,
            "seed": self.seed,
            "batch_size": BATCH_SIZE,
            "optimizer": "Adam",
            "learning_rate": LEARNING_RATE,
            "augmentation": STRENGTH[self.model_type],
        }


Report = Callable[[dict], None]
"""Is given each point of the training curve as it is reached."""


def train_by_plan(
    plan: Plan, training: Split, test: Split, report: Report, checkpoint: Path | None = None, key: str = ""
) -> tuple[nn.Module, list[dict]]:
    """Trains a network; it and its training curve.

    With a `checkpoint` file, each epoch leaves what is needed to go on after it, and a file that is there with the same
    `key`, which stands for the plan and the data, is gone on from. The result is the same as without a stop.
    """
    images, labels = to_tensors(*training)
    torch.manual_seed(plan.seed)
    network = build_network(plan.model_type)
    optimizer = Adam(network.parameters())
    curve: list[dict] = []
    warp = Warp(STRENGTH[plan.model_type])

    done = read_checkpoint(checkpoint, key) if checkpoint else None
    if done:
        done.restore(network, optimizer)
        curve = done.curve

    def note(epoch: int, step: int, steps: int, loss: float) -> None:
        curve.append({"epoch": epoch, "step": step, "steps": steps, "loss": round(loss, 4)})
        if step == steps:
            curve[-1]["accuracy"] = round(evaluate(network, *to_tensors(*test)) / 100, 6)
        report(curve[-1])

    for epoch in range(len({point["epoch"] for point in curve}) + 1, plan.epochs + 1):
        train_epoch(network, optimizer, images, labels, partial(note, epoch), lambda pixels: warp(to_input(pixels)))
        if checkpoint:
            write_checkpoint(checkpoint, Checkpoint.of(key, network, optimizer, curve))
    return network, curve
