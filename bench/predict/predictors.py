"""What the Python services have in common: an uploaded image to pixels, pixels to probabilities, on one thread."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Predictor = Callable[[np.ndarray], np.ndarray]
"""Pixels in 0..1 (n, 1, 28, 28) to probabilities (n, 10)."""


def read_image(file: bytes) -> np.ndarray:
    """An image file as a batch of one."""
    return to_pixels(Image.open(io.BytesIO(file)))[np.newaxis]


def to_pixels(image: Image.Image) -> np.ndarray:
    """An image in grey, its pixels in 0..1 (1, 28, 28)."""
    if image.size != (28, 28):
        image = image.resize((28, 28))
    return np.asarray(image.convert("L"), dtype=np.float32)[np.newaxis] / 255


def load_torch(network: Path) -> Predictor:
    """The network in PyTorch, with the weights of the ONNX file."""
    import onnx
    import torch
    from onnx import numpy_helper
    from torch.nn import functional as F

    from models import build_network

    torch.set_num_threads(1)
    model = build_network(os.environ["MODEL_TYPE"])
    weights = onnx.load(network).graph.initializer
    model.load_state_dict({each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in weights})
    model.eval()

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return F.softmax(model(torch.from_numpy(images)), dim=1).numpy()

    return predict


def load_onnx(network: Path) -> Predictor:
    """The network in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])

    def predict(images: np.ndarray) -> np.ndarray:
        return softmax(session.run(None, {"image": images})[0])

    return predict


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits (n, classes) to probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def best_first(probabilities: np.ndarray) -> list[dict]:
    """The classes of one image, as the mesh answers them."""
    order = np.argsort(-probabilities, kind="stable")
    return [{"class": int(i), "label": str(i), "probability": float(probabilities[i])} for i in order]
