"""Trains and evaluates; run as a program, it makes the trained networks that the image carries.

    python train.py --save pretrained                            every dataset that is in ./data, both networks
    python train.py --save pretrained --dataset mnist --type ff  one

The same seed gives the same networks, and several such programs may run side by side.
"""

import ctypes
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")  # nothing here needs it

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import build_network, network_file, save_network
from utils import DATASETS, IMAGE_SIDE, MODEL_TYPES, JobError, log, read_split

BATCH_SIZE = 100
EVALUATION_BATCH_SIZE = 500
LOG_INTERVAL = 100


def set_up_torch() -> None:
    """Sets torch up for the one core at most that a job may use, where more threads would wait for each other."""
    torch.set_num_threads(1)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Has the C library keep what is freed for the next allocation, where it is glibc.

    Otherwise each training step returns its activations to the system and gets them again, page by page and
    zeroed: a third of the ConvNet's time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in malloc.h
        mallopt(trim_threshold, 256 << 20)
        mallopt(mmap_threshold, 32 << 20)


class Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980) with the kernel behind `torch.optim.Adam(fused=True)`.

    That class imports the compiler, torch._dynamo, at its first step, which takes longer than evaluating a
    network does. Its weights are equal to these, bit by bit; a test says so.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float = 1e-3) -> None:
        self.parameters = list(parameters)
        self.exp_avgs = [torch.zeros_like(p) for p in self.parameters]
        self.exp_avg_sqs = [torch.zeros_like(p) for p in self.parameters]
        self.state_steps = [torch.zeros(()) for _ in self.parameters]
        self.settings = {"lr": learning_rate, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}

    @torch.no_grad()
    def step(self) -> None:
        """Moves the parameters against their gradients, and forgets these."""
        torch._foreach_add_(self.state_steps, 1)
        gradients = [p.grad for p in self.parameters]
        state = self.exp_avgs, self.exp_avg_sqs, [], self.state_steps
        torch._fused_adam_(self.parameters, gradients, *state, amsgrad=False, maximize=False, **self.settings)
        for parameter in self.parameters:
            parameter.grad = None


def to_tensors(images: memoryview, labels: memoryview) -> tuple[Tensor, Tensor]:
    """Pixels and labels as `read_split` gives them to (n, 1, 28, 28) of bytes, without a copy, and (n,) of int64."""
    pixels = torch.frombuffer(images, dtype=torch.uint8).view(-1, 1, IMAGE_SIDE, IMAGE_SIDE)
    return pixels, torch.frombuffer(labels, dtype=torch.uint8).long()


def to_input(pixels: Tensor) -> Tensor:
    """Bytes to floats in 0..1, as torchvision's ToTensor has them."""
    return pixels.to(torch.float32).div_(255)


def train(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    epochs: int,
    report: Callable[[int, int, int, float], None],
) -> None:
    """Trains in place, in batches of 100, in another order each epoch.

    The images stay bytes in memory, a quarter of their size as floats, and become floats batch by batch.
    `report(epoch, step, steps, loss)` is called every 100 steps and at the end of each epoch; all count from 1.
    """
    optimizer = Adam(network.parameters())
    network.train()
    for epoch in range(1, epochs + 1):
        batches = torch.randperm(len(images)).split(BATCH_SIZE)
        for step, batch in enumerate(batches, 1):
            loss = F.cross_entropy(network(to_input(images[batch])), labels[batch])
            loss.backward()
            optimizer.step()
            if step % LOG_INTERVAL == 0 or step == len(batches):
                report(epoch, step, len(batches), loss.item())


@torch.inference_mode()
def evaluate(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of the images that the network classifies correctly, in percent."""
    network.eval()
    correct = 0
    for pixels, expected in zip(images.split(EVALUATION_BATCH_SIZE), labels.split(EVALUATION_BATCH_SIZE), strict=True):
        correct += int((network(to_input(pixels)).argmax(1) == expected).sum())
    return 100 * correct / len(images)


def train_and_save(dataset: str, model_type: str, epochs: int, seed: int, data: Path, folder: Path) -> None:
    """Trains one network from a seed, says how good it is, and keeps it in the folder: for jobs, and published."""
    # Only now: jobs use this module too, and need nothing of the store.
    from model_store.digit_model import Training, describe_data, publishable
    from model_store.store import publish_once

    splits = read_split(data / dataset, "train"), read_split(data / dataset, "test")
    training = to_tensors(*splits[0])
    torch.manual_seed(seed)
    network = build_network(model_type)
    curve: list[dict] = []

    def report(epoch: int, step: int, steps: int, loss: float) -> None:
        curve.append({"epoch": epoch, "step": step, "steps": steps, "loss": round(loss, 4)})
        if step == steps:
            log(f"{dataset} {model_type}: Epoch [{epoch}/{epochs}], Loss: {loss:.4f}")

    train(network, *training, epochs, report)
    file = network_file(folder, dataset, model_type)
    save_network(network, file)
    recipe = {"epochs": epochs, "seed": seed, "batch_size": BATCH_SIZE, "optimizer": "Adam", "learning_rate": 1e-3}
    how = Training(dataset, model_type, recipe, describe_data(data / dataset, *splits), curve)
    published, _ = publish_once(folder, *publishable(network, how, splits[1]))
    accuracy, count = published.description["accuracy"], published.description["test_images"]
    log(f"{dataset} {model_type}: {accuracy:.2%} of {count} test images, kept in {file}")


def main() -> None:
    from argparse import ArgumentParser

    here = Path(__file__).parent
    parser = ArgumentParser(description="Trains the networks that PRETRAINED=true evaluates.")
    parser.add_argument("--save", type=Path, required=True, metavar="FOLDER", help="where the networks go")
    parser.add_argument("--dataset", choices=DATASETS, help="default: each one that is in the data folder")
    parser.add_argument("--type", choices=MODEL_TYPES, help="default: both")
    parser.add_argument("--epochs", type=int, choices=range(1, 21), default=5, metavar="1..20", help="default: 5")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--data", type=Path, default=here / "data", metavar="FOLDER", help="default: ./data")
    options = parser.parse_args()
    set_up_torch()
    datasets = [options.dataset] if options.dataset else [d for d in DATASETS if (options.data / d).is_dir()]
    try:
        if not datasets:
            raise JobError("dataset_missing", f"there is no dataset in {options.data}; data_preload.py puts them there")
        for dataset in datasets:
            for model_type in [options.type] if options.type else MODEL_TYPES:
                train_and_save(dataset, model_type, options.epochs, options.seed, options.data, options.save)
    except JobError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
