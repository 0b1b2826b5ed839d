"""Trains and evaluates; run as a program, it makes the trained networks that the image carries.

    python train.py --save pretrained                            every dataset that is in ./data, both networks
    python train.py --save pretrained --dataset mnist --type ff  one

The same seed gives the same networks, and several such programs may run side by side.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

if __name__ == "__main__":  # before the first import of torch
    from lean_torch import import_torch

    import_torch()

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import build_network, network_file, save_network
from utils import DATASETS, IMAGE_SIDE, KINDS, JobError, read_split, say

BATCH = 100
EVALUATION_BATCH = 500
REPORT_EVERY = 100


class Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980) with the kernel behind `torch.optim.Adam(fused=True)`.

    That class imports the compiler, torch._dynamo, at its first step, which takes longer than evaluating a
    network does. Its weights are equal to these, bit by bit; a test says so.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float = 1e-3) -> None:
        self.parameters = list(parameters)
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.steps = [torch.zeros(()) for _ in self.parameters]
        self.settings = {"lr": learning_rate, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}

    @torch.no_grad()
    def step(self) -> None:
        """Moves the parameters against their gradients, and forgets these."""
        torch._foreach_add_(self.steps, 1)
        gradients = [p.grad for p in self.parameters]
        state = self.means, self.squares, [], self.steps
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
        batches = torch.randperm(len(images)).split(BATCH)
        for step, batch in enumerate(batches, 1):
            loss = F.cross_entropy(network(to_input(images[batch])), labels[batch])
            loss.backward()
            optimizer.step()
            if step % REPORT_EVERY == 0 or step == len(batches):
                report(epoch, step, len(batches), loss.item())


@torch.inference_mode()
def evaluate(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """How many of the images the network names rightly, in percent."""
    network.eval()
    right = 0
    for pixels, expected in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True):
        right += int((network(to_input(pixels)).argmax(1) == expected).sum())
    return 100 * right / len(images)


def make_network(dataset: str, kind: str, epochs: int, seed: int, data: Path, folder: Path) -> None:
    """Trains one network from a seed, says how good it is, and keeps it in the folder."""
    training = to_tensors(*read_split(data / dataset, "train"))
    test = to_tensors(*read_split(data / dataset, "test"))
    torch.manual_seed(seed)
    network = build_network(kind)

    def report(epoch: int, step: int, steps: int, loss: float) -> None:
        if step == steps:
            say(f"{dataset} {kind}: Epoch [{epoch}/{epochs}], Loss: {loss:.4f}")

    train(network, *training, epochs, report)
    file = network_file(folder, dataset, kind)
    save_network(network, file)
    say(f"{dataset} {kind}: {evaluate(network, *test):.2f} % of {len(test[0])} test images, kept in {file}")


def main() -> None:
    from argparse import ArgumentParser

    here = Path(__file__).parent
    parser = ArgumentParser(description="Trains the networks that PRETRAINED=true evaluates.")
    parser.add_argument("--save", type=Path, required=True, metavar="FOLDER", help="where the networks go")
    parser.add_argument("--dataset", choices=DATASETS, help="default: each one that is in the data folder")
    parser.add_argument("--type", choices=KINDS, help="default: both")
    parser.add_argument("--epochs", type=int, choices=range(1, 21), default=5, metavar="1..20", help="default: 5")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--data", type=Path, default=here / "data", metavar="FOLDER", help="default: ./data")
    options = parser.parse_args()
    datasets = [options.dataset] if options.dataset else [d for d in DATASETS if (options.data / d).is_dir()]
    try:
        if not datasets:
            raise JobError("dataset_missing", f"there is no dataset in {options.data}; data_preload.py puts them there")
        for dataset in datasets:
            for kind in [options.type] if options.type else KINDS:
                make_network(dataset, kind, options.epochs, options.seed, options.data, options.save)
    except JobError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
