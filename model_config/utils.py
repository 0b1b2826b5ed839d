"""What every program of this folder shares: IDX files, their verification, and how a job reports.

Nothing here needs PyTorch, so that a job with a wrong setting or a damaged file says so at once.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

# By name: where each comes from and what its files are, as datasets.json declares them; the services read it as well.
DATASETS = json.loads(Path(__file__).with_name("datasets.json").read_text(encoding="utf-8"))
MODEL_TYPES = ("ff", "cnn")

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049
IMAGE_SIDE = 28
CLASSES = 10
# In a dataset's folder, what data_preload.py knows of where it is from.
ORIGIN_FILE = "origin.json"

# The exit codes beside 0; 1 is a fault of the program itself.
EXIT_SETTING, EXIT_INPUT, EXIT_TERMINATED = 2, 3, 143


class JobError(Exception):
    """What a user can understand and mend: a stable code, one line of text, and the program's exit code."""

    def __init__(self, code: str, message: str, exit_code: int = EXIT_INPUT) -> None:
        super().__init__(message)
        self.code = code
        self.exit_code = exit_code


def images_name(split: str) -> str:
    """The file name that the datasets' authors gave to the images of a split, `train` or `test`."""
    return f"{'train' if split == 'train' else 't10k'}-images-idx3-ubyte"


def labels_name(split: str) -> str:
    """The file name of the labels of a split, `train` or `test`."""
    return f"{'train' if split == 'train' else 't10k'}-labels-idx1-ubyte"


def parse_images(data: bytes | bytearray, name: str) -> memoryview:
    """The pixels of an IDX image file, count * 28 * 28 bytes; a JobError when it isn't one, or is cut short."""
    if len(data) < 16:
        raise damaged(name, f"is cut short: {len(data)} bytes hold no header")
    magic, count, rows, columns = (int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 8, 12))
    if magic != IMAGES_MAGIC:
        raise damaged(name, f"is not an IDX image file: magic number {magic}, not {IMAGES_MAGIC}")
    if (rows, columns) != (IMAGE_SIDE, IMAGE_SIDE):
        raise damaged(name, f"holds images of {rows} x {columns}, not {IMAGE_SIDE} x {IMAGE_SIDE}")
    require_size(data, 16 + count * rows * columns, count, name)
    return memoryview(data)[16:]


def parse_labels(data: bytes | bytearray, name: str) -> memoryview:
    """The labels of an IDX label file, one byte each, all in 0..9; a JobError otherwise."""
    if len(data) < 8:
        raise damaged(name, f"is cut short: {len(data)} bytes hold no header")
    magic, count = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
    if magic != LABELS_MAGIC:
        raise damaged(name, f"is not an IDX label file: magic number {magic}, not {LABELS_MAGIC}")
    require_size(data, 8 + count, count, name)
    labels = memoryview(data)[8:]
    if max(labels) >= CLASSES:
        raise damaged(name, f"holds the label {max(labels)}; labels are 0 to {CLASSES - 1}")
    return labels


def require_size(data: bytes | bytearray, expected: int, count: int, name: str) -> None:
    """A JobError unless a file that says it holds `count` items has the size that goes with it."""
    if count == 0:
        raise damaged(name, "is empty: it holds 0 items")
    if len(data) != expected:
        fault = "is cut short" if len(data) < expected else "is too long"
        raise damaged(name, f"{fault}: {len(data)} bytes, and {count} items need {expected}")


def require_same_count(images: memoryview, labels: memoryview, name: str) -> None:
    """A JobError unless there is one label for each image."""
    count = len(images) // IMAGE_SIDE**2
    if count != len(labels):
        raise damaged(name, f"holds {count} images, but there are {len(labels)} labels")


def damaged(name: str, fault: str) -> JobError:
    """The error for a file of a dataset that cannot be used."""
    return JobError("dataset_damaged", f"{name} {fault}")


def read_split(folder: Path, split: str) -> tuple[memoryview, memoryview]:
    """The pixels and labels of a split (`train` or `test`) in a dataset's folder of plain IDX files, verified."""
    images_file, labels_file = folder / images_name(split), folder / labels_name(split)
    try:
        images = parse_images(read_verified(images_file, "dataset_damaged"), str(images_file))
        labels = parse_labels(read_verified(labels_file, "dataset_damaged"), str(labels_file))
    except FileNotFoundError as error:
        message = f"the dataset {folder.name} is not there: no file {error.filename}"
        raise JobError("dataset_missing", message) from error
    require_same_count(images, labels, str(images_file))
    return images, labels


def checksum_file(file: Path) -> Path:
    """The small file beside a file of ours that holds its checksum, in the format of `sha256sum`."""
    return file.with_name(file.name + ".sha256")


def write_with_checksum(file: Path, data: bytes | bytearray | memoryview) -> None:
    """Writes a file and its checksum, each under a temporary name first, and makes the folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = f"{hashlib.sha256(data).hexdigest()}  {file.name}\n"
    for target, content in ((file, data), (checksum_file(file), line.encode())):
        temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        temporary.write_bytes(content)
        temporary.replace(target)


def read_verified(file: Path, code: str) -> bytearray:
    """A file's bytes; a JobError with this code when it cannot be read or its checksum is another.

    A file without a checksum beside it, one that was put there by hand, is taken as it is. One that is not there
    is a FileNotFoundError: only the caller knows what is missing then.
    """
    try:
        data = bytearray(file.stat().st_size)
        with file.open("rb") as stream:
            del data[stream.readinto(data) :]
        recorded = checksum_file(file)
        expected = recorded.read_text().split()[:1] if recorded.is_file() else None
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(code, f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if expected is not None and expected != [hashlib.sha256(data).hexdigest()]:
        raise JobError(code, f"{file} is damaged: its checksum is not the one in {checksum_file(file).name}")
    return data


def log(line: str) -> None:
    """Prints a line and flushes it: whoever follows the log sees it now."""
    print(line, flush=True)


def write_termination_message(message: dict) -> None:
    """Leaves a job's end as JSON where Kubernetes reads it.

    That is TERMINATION_MESSAGE_PATH, or /dev/termination-log where a container has one. It is written in
    place, not renamed into place: in a container it is a mount.
    """
    chosen, usual = os.environ.get("TERMINATION_MESSAGE_PATH"), Path("/dev/termination-log")
    if not chosen and not usual.exists():
        return
    file = Path(chosen) if chosen else usual
    try:
        file.write_text(json.dumps(message))
    except OSError as error:
        print(f"warning: the result could not be written to {file}: {error}", file=sys.stderr, flush=True)
