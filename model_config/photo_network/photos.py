"""Photos as the network was trained on them, and two of them to try."""

import base64
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 224
# Of preprocessing.py and lite/efficientnet_lite_builder.py in tensorflow/tpu's models/official/efficientnet: the middle
# 7/8 of the shorter side, bicubic, less 127 and divided by 128.
PREPARATION = {
    "preparation": "photo",
    "resize": 256,
    "crop": SIDE,
    "interpolation": "bicubic",
    "mean": [127 / 255] * 3,
    "std": [128 / 255] * 3,
}
# By file in scikit-image's data: what it shows, the classes of ImageNet that say so (domestic cats; espresso, cup and
# mug), and where it is from, as that package's documentation has it.
PHOTOS = {
    "chelsea.png": ("cat", range(281, 286), "Chelsea the cat, by Stefan van der Walt, from scikit-image"),
    "coffee.png": ("cup of coffee", (504, 967, 968), "Coffee cup, by Rachel Michetti, from scikit-image"),
}
PHOTO_LICENCE = "CC0"
SAMPLE_SIDE = 320


def open_photo(name: str) -> Image.Image:
    """One of scikit-image's photos, without importing the package."""
    return Image.open(package_folder("skimage") / "data" / name).convert("RGB")


def package_folder(package: str) -> Path:
    """Where a package's files are."""
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None, f"{package} is not installed; requirements.txt has it"
    return Path(spec.origin).parent


def prepare(photo: Image.Image) -> np.ndarray:
    """A photo as the network's input, (1, 3, 224, 224)."""
    scale = PREPARATION["resize"] / min(photo.size)
    width, height = (round(length * scale) for length in photo.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    resized = photo.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + SIDE, top + SIDE))
    pixels = np.asarray(resized, np.float32) / 255  # (224, 224, 3)
    mean, std = (np.array(PREPARATION[key], np.float32) for key in ("mean", "std"))
    return ((pixels - mean) / std).transpose(2, 0, 1)[np.newaxis]


def photo_samples() -> list[dict]:
    """The photos, small, as a model.json has them."""
    return [
        {"label": label, "image": jpeg_uri(open_photo(name)), "source": source, "licence": PHOTO_LICENCE}
        for name, (label, _, source) in PHOTOS.items()
    ]


def jpeg_uri(photo: Image.Image) -> str:
    small = photo.copy()
    small.thumbnail((SAMPLE_SIDE, SAMPLE_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
