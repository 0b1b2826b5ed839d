"""Trains and evaluates networks on images in memory, on one core."""

import ctypes
import warnings
from collections.abc import Callable, Iterable
from functools import partial

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")  # nothing here needs it

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from utils import IMAGE_SIDE

BATCH_SIZE = 100
EVALUATION_BATCH_SIZE = 500
LOG_INTERVAL = 100
LEARNING_RATE = 1e-3


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

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float = LEARNING_RATE) -> None:
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

    def state(self) -> list[list[Tensor]]:
        """What it remembers of the steps before."""
        return [self.exp_avgs, self.exp_avg_sqs, self.state_steps]

    def load_state(self, state: list[list[Tensor]]) -> None:
        """Remembers what `state` gave."""
        self.exp_avgs, self.exp_avg_sqs, self.state_steps = state


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
    prepare: Callable[[Tensor], Tensor] = to_input,
) -> None:
    """Trains in place, in batches of 100, in another order each epoch.

    The images stay bytes in memory, a quarter of their size as floats; `prepare` makes a batch of them the network's
    input. `report(epoch, step, steps, loss)` is called every 100 steps and at the end of each epoch; all count from 1.
    """
    optimizer = Adam(network.parameters())
    for epoch in range(1, epochs + 1):
        train_epoch(network, optimizer, images, labels, partial(report, epoch), prepare)


def train_epoch(
    network: nn.Module,
    optimizer: Adam,
    images: Tensor,
    labels: Tensor,
    report: Callable[[int, int, float], None],
    prepare: Callable[[Tensor], Tensor] = to_input,
) -> None:
    """Trains in place on each image once; `report(step, steps, loss)` every 100 steps and at the end."""
    network.train()
    batches = torch.randperm(len(images)).split(BATCH_SIZE)
    for step, batch in enumerate(batches, 1):
        loss = F.cross_entropy(network(prepare(images[batch])), labels[batch])
        loss.backward()
        optimizer.step()
        if step % LOG_INTERVAL == 0 or step == len(batches):
            report(step, len(batches), loss.item())


@torch.inference_mode()
def evaluate(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of the images that the network classifies correctly, in percent."""
    network.eval()
    correct = 0
    for pixels, expected in zip(images.split(EVALUATION_BATCH_SIZE), labels.split(EVALUATION_BATCH_SIZE), strict=True):
        correct += int((network(to_input(pixels)).argmax(1) == expected).sum())
    return 100 * correct / len(images)
