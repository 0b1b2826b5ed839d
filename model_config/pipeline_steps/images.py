"""The images of a dataset as PNG files, and the index that names each one with its label."""

import csv
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from model_store.store import temporary_name
from utils import CLASSES, IMAGE_SIDE, JobError, log

Split = tuple[memoryview, memoryview]
IMAGE_BYTES = IMAGE_SIDE**2
# More than there are cores: on a network file system each file is a wait.
THREADS = 8


def images_folder(volume: Path, dataset: str, split: str) -> Path:
    """Where the PNG files of a split (`train` or `test`) are."""
    return volume / "imgs" / dataset / split


def index_file(volume: Path, dataset: str, split: str) -> Path:
    """The CSV that names the files of a split, beneath `imgs/`, and their labels."""
    return volume / "data" / f"{dataset}-{split}.csv"


def write_images(folder: Path, images: memoryview) -> int:
    """Writes those images that the folder does not hold yet as they are; how many were written."""
    folder.mkdir(parents=True, exist_ok=True)
    present = {entry.name for entry in os.scandir(folder)}

    def write(index: int) -> bool:
        name = image_name(index)
        pixels = bytes(images[index * IMAGE_BYTES : (index + 1) * IMAGE_BYTES])
        if name in present and read_image(folder / name) == pixels:
            return False
        buffer = io.BytesIO()
        Image.frombytes("L", (IMAGE_SIDE, IMAGE_SIDE), pixels).save(buffer, "PNG")
        write_whole(folder / name, buffer.getvalue())
        return True

    return sum(in_threads(write, len(images) // IMAGE_BYTES))


def write_index(volume: Path, dataset: str, split: str, labels: memoryview) -> bool:
    """Writes the index of a split; False if it is there as it is to be."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["file", "label"])
    writer.writerows((f"{dataset}/{split}/{image_name(index)}", label) for index, label in enumerate(labels))
    file, content = index_file(volume, dataset, split), buffer.getvalue().encode()
    if file.is_file() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, content)
    return True


def read_indexed(volume: Path, dataset: str, split: str) -> Split:
    """The pixels and labels that an index names, in its order; a JobError when one cannot be read."""
    file = index_file(volume, dataset, split)
    with file.open(newline="") as stream:
        rows = [(row["file"], int(row["label"])) for row in csv.DictReader(stream)]
    pixels = bytearray(len(rows) * IMAGE_BYTES)

    def read(index: int) -> None:
        image = read_image(volume / "imgs" / rows[index][0])
        if image is None or not 0 <= rows[index][1] < CLASSES:
            raise JobError("image_damaged", f"{file.name} names {rows[index][0]}, which is no image that can be read")
        pixels[index * IMAGE_BYTES : (index + 1) * IMAGE_BYTES] = image

    in_threads(read, len(rows))
    return memoryview(pixels), memoryview(bytearray(label for _, label in rows))


def read_image(file: Path) -> bytes | None:
    """The pixels of a grey image of 28 x 28; None for whatever is no such image."""
    try:
        with Image.open(file) as image:
            return image.tobytes() if (image.mode, image.size) == ("L", (IMAGE_SIDE, IMAGE_SIDE)) else None
    except Exception:  # Pillow tells of damage in many types
        return None


def prepare_images(volume: Path, dataset: str, split: str, source: Split) -> None:
    """Completes the images and the index of a split, and says what was still to do."""
    images, labels = source
    written = write_images(images_folder(volume, dataset, split), images)
    there = f", {len(labels) - written} are there already" if written < len(labels) else ""
    log(f"images of {dataset}, {split}: {written} written{there}")
    is_new = write_index(volume, dataset, split, labels)
    log(f"index of {dataset}, {split}: {'written' if is_new else 'is there already'}")


def image_name(index: int) -> str:
    return f"{index:05}.png"


def in_threads(work: Callable[[int], object], count: int) -> list:
    """Does the work for each number below the count, some at a time; the results in order."""
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda start: [work(i) for i in range(start, min(start + 500, count))], range(0, count, 500))
        return [result for part in parts for result in part]


def write_whole(file: Path, content: bytes) -> None:
    """Writes a file under a temporary name first: nobody reads half of it."""
    temporary = temporary_name(file)
    temporary.write_bytes(content)
    temporary.replace(file)


def remove_unfinished(volume: Path) -> None:
    """Removes the files that killed runs left half written; only for a run that is alone."""
    for folder in (volume / "data", volume / "checkpoints", *(volume / "imgs").glob("*/*")):
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)
