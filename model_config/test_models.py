from pathlib import Path

import pytest
import torch

from models import build_network, load_network, network_file, save_network
from utils import JobError, checksum_file


@pytest.mark.parametrize(
    ("model_type", "shapes"),
    [
        ("ff", {"fc1": (500, 784), "fc2": (10, 500)}),
        ("cnn", {"conv1": (16, 1, 5, 5), "conv2": (32, 16, 3, 3), "fc1": (128, 800), "fc2": (10, 128)}),
    ],
)
def test_a_network_has_its_layers_and_gives_ten_logits_an_image(model_type: str, shapes: dict) -> None:
    network = build_network(model_type)
    weights = {name.removesuffix(".weight"): tuple(p.shape) for name, p in network.named_parameters() if p.dim() > 1}
    assert weights == shapes
    assert network(torch.rand(7, 1, 28, 28)).shape == (7, 10)


@pytest.mark.parametrize("model_type", ["ff", "cnn"])
def test_a_kept_network_is_the_same_when_it_is_loaded(model_type: str, tmp_path: Path) -> None:
    network = build_network(model_type)
    save_network(network, network_file(tmp_path, "mnist", model_type))
    loaded = load_network(model_type, tmp_path / f"mnist-{model_type}.pt")
    images = torch.rand(5, 1, 28, 28)
    assert torch.equal(network(images), loaded(images))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"mnist-{model_type}.pt",
        f"mnist-{model_type}.pt.sha256",
    ]


def test_a_network_that_is_not_there_is_reported_as_missing(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="there is no trained network") as raised:
        load_network("ff", tmp_path / "mnist-ff.pt")
    assert raised.value.code == "network_missing"


def test_a_network_with_one_other_bit_is_reported_as_damaged(tmp_path: Path) -> None:
    file = tmp_path / "mnist-ff.pt"
    save_network(build_network("ff"), file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(JobError, match=r"its checksum is not the one in mnist-ff\.pt\.sha256") as raised:
        load_network("ff", file)
    assert raised.value.code == "network_damaged"


@pytest.mark.parametrize("damage", ["cut short", "empty", "no archive", "another network"])
def test_a_file_that_holds_no_such_network_is_reported_as_damaged_without_a_checksum_too(
    tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "mnist-ff.pt"
    save_network(build_network("cnn" if damage == "another network" else "ff"), file)
    checksum_file(file).unlink()
    data = file.read_bytes()
    file.write_bytes({"cut short": data[: len(data) // 2], "empty": b"", "no archive": b"PK rubbish"}.get(damage, data))
    with pytest.raises(JobError, match="does not hold a trained ff network") as raised:
        load_network("ff", file)
    assert raised.value.code == "network_damaged"
