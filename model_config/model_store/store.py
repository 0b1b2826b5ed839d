"""Reading and publishing versions. A version is never changed once it is there, and never published over."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model_store.description import DescriptionError, check_description, check_network, parse_description, seal
from utils import JobError, log

NETWORK_FILE, DESCRIPTION_FILE = "model.onnx", "model.json"
# Readers take no longer numbers for versions; a folder named after a time is none.
VERSION_DIGITS = 9


@dataclass(frozen=True)
class Published:
    """A version that was read and verified."""

    description: dict
    network: bytes

    @property
    def version(self) -> int:
        return self.description["version"]


def read_version(folder: Path) -> Published:
    """The version in a folder; a DescriptionError when something of it is missing, damaged or not ours."""
    try:
        description = parse_description((folder / DESCRIPTION_FILE).read_bytes())
        network = (folder / NETWORK_FILE).read_bytes()
    except OSError as error:
        raise DescriptionError(f"{Path(error.filename).name} cannot be read: {error.strerror}") from error
    expected = (folder.parent.name, folder.name)
    if (description["name"], str(description["version"])) != expected:
        raise DescriptionError(f"model.json is of {description['name']}, version {description['version']}")
    check_network(description, network)
    return Published(description, network)


def read_latest(store: Path, name: str) -> Published | None:
    """The highest version of a network that is whole."""
    return next(read_versions(store, name), None)


def read_versions(store: Path, name: str) -> Iterator[Published]:
    """The versions of a network that are whole, highest first; others are named in the log and passed over."""
    for version in sorted(numbered(store / name), reverse=True):
        try:
            yield read_version(store / name / str(version))
        except DescriptionError as error:
            log(f"{store / name / str(version)} is ignored: {error}")


def numbered(folder: Path) -> Iterator[int]:
    """The numbers that are taken as versions in a network's folder, by whatever."""
    if folder.is_dir():
        for entry in folder.iterdir():
            name = entry.name
            if name.isascii() and name.isdigit() and not name.startswith("0") and len(name) <= VERSION_DIGITS:
                yield int(name)


def publish(store: Path, network: bytes, description: dict) -> Published:
    """Publishes a network under the next version of its name: all of it at once, and on the disk.

    `description` is a model.json, whose `version`, `sha256`, `bytes` and `created_at` are set here. Of
    several that publish at the same time each gets a version of its own.
    """
    folder = store / description["name"]
    make_folder(folder)
    temporary = temporary_name(folder / "version")
    temporary.mkdir()
    try:
        write_synced(temporary / NETWORK_FILE, network)
        while True:
            version = max(numbered(folder), default=0) + 1
            created_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            first = {"format": description["format"], "name": description["name"], "version": version}
            own = {"version": version, "created_at": created_at}
            complete = check_description(seal(first | description | own, network))
            text = json.dumps(complete, ensure_ascii=False, allow_nan=False)
            write_synced(temporary / DESCRIPTION_FILE, text.encode())
            sync_folder(temporary)
            if renamed(temporary, folder / str(version)):
                return Published(complete, network)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def publish_once(store: Path, network: bytes, description: dict) -> tuple[Published, bool]:
    """Publishes a network unless one of its versions is the same already; that version, and whether it is new.

    So what the image carries is not published again over what was trained since.
    """
    for version in read_versions(store, description["name"]):
        if is_same(version, network, description):
            return version, False
    return publish(store, network, description), True


def is_same(published: Published, network: bytes, description: dict) -> bool:
    """Whether that version is this network with this description, whatever `publish` adds."""

    def given(of: dict) -> dict:
        return {key: value for key, value in of.items() if key not in ("version", "created_at", "sha256", "bytes")}

    return published.network == network and given(published.description) == given(description)


def remove_unpublished(store: Path) -> None:
    """Removes what killed runs left half written; only for one that knows that no other run publishes now."""
    for leftover in store.glob("*/.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)


def temporary_name(target: Path) -> Path:
    """A name beside the target that no other run has, on whichever node: in its container each is process 1."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")


def make_folder(folder: Path) -> None:
    """Makes a folder; a JobError when there is something else under its name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise JobError("store_blocked", f"{error.filename} is not a folder: move it away") from error


def renamed(source: Path, target: Path) -> bool:
    """Gives the folder its name; False if another one has got it first."""
    try:
        source.rename(target)
    except OSError:
        if target.exists():
            return False
        raise
    sync_folder(target.parent)
    return True


def write_synced(file: Path, data: bytes) -> None:
    """Writes a file, and waits until it is on the disk."""
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Waits until a folder's entries are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
