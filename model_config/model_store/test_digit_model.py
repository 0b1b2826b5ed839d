import base64
import io
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from data_preload import preload_from, train_test_split, write_split
from model_store.digit_graph import write_digit_network
from model_store.digit_model import Training, describe_data, open_session, publishable
from models import build_network
from train import evaluate, to_input, to_tensors
from utils import read_split

DATA = {"source": None, "train_images": 1050, "test_images": 300, "note": None}


@pytest.mark.parametrize("model_type", ["ff", "cnn"])
@pytest.mark.parametrize("count", [1, 300])
def test_the_onnx_file_gives_what_pytorch_gives(model_type: str, count: int, small_data_original: Path) -> None:
    torch.manual_seed(2)
    network = build_network(model_type)
    images = to_input(to_tensors(*read_split(small_data_original / "mnist", "test"))[0][:count])
    session = open_session(write_digit_network(model_type, network))
    (logits,) = session.run(["logits"], {"image": images.numpy()})
    expected = network(images).detach().numpy()
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model_type", ["ff", "cnn"])
def test_the_onnx_file_holds_the_weights_bit_by_bit_and_takes_any_number_of_images(model_type: str) -> None:
    network = build_network(model_type)
    model = onnx.load_from_string(write_digit_network(model_type, network))
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    assert held.keys() == weights.keys()
    assert all(np.array_equal(held[name], weights[name]) for name in weights)
    shapes = [
        [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    ]
    assert shapes == [["images", 1, 28, 28], ["images", 10]]


def test_the_description_states_what_was_measured_on_the_onnx_file(small_data_original: Path) -> None:
    test = read_split(small_data_original / "mnist", "test")
    torch.manual_seed(4)
    network = build_network("cnn")
    curve = [{"epoch": 1, "step": 11, "steps": 11, "loss": 2.3}]
    _, description = publishable(network, Training("mnist", "cnn", {"epochs": 1}, DATA, curve), test)
    images, labels = to_tensors(*test)
    predicted = network(to_input(images)).argmax(1)
    matrix = [[int(((labels == true) & (predicted == said)).sum()) for said in range(10)] for true in range(10)]
    assert description["confusion_matrix"] == matrix
    assert description["accuracy"] == pytest.approx(evaluate(network, images, labels) / 100, abs=1e-12)
    assert (description["test_images"], description["training_curve"]) == (300, curve)
    assert (description["name"], description["title"]) == ("mnist-cnn", "MNIST, convolutional network")


def test_the_samples_are_the_first_test_image_of_each_class_as_they_are(small_data_original: Path) -> None:
    test = read_split(small_data_original / "mnist", "test")
    _, description = publishable(build_network("ff"), Training("mnist", "ff", {}, DATA), test)
    samples = description["samples"]
    assert [sample["label"] for sample in samples] == [str(digit) for digit in range(10)]
    first = bytes(test[1]).index(7)
    image = Image.open(io.BytesIO(base64.b64decode(samples[7]["image"].partition(",")[2])))
    assert (image.mode, image.size) == ("L", (28, 28))
    assert image.tobytes() == test[0][first * 784 : (first + 1) * 784]


def test_what_a_network_states_of_its_data_is_what_data_preload_has_recorded(
    mnist_files: Path, small_data_original: Path, tmp_path: Path
) -> None:
    small = read_split(small_data_original / "mnist", "test")
    source = tmp_path / "source" / "mnist"
    write_split(source, "test", *small)
    preload_from(source, "mnist", tmp_path, 60)
    folder = tmp_path / "mnist"
    splits = read_split(folder, "train"), read_split(folder, "test")
    assert splits[0][1] == train_test_split(*small, 60)["train"][1]
    stated = describe_data(folder, *splits)
    assert {key: stated[key] for key in ("source", "train_images", "test_images", "note")} == {
        "source": "a folder of the user's own",
        "train_images": 246,
        "test_images": 54,
        "note": "trained on part of the test split: of its 300 images 246 train and 54 test, because the training "
        "split was not to be had",
    }
    (folder / "origin.json").unlink()
    assert describe_data(folder, *splits) == stated | {"source": None, "note": None}
    write_split(folder, "test", *[bytes(reversed(part)) for part in splits[1]])
    assert describe_data(folder, splits[0], read_split(folder, "test"))["sha256"] != stated["sha256"]
