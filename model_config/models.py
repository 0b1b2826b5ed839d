"""The two networks that a job can train, and how a trained one is kept in a file."""

import io
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from utils import JobError, read_verified, write_with_checksum


class FeedForward(nn.Module):
    """784-500-10: one hidden layer; about 98.0 % on MNIST after 5 epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 500)
        self.fc2 = nn.Linear(500, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28) in 0..1 to logits (n, 10)."""
        return self.fc2(F.relu(self.fc1(images.flatten(1))))


class ConvNet(nn.Module):
    """Two convolutions and a hidden layer; about 98.7 % on MNIST after 5 epochs.

    Strides take the place of pooling: on one CPU core a step then costs little more than FeedForward's,
    where the same network with max-pooling takes two to three times as long.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=5, stride=2)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, stride=2)
        self.fc1 = nn.Linear(32 * 5 * 5, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28) in 0..1 to logits (n, 10)."""
        maps = F.relu(self.conv1(images))  # (n, 16, 12, 12)
        maps = F.relu(self.conv2(maps))  # (n, 32, 5, 5)
        return self.fc2(F.relu(self.fc1(maps.flatten(1))))


NETWORKS = {"ff": FeedForward, "cnn": ConvNet}


def build_network(model_type: str) -> nn.Module:
    """A new network of a type (`ff` or `cnn`), its weights drawn from torch's random generator."""
    return NETWORKS[model_type]()


def network_file(folder: Path, dataset: str, model_type: str) -> Path:
    """Where the network of this type that was trained on this dataset is kept."""
    return folder / f"{dataset}-{model_type}.pt"


def save_network(network: nn.Module, file: Path) -> None:
    """Writes the weights and their checksum; a reader never sees half a file."""
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    write_with_checksum(file, buffer.getvalue())


def load_network(model_type: str, file: Path) -> nn.Module:
    """The network that `save_network` kept; a JobError when it is missing, damaged or of another type."""
    try:
        weights = read_verified(file, "network_damaged")
    except FileNotFoundError as error:
        raise JobError("network_missing", f"there is no trained network {file}; pretrain.py makes it") from error
    network = build_network(model_type)
    try:
        network.load_state_dict(torch.load(io.BytesIO(weights), weights_only=True))
    except Exception as error:  # torch tells of damage in a dozen types
        raise JobError("network_damaged", f"{file} does not hold a trained {model_type} network") from error
    return network
