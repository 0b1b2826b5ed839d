"""Puts the datasets of datasets.json into the data folder, as plain IDX files that were verified.

    python data_preload.py                                     fetches all of them
    python data_preload.py mnist --from FOLDER                 takes IDX files, plain or .gz, from a folder
    python data_preload.py kmnist --from FOLDER --split 2000   makes both splits out of a test split alone

A checksum goes beside each file, so that a job notices when one is damaged later. origin.json says where a
dataset is from: a network that is published states what it was trained on.
"""

import gzip
import hashlib
import json
import sys
import tempfile
import zlib
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fetch_originals import FetchError, fetch_original
from utils import (
    CLASSES,
    DATASETS,
    IMAGE_SIDE,
    IMAGES_MAGIC,
    LABELS_MAGIC,
    ORIGIN_FILE,
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
        sha256 = DATASETS[dataset]["sha256"].get(name)
        md5 = DATASETS[dataset]["gz_md5"].get(name)
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
    # A set of the originals' size was found to be the original when it was read.
    is_original = len(test[1]) == ORIGINAL_COUNTS["test"]
    origin = DATASETS[dataset]["source"] if is_original else "a folder of the user's own"
    note = None
    if test_count is None:
        splits = {"train": read_source(source, dataset, "train"), "test": test}
    elif 0 < test_count < len(test[1]):
        splits = train_test_split(*test, test_count)
        train_images, test_images = (f"{len(splits[split][1]):,}" for split in ("train", "test"))
        note = (
            f"trained on part of the test split: of its {len(test[1]):,} images {train_images} train and {test_images} "
            "test, because the training split was not to be had"
        )
    else:
        raise JobError("bad_split", f"--split is {test_count}; it must be from 1 to {len(test[1]) - 1}")
    for split, (images, labels) in splits.items():
        write_split(data_folder / dataset, split, images, labels)
    write_with_checksum(data_folder / dataset / ORIGIN_FILE, json.dumps({"source": origin, "note": note}).encode())


def fetch(dataset: str, data_folder: Path) -> None:
    """Fetches a dataset, unless it is there and whole."""
    if is_whole(data_folder / dataset):
        log(f"{dataset}: already in {data_folder / dataset}, verified")
        return
    source = DATASETS[dataset]["source"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetch_original(source, Path(folder))
        except FetchError as error:
            raise JobError("fetch_failed", str(error)) from error
        for split, count in ORIGINAL_COUNTS.items():
            found = len(read_source(Path(folder), dataset, split)[1])
            if found != count:
                raise damaged(source, f"gave {found} images of the {split} split, not {count}")
        preload_from(Path(folder), dataset, data_folder, None)


def is_whole(folder: Path) -> bool:
    """Whether both splits are in a dataset's folder, and undamaged."""
    try:
        read_split(folder, "train")
        read_split(folder, "test")
    except JobError:
        return False
    return True


def parse_options() -> Namespace:
    parser = ArgumentParser(description="Puts the datasets of datasets.json into the data folder, verified.")
    parser.add_argument("dataset", nargs="?", choices=DATASETS, help="default: all")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FOLDER", help="take IDX files, plain or .gz, from here"
    )
    parser.add_argument("--split", type=int, metavar="N", help="make both splits of the test split: N images to test")
    here = Path(__file__).parent
    parser.add_argument("--data", type=Path, default=here / "data", metavar="FOLDER", help="default: ./data")
    options = parser.parse_args()
    if options.source and not options.dataset:
        parser.error("--from needs the dataset's name: all have the same file names")
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
