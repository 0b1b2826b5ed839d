"""What a training needs to go on after an epoch, in one file that is whole or is not taken."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from model_store.store import sync_folder, temporary_name, write_synced
from train import Adam
from utils import log


@dataclass(frozen=True)
class Checkpoint:
    """A training after an epoch. `key` stands for what is trained on what."""

    key: str
    weights: dict[str, Tensor]
    optimizer: list[list[Tensor]]
    random: Tensor
    curve: list[dict]

    @classmethod
    def of(cls, key: str, network: nn.Module, optimizer: Adam, curve: list[dict]) -> "Checkpoint":
        """The training as it is now."""
        return cls(key, network.state_dict(), optimizer.state(), torch.get_rng_state(), curve)

    def restore(self, network: nn.Module, optimizer: Adam) -> None:
        """Makes the training what it was."""
        network.load_state_dict(self.weights)
        optimizer.load_state(self.optimizer)
        torch.set_rng_state(self.random)


def write_checkpoint(file: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint in place of the one before, with its checksum in the first line."""
    buffer = io.BytesIO()
    torch.save(vars(checkpoint), buffer)
    content = buffer.getvalue()
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(file)
    write_synced(temporary, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    temporary.replace(file)
    sync_folder(file.parent)


def read_checkpoint(file: Path, key: str) -> Checkpoint | None:
    """The checkpoint in a file; None, and a line in the log, when it is damaged or of another training."""
    try:
        checksum, _, content = file.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if checksum != hashlib.sha256(content).hexdigest().encode():
        log(f"{file} is ignored: it is damaged")
        return None
    try:
        checkpoint = Checkpoint(**torch.load(io.BytesIO(content), weights_only=True))
    except Exception:  # torch tells of what it cannot read in many types
        log(f"{file} is ignored: it is of another release")
        return None
    if checkpoint.key != key:
        log(f"{file} is ignored: it is of a training with other settings or data")
        return None
    return checkpoint
