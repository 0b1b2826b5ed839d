"""The same with BentoML, its adaptive batching and ONNX Runtime.

    MODEL=FILE.onnx bentoml serve bentoml_baseline:Digits

An image is a batch of one; those that arrive together go through the network together.
"""

import os
from pathlib import Path

import bentoml
import numpy as np
from PIL.Image import Image
from predictors import best_first, load_onnx, to_pixels


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Digits:
    def __init__(self) -> None:
        self.predictor = load_onnx(Path(os.environ["MODEL"]))

    @bentoml.api(batchable=True)
    def predict(self, images: list[Image]) -> list[dict]:
        pixels = np.stack([to_pixels(image) for image in images])  # (n, 1, 28, 28)
        return [{"classes": best_first(row)} for row in self.predictor(pixels)]
