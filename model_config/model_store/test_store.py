import json
import multiprocessing
from pathlib import Path

import pytest
import torch

from model_store.description import DescriptionError, check_description
from model_store.digit_graph import write_digit_network
from model_store.digit_model import Training, describe_digit_network
from model_store.store import is_same, publish, publish_once, read_latest, read_version
from models import build_network
from utils import JobError, read_split

RECIPE = {"epochs": 1, "seed": 1}
DATA = {"source": None, "train_images": 10, "test_images": 300, "note": None}


@pytest.fixture(scope="module")
def network_and_description(small_data_original: Path) -> tuple[bytes, dict]:
    torch.manual_seed(1)
    network = write_digit_network("ff", build_network("ff"))
    test = read_split(small_data_original / "mnist", "test")
    return network, describe_digit_network(network, Training("mnist", "ff", RECIPE, DATA), test)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "model"


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_versions_count_up_and_the_highest_is_read(store: Path, network_and_description: tuple[bytes, dict]) -> None:
    first, second = publish(store, *network_and_description), publish(store, *network_and_description)
    assert (first.version, second.version) == (1, 2)
    assert read_latest(store, "mnist-ff") == second
    assert files(store) == [f"mnist-ff/{v}/model.{suffix}" for v in (1, 2) for suffix in ("json", "onnx")]
    assert is_same(second, *network_and_description)
    assert not is_same(second, network_and_description[0] + b"\0", network_and_description[1])
    assert not is_same(second, network_and_description[0], network_and_description[1] | {"title": "another"})


def test_a_version_that_is_published_elsewhere_too_has_the_next_number_there(
    store: Path, tmp_path: Path, network_and_description: tuple[bytes, dict]
) -> None:
    carried = publish(tmp_path / "image", *network_and_description)
    network, description = network_and_description
    publish(store, network, description | {"title": "another"})
    published, is_new = publish_once(store, carried.network, carried.description)
    assert (published.version, is_new) == (2, True)
    assert read_latest(store, "mnist-ff") == published
    assert publish_once(store, carried.network, carried.description) == (published, False)


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("model.onnx", lambda data: data[:-1], r"model\.onnx has \d+ bytes; model\.json says \d+"),
        ("model.onnx", lambda data: bytes([data[0] ^ 1]) + data[1:], r"model\.onnx is damaged: its checksum is not"),
        ("model.onnx", None, r"model\.onnx cannot be read: No such file"),
        ("model.json", None, r"model\.json cannot be read: No such file"),
        ("model.json", lambda data: data[:100], r"model\.json is not JSON"),
        ("model.json", lambda data: b"\xff\xfe", r"model\.json is not JSON"),
        ("model.json", lambda data: b"[]", r"model\.json must be object"),
        ("model.json", lambda data: b"[" * 200_000, r"model\.json is not JSON"),
        ("model.json", lambda data: data.replace(b"[null, 10]", b"[null]"), r"output\.shape must contain at least 2"),
        ("model.json", lambda data: data.replace(b'"format": 1', b'"format": 2'), r"model\.json\.format must be"),
        ("model.json", lambda data: data.replace(b'"accuracy"', b'"accurate"'), r"must contain \[.*'accuracy'.*\]"),
        ("model.json", lambda data: data.replace(b'"class": 3', b'"class": 4'), r"classes are not numbered"),
        ("model.json", lambda data: data.replace(b"mnist-ff", b"mnist-cnn"), r"is of mnist-cnn, version 3"),
        ("model.json", lambda data: data.replace(b'"version": 3', b'"version": 2'), r"is of mnist-ff, version 2"),
    ],
)
def test_a_damaged_or_foreign_version_is_named_passed_over_and_never_published_over(
    store: Path, network_and_description: tuple[bytes, dict], capsys: pytest.CaptureFixture, file: str, damage, reason
) -> None:
    for _ in range(3):
        publish(store, *network_and_description)
    damaged = store / "mnist-ff" / "3" / file
    if damage:
        damaged.write_bytes(damage(damaged.read_bytes()))
    else:
        damaged.unlink()
    left = {name: (store / name).read_bytes() for name in files(store)}
    with pytest.raises(DescriptionError, match=reason):
        read_version(damaged.parent)
    latest = read_latest(store, "mnist-ff")
    assert latest is not None and latest.version == 2
    assert f"{damaged.parent} is ignored: " in capsys.readouterr().out
    assert publish(store, *network_and_description).version == 4
    assert {name: (store / name).read_bytes() for name in left} == left


def test_an_empty_folder_a_file_and_a_leftover_are_no_versions(
    store: Path, network_and_description: tuple[bytes, dict]
) -> None:
    (store / "mnist-ff" / "4").mkdir(parents=True)
    (store / "mnist-ff" / "7").write_text("seven")
    (store / "mnist-ff" / ".1-abc.tmp").mkdir()
    (store / "mnist-ff" / "notes").mkdir()
    (store / "mnist-ff" / "1763700000").mkdir()
    assert read_latest(store, "mnist-ff") is None
    assert publish(store, *network_and_description).version == 8
    assert (store / "mnist-ff" / "7").read_text() == "seven"


def test_a_file_in_the_way_of_the_store_is_left_there_and_named(
    store: Path, network_and_description: tuple[bytes, dict]
) -> None:
    store.mkdir()
    (store / "mnist-ff").write_text("mine")
    with pytest.raises(JobError, match="mnist-ff is not a folder: move it away"):
        publish(store, *network_and_description)
    assert (store / "mnist-ff").read_text() == "mine"


def test_a_description_that_is_not_valid_is_not_published(
    store: Path, network_and_description: tuple[bytes, dict]
) -> None:
    network, description = network_and_description
    with pytest.raises(DescriptionError, match=r"model\.json\.accuracy must be smaller than or equal to 1"):
        publish(store, network, description | {"accuracy": 98.1})
    assert files(store) == []
    assert list((store / "mnist-ff").iterdir()) == []


def test_what_is_published_already_is_not_published_again_over_a_newer_version(
    store: Path, network_and_description: tuple[bytes, dict]
) -> None:
    network, description = network_and_description
    first, is_new = publish_once(store, network, description)
    assert (first.version, is_new) == (1, True)
    newer = publish(store, network, description | {"title": "trained since"})
    assert publish_once(store, network, description) == (first, False)
    assert read_latest(store, "mnist-ff") == newer


def publish_some(store: Path, network: bytes, description: dict, start) -> None:
    start.wait()
    for _ in range(10):
        publish(store, network, description)


def test_of_several_that_publish_at_once_each_gets_versions_of_its_own(
    store: Path, network_and_description: tuple[bytes, dict]
) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(3)
    publishers = [context.Process(target=publish_some, args=(store, *network_and_description, start)) for _ in range(3)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()
    assert [publisher.exitcode for publisher in publishers] == [0, 0, 0]
    assert sorted(entry.name for entry in (store / "mnist-ff").iterdir()) == sorted(map(str, range(1, 31)))
    assert [read_version(store / "mnist-ff" / str(version)).version for version in range(1, 31)] == list(range(1, 31))


def test_the_schema_takes_a_photo_network_without_measured_accuracy_only_with_its_preparation(
    network_and_description: tuple[bytes, dict],
) -> None:
    added = {"version": 1, "created_at": "2026-11-21T19:00:00Z", "sha256": "0" * 64, "bytes": 1}
    unknown = {"accuracy": None, "test_images": None, "confusion_matrix": None}
    description = json.loads(json.dumps(network_and_description[1])) | added | unknown
    description["input"] |= {"preparation": "photo", "resize": 256, "crop": 224, "interpolation": "bicubic"}
    assert check_description(description) is description
    del description["input"]["crop"]
    with pytest.raises(DescriptionError, match="crop"):
        check_description(description)
