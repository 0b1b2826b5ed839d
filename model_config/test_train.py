from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from models import build_network
from train import Adam, evaluate, to_input, to_tensors, train
from utils import read_split


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def part(folder: Path, split: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = to_tensors(*read_split(folder, split))
    return images[:count], labels[:count]


def ignore(epoch: int, step: int, steps: int, loss: float) -> None:
    pass


def test_images_and_labels_become_tensors(whole_data: Path) -> None:
    images, labels = to_tensors(*read_split(whole_data / "mnist", "test"))
    assert (images.shape, images.dtype) == ((10_000, 1, 28, 28), torch.uint8)
    assert (labels.shape, labels.dtype, labels[:5].tolist()) == ((10_000,), torch.int64, [7, 2, 1, 0, 4])
    floats = to_input(images)
    assert (floats.dtype, floats.min().item(), floats.max().item()) == (torch.float32, 0.0, 1.0)


@pytest.mark.parametrize("model_type", ["ff", "cnn"])
def test_adam_gives_the_weights_that_pytorchs_own_gives(model_type: str) -> None:
    torch.manual_seed(3)
    ours, usual = build_network(model_type), build_network(model_type)
    usual.load_state_dict(ours.state_dict())
    optimizer, reference = Adam(ours.parameters()), torch.optim.Adam(usual.parameters(), lr=1e-3, fused=True)
    for _ in range(5):
        images, labels = torch.rand(20, 1, 28, 28), torch.randint(0, 10, (20,))
        F.cross_entropy(ours(images), labels).backward()
        optimizer.step()
        reference.zero_grad()
        F.cross_entropy(usual(images), labels).backward()
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), usual.parameters(), strict=True))


def test_both_networks_learn_and_the_convolutional_one_is_better(whole_data: Path) -> None:
    training = part(whole_data / "mnist", "train", 12_000)
    test = part(whole_data / "mnist", "test", 10_000)
    accuracy = {}
    for model_type in ("ff", "cnn"):
        torch.manual_seed(1)
        network = build_network(model_type)
        assert evaluate(network, *test) < 25
        train(network, *training, 4, ignore)
        accuracy[model_type] = evaluate(network, *test)
    assert accuracy["ff"] > 94
    assert accuracy["cnn"] > accuracy["ff"] + 0.5


def test_progress_is_reported_every_hundred_steps_and_at_the_end_of_an_epoch(whole_data: Path) -> None:
    images, labels = part(whole_data / "mnist", "train", 15_010)
    reports: list[tuple[int, int, int]] = []
    train(build_network("ff"), images, labels, 2, lambda *report: reports.append(report[:3]))
    assert reports == [(1, 100, 151), (1, 151, 151), (2, 100, 151), (2, 151, 151)]


def test_accuracy_is_the_share_of_images_classified_correctly() -> None:
    class AlwaysThree(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return F.one_hot(torch.full((len(images),), 3), 10).float()

    images = torch.zeros(1200, 1, 28, 28, dtype=torch.uint8)
    labels = torch.tensor([3] * 300 + [4] * 900)
    assert evaluate(AlwaysThree(), images, labels) == 25.0
