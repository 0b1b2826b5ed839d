"""What is published of a digit network: its ONNX, measured with onnxruntime, and its model.json."""

import base64
import hashlib
import io
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from model_store.digit_graph import INPUT, OUTPUT, write_digit_network
from utils import CLASSES, DATASETS, IMAGE_SIDE, ORIGIN_FILE, read_verified

TYPE_TITLES = {"ff": "feed-forward network", "cnn": "convolutional network"}
MEASURED_AT_ONCE = 500

Split = tuple[memoryview, memoryview]
"""Pixels and labels, as `read_split` gives them."""


@dataclass(frozen=True)
class Training:
    """How a digit network came to be."""

    dataset: str
    model_type: str
    recipe: dict
    data: dict
    curve: list[dict] = field(default_factory=list)


def describe_data(folder: Path, training: Split, test: Split) -> dict:
    """What a network trained on a dataset's folder states of its data."""
    try:
        origin = json.loads(read_verified(folder / ORIGIN_FILE, "dataset_damaged"))
    except FileNotFoundError:
        origin = {"source": None, "note": None}  # put there by hand
    content = hashlib.sha256()
    for part in (*training, *test):
        content.update(part)
    return {
        "source": origin["source"],
        "licence": DATASETS[folder.name]["licence"],
        "train_images": len(training[1]),
        "test_images": len(test[1]),
        "note": origin["note"],
        "sha256": content.hexdigest(),
    }


def model_name(dataset: str, model_type: str) -> str:
    """The name under which a digit network is published."""
    return f"{dataset}-{model_type}"


def describe_digit_network(network: bytes, training: Training, test: Split) -> dict:
    """The model.json of a network's ONNX, without what `publish` adds."""
    matrix = confusion_matrix(network, test)
    declared = DATASETS[training.dataset]
    labels = declared["labels"]
    return {
        "format": 1,
        "name": model_name(training.dataset, training.model_type),
        "dataset": training.dataset,
        "type": training.model_type,
        "title": f"{declared['title']}, {TYPE_TITLES[training.model_type]}",
        "classes": [{"class": index, "label": label} for index, label in enumerate(labels)],
        "input": {
            "name": INPUT,
            "shape": [None, 1, IMAGE_SIDE, IMAGE_SIDE],
            "preparation": "digit",
            "mean": [0],
            "std": [1],
        },
        "output": {"name": OUTPUT, "shape": [None, CLASSES]},
        "accuracy": int(matrix.trace()) / int(matrix.sum()),
        "test_images": int(matrix.sum()),
        "confusion_matrix": matrix.tolist(),
        "training_curve": training.curve,
        "samples": digit_samples(test, labels),
        "provenance": {
            "data": training.data,
            "recipe": training.recipe,
            "software": {name: version(name) for name in ("torch", "onnx", "onnxruntime")},
            "licence": "MIT, as this project; the samples are under the data's licence",
            "source": "trained by this project's pipeline.py or pretrain.py",
        },
    }


def publishable(network, training: Training, test: Split) -> tuple[bytes, dict]:
    """The ONNX and the model.json of a trained network of `models.py`."""
    graph = write_digit_network(training.model_type, network)
    return graph, describe_digit_network(graph, training, test)


def confusion_matrix(network: bytes, test: Split) -> np.ndarray:
    """How often each class, by row, was taken for which one, by column: measured on what is published."""
    images = np.frombuffer(test[0], np.uint8).reshape(-1, 1, IMAGE_SIDE, IMAGE_SIDE)
    labels = np.frombuffer(test[1], np.uint8)
    session = open_session(network)
    matrix = np.zeros((CLASSES, CLASSES), np.int64)
    for start in range(0, len(images), MEASURED_AT_ONCE):
        batch = images[start : start + MEASURED_AT_ONCE].astype(np.float32) / 255
        (logits,) = session.run([OUTPUT], {INPUT: batch})
        np.add.at(matrix, (labels[start : start + MEASURED_AT_ONCE], logits.argmax(1)), 1)
    return matrix


def open_session(network: bytes) -> onnxruntime.InferenceSession:
    """A session on one thread: a job has one core at most."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def digit_samples(test: Split, labels: list[str]) -> list[dict]:
    """The first test image of each class that there is, in the order of the classes."""
    size = IMAGE_SIDE**2
    given = bytes(test[1])
    first = [given.find(index) for index in range(len(labels))]
    return [
        {"label": labels[index], "image": png_uri(test[0][at * size : (at + 1) * size])}
        for index, at in enumerate(first)
        if at >= 0
    ]


def png_uri(pixels: memoryview) -> str:
    """A 28 x 28 grey image as a data URI."""
    buffer = io.BytesIO()
    Image.frombytes("L", (IMAGE_SIDE, IMAGE_SIDE), bytes(pixels)).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
