"""Puts MNIST and KMNIST into the data folder, as plain IDX files that were verified.

    python data_preload.py                                     fetches both
    python data_preload.py mnist --from FOLDER                 takes IDX files, plain or .gz, from a folder
    python data_preload.py kmnist --from FOLDER --split 2000   makes both splits out of a test split alone

A checksum goes beside each file, so that a job notices when one is damaged later.
"""

import gzip
import hashlib
import sys
import tempfile
import urllib.request
import zlib
from argparse import ArgumentParser, Namespace
from http.client import HTTPException
from pathlib import Path

from utils import (
    CLASSES,
    DATASETS,
    IMAGE_SIDE,
    IMAGES_MAGIC,
    LABELS_MAGIC,
    JobError,
    damaged,
    images_name,
    labels_name,
    log,
    parse_images,
    parse_labels,
    read_split,
    require_same_count,
    write_with_checksum,
)

ORIGINAL_COUNTS = {"train": 60_000, "test": 10_000}

# SHA-256 of the original files, uncompressed.
ORIGINALS_SHA256 = {
    ("mnist", "train-images-idx3-ubyte"): "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ("mnist", "train-labels-idx1-ubyte"): "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ("mnist", "t10k-images-idx3-ubyte"): "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ("mnist", "t10k-labels-idx1-ubyte"): "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ("kmnist", "t10k-images-idx3-ubyte"): "76fbd229ce87db80dd281af5e6670de4ad0e42fb30a7bd643972994c47c1f42e",
    ("kmnist", "t10k-labels-idx1-ubyte"): "a11dc742be8e781a40a92f53d6a4957e7b7d36df2faa097659131ebfd8fd60c6",
}

# Of KMNIST's training split only the compressed files' MD5 is published.
ORIGINALS_GZ_MD5 = {
    ("kmnist", "train-images-idx3-ubyte"): "bdb82020997e1d708af4cf47b453dcf7",
    ("kmnist", "train-labels-idx1-ubyte"): "e144d726b3acfaa3e44228e80efcd344",
}

# Where the compressed files are: KMNIST with its authors, MNIST with PyTorch's, who keep a copy.
SOURCES = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "kmnist": "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
}
FETCH_TIMEOUT_SECONDS = 30


def read_idx_file(folder: Path, dataset: str, name: str, original_size: int) -> bytes:
    """The bytes of `name` or `name.gz` in a folder, uncompressed.

    A file of the original's size must be the original, bit by bit; another size is a set of the user's own.
    """
    plain, compressed = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        data, gz_md5 = plain.read_bytes(), None
    elif compressed.is_file():
        packed = compressed.read_bytes()
        gz_md5 = hashlib.md5(packed, usedforsecurity=False).hexdigest()
        try:
            data = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise damaged(str(compressed), f"cannot be decompressed: {error}") from error
    else:
        hint = "; --split makes a training split of the test split" if name.startswith("train") else ""
        raise JobError("dataset_missing", f"there is no {name} and no {name}.gz in {folder}{hint}")
    if len(data) == original_size:
        sha256 = ORIGINALS_SHA256.get((dataset, name))
        md5 = ORIGINALS_GZ_MD5.get((dataset, name))
        if sha256 is not None and sha256 != hashlib.sha256(data).hexdigest():
            raise damaged(str(folder / name), f"has the size of {dataset}'s original, but not its content")
        if md5 is not None and gz_md5 is not None and md5 != gz_md5:
            raise damaged(str(compressed), f"is not {dataset}'s original: its MD5 is {gz_md5}")
    return data


def read_source(folder: Path, dataset: str, split: str) -> tuple[memoryview, memoryview]:
    """The pixels and labels of a split (`train` or `test`) in a folder of plain or compressed IDX files, verified."""
    count = ORIGINAL_COUNTS[split]
    images_file, labels_file = folder / images_name(split), folder / labels_name(split)
    images_data = read_idx_file(folder, dataset, images_file.name, 16 + count * IMAGE_SIDE**2)
    labels_data = read_idx_file(folder, dataset, labels_file.name, 8 + count)
    images = parse_images(images_data, str(images_file))
    labels = parse_labels(labels_data, str(labels_file))
    require_same_count(images, labels, str(images_file))
    return images, labels


def train_test_split(images: memoryview, labels: memoryview, test_count: int) -> dict[str, tuple[bytes, bytes]]:
    """Training and test split out of one, the same each time.

    Of each class the same share goes to the test split, evenly spaced, so classes that are balanced stay so.
    """
    chosen: dict[str, list[int]] = {"train": [], "test": []}
    seen = [0] * CLASSES
    for index, label in enumerate(labels):
        before = seen[label] * test_count // len(labels)
        seen[label] += 1
        chosen["test" if seen[label] * test_count // len(labels) > before else "train"].append(index)
    size = IMAGE_SIDE**2
    return {
        split: (b"".join(images[i * size : (i + 1) * size] for i in indices), bytes(labels[i] for i in indices))
        for split, indices in chosen.items()
    }


def write_split(folder: Path, split: str, images: bytes | memoryview, labels: bytes | memoryview) -> None:
    """Writes a split as two plain IDX files with their checksums, and reads them back."""
    count = len(labels)
    header = b"".join(number.to_bytes(4, "big") for number in (IMAGES_MAGIC, count, IMAGE_SIDE, IMAGE_SIDE))
    write_with_checksum(folder / images_name(split), header + images)
    header = LABELS_MAGIC.to_bytes(4, "big") + count.to_bytes(4, "big")
    write_with_checksum(folder / labels_name(split), header + labels)
    read_split(folder, split)
    log(f"{folder.name}: {count} {'training' if split == 'train' else 'test'} images in {folder}")


def preload_from(source: Path, dataset: str, data_folder: Path, test_count: int | None) -> None:
    """Takes a dataset from a folder of IDX files, or both its splits out of the test split alone."""
    test = read_source(source, dataset, "test")
    if test_count is None:
        splits = {"train": read_source(source, dataset, "train"), "test": test}
    elif 0 < test_count < len(test[1]):
        splits = train_test_split(*test, test_count)
    else:
        raise JobError("bad_split", f"--split is {test_count}; it must be from 1 to {len(test[1]) - 1}")
    for split, (images, labels) in splits.items():
        write_split(data_folder / dataset, split, images, labels)


def fetch(dataset: str, data_folder: Path) -> None:
    """Fetches a dataset, unless it is there and whole."""
    if is_whole(data_folder / dataset):
        log(f"{dataset}: already in {data_folder / dataset}, verified")
        return
    with tempfile.TemporaryDirectory() as folder:
        for split in ORIGINAL_COUNTS:
            for name in (images_name(split), labels_name(split)):
                fetch_file(f"{SOURCES[dataset]}{name}.gz", Path(folder) / f"{name}.gz")
            found = len(read_source(Path(folder), dataset, split)[1])
            if found != ORIGINAL_COUNTS[split]:
                wanted = ORIGINAL_COUNTS[split]
                raise damaged(SOURCES[dataset], f"gave {found} images of the {split} split, not {wanted}")
        preload_from(Path(folder), dataset, data_folder, None)


def fetch_file(url: str, target: Path) -> None:
    """Writes what an address gives into a file. What arrives is verified when it is read, not here."""
    try:
        with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_SECONDS) as answer:
            target.write_bytes(answer.read())
    except (OSError, HTTPException) as error:  # no route, no server, an answer that breaks off
        reason = " ".join(str(error).split())
        raise JobError("fetch_failed", f"{url} could not be fetched: {reason}") from error


def is_whole(folder: Path) -> bool:
    """Whether both splits are in a dataset's folder, and undamaged."""
    try:
        read_split(folder, "train")
        read_split(folder, "test")
    except JobError:
        return False
    return True


def parse_options() -> Namespace:
    parser = ArgumentParser(description="Puts MNIST and KMNIST into the data folder, verified.")
    parser.add_argument("dataset", nargs="?", choices=DATASETS, help="default: both")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FOLDER", help="take IDX files, plain or .gz, from here"
    )
    parser.add_argument("--split", type=int, metavar="N", help="make both splits of the test split: N images to test")
    here = Path(__file__).parent
    parser.add_argument("--data", type=Path, default=here / "data", metavar="FOLDER", help="default: ./data")
    options = parser.parse_args()
    if options.source and not options.dataset:
        parser.error("--from needs the dataset's name: the two have the same file names")
    if options.split is not None and not options.source:
        parser.error("--split goes with --from")
    return options


def main() -> None:
    options = parse_options()
    try:
        if options.source:
            preload_from(options.source, options.dataset, options.data, options.split)
        else:
            for dataset in [options.dataset] if options.dataset else DATASETS:
                fetch(dataset, options.data)
    except (JobError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
