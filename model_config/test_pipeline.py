import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import CompletedJob, job_environment
from data_preload import read_source, write_split
from model_store.digit_graph import write_digit_network
from model_store.store import read_latest, read_version
from pipeline import read_settings
from train import set_up_torch
from training.plan import Plan, train_by_plan
from utils import EXIT_TERMINATED, JobError, images_name, read_split

HERE = Path(__file__).parent
Pipeline = Callable[..., CompletedJob]

# A volume that cannot lock files, as some network file systems can't, and runs in containers, where each is process 1.
WITHOUT_LOCKS = """
import errno, fcntl, os, runpy
os.getpid = lambda: 1
def refuse(file, operation):
    raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = refuse
runpy.run_path("pipeline.py", run_name="__main__")
"""


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return tmp_path / "src"


@pytest.fixture
def start(tmp_path: Path, volume: Path) -> Callable[..., subprocess.Popen]:
    """Starts pipeline.py as a process of its own on the volume."""

    def run(*program: str, message: str = "termination-log", **settings: object) -> subprocess.Popen:
        given = {"SRC_FOLDER": volume, "PRETRAINED_FOLDER": tmp_path / "nothing"} | settings
        return subprocess.Popen(
            [sys.executable, *(program or ["pipeline.py"])],
            cwd=HERE,
            env=job_environment(tmp_path / message, given),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def pipeline(start: Callable[..., subprocess.Popen], tmp_path: Path) -> Pipeline:
    """Runs pipeline.py to its end."""

    def run(**settings: object) -> CompletedJob:
        return complete(start(**settings), tmp_path / "termination-log")

    return run


def complete(process: subprocess.Popen, message: Path) -> CompletedJob:
    stdout, stderr = process.communicate()
    result = json.loads(message.read_text()) if message.exists() else None
    return CompletedJob(stdout.splitlines(), stderr, process.returncode, result)


def test_a_run_leaves_images_index_and_network_and_the_next_one_repeats_nothing(
    pipeline: Pipeline, small_data: Path, volume: Path
) -> None:
    first = pipeline(EPOCHS=2, DATA_FOLDER=small_data)
    assert (first.code, first.stderr) == (0, "")
    networks = [read_latest(volume / "model", name) for name in ("mnist-ff", "mnist-cnn")]
    share = r"\d+\.\d\d% of 300 test images"
    patterns = [
        "images of mnist, train: 1050 written",
        "index of mnist, train: written",
        "images of mnist, test: 300 written",
        "index of mnist, test: written",
        *[
            pattern
            for name in ("mnist-ff", "mnist-cnn")
            for pattern in (
                f"{name}: training, 2 epochs, seed 1",
                *(rf"Epoch \[{epoch}/2\], Step \[11/11\], Loss: \d\.\d{{4}}" for epoch in (1, 2)),
                f"{name}: published as version 1, {share}",
            )
        ],
        r"Time passed: \d+\.\d\d sec",
    ]
    assert len(first.lines) == len(patterns)
    assert all(map(re.fullmatch, patterns, first.lines)), first.lines
    assert first.message["published"] == [
        {"name": name, "version": 1, "new": True} for name in ("mnist-ff", "mnist-cnn")
    ]

    second = pipeline(EPOCHS=2, DATA_FOLDER=small_data)
    assert second.lines[:-1] == [
        "images of mnist, train: 0 written, 1050 are there already",
        "index of mnist, train: is there already",
        "images of mnist, test: 0 written, 300 are there already",
        "index of mnist, test: is there already",
        *[first.lines[at].replace("published as", "already published as") for at in (7, 11)],
    ]
    assert [read_latest(volume / "model", name) for name in ("mnist-ff", "mnist-cnn")] == networks
    assert sorted(entry.name for entry in volume.iterdir()) == [
        ".pipeline.lock",
        "checkpoints",
        "data",
        "imgs",
        "model",
    ]
    assert list((volume / "checkpoints").iterdir()) == []


def test_another_recipe_or_a_damaged_version_gives_a_new_one_and_leaves_the_old(
    pipeline: Pipeline, small_data: Path, volume: Path
) -> None:
    settings = {"EPOCHS": 1, "TYPES": "ff", "DATA_FOLDER": small_data}
    versions = volume / "model" / "mnist-ff"
    pipeline(**settings)
    pipeline(**settings, SEED=2)
    assert [read_version(versions / version).description["provenance"]["recipe"]["seed"] for version in "12"] == [1, 2]
    damaged = versions / "2" / "model.onnx"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    third = pipeline(**settings, SEED=2)
    assert third.lines[4].startswith(f"{damaged.parent} is ignored: model.onnx is damaged")
    assert third.message["published"] == [{"name": "mnist-ff", "version": 3, "new": True}]
    assert damaged.read_bytes().endswith(b"x")


@pytest.fixture
def longer_data(mnist_files: Path, tmp_path: Path) -> Path:
    """A data folder with which a dozen epochs take some seconds."""
    folder = tmp_path / "longer"
    for split, count in (("train", 2000), ("test", 300)):
        images, labels = read_source(mnist_files, "mnist", split)
        write_split(folder / "mnist", split, images[: count * 28 * 28], labels[:count])
    return folder


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended_goes_on_after_its_last_epoch_with_the_same_result(
    start: Callable[..., subprocess.Popen], longer_data: Path, volume: Path, tmp_path: Path, end: signal.Signals
) -> None:
    settings = {"EPOCHS": 12, "TYPES": "cnn", "DATA_FOLDER": longer_data}
    ended = start(**settings)
    lines = iter(ended.stdout.readline, "")
    assert any(line.startswith("Epoch [3/12]") for line in lines)
    ended.send_signal(end)
    ended.communicate()
    assert ended.returncode == (EXIT_TERMINATED if end == signal.SIGTERM else -signal.SIGKILL)
    assert read_latest(volume / "model", "mnist-cnn") is None
    if end == signal.SIGTERM:
        assert json.loads((tmp_path / "termination-log").read_text())["error"]["code"] == "terminated"

    resumed = complete(start(**settings), tmp_path / "termination-log")
    epochs = [int(line.split("[")[1].split("/")[0]) for line in resumed.lines if line.startswith("Epoch")]
    assert epochs[0] >= 3 and epochs == list(range(epochs[0], 13))
    published = read_latest(volume / "model", "mnist-cnn")
    splits = [read_split(longer_data / "mnist", split) for split in ("train", "test")]
    set_up_torch()  # the number of threads counts in the last bit
    network, curve = train_by_plan(Plan("mnist", "cnn", 12, 1), *splits, lambda point: None)
    assert (resumed.code, published.network) == (0, write_digit_network("cnn", network))
    assert published.description["training_curve"] == curve


@pytest.mark.parametrize("locks", [True, False])
def test_two_runs_at_once_do_no_harm(
    start: Callable[..., subprocess.Popen], small_data: Path, volume: Path, tmp_path: Path, locks: bool
) -> None:
    program = [] if locks else ["-c", WITHOUT_LOCKS]
    messages = ["first", "second"]
    running = [start(*program, message=message, EPOCHS=3, DATA_FOLDER=small_data) for message in messages]
    both = [complete(process, tmp_path / message) for process, message in zip(running, messages, strict=True)]
    assert [(one.code, one.stderr) for one in both] == [(0, ""), (0, "")]
    told = [(one["name"], one["version"]) for run in both for one in run.message["published"] if one["new"]]
    if locks:
        assert sorted(told) == [("mnist-cnn", 1), ("mnist-ff", 1)]
    for name in ("mnist-ff", "mnist-cnn"):
        folder = volume / "model" / name
        assert sorted((name, int(entry.name)) for entry in folder.iterdir()) == sorted(
            one for one in told if one[0] == name
        )
        networks = [read_version(entry).network for entry in folder.iterdir()]
        assert all(network == networks[0] for network in networks)
    alone = complete(start(EPOCHS=3, DATA_FOLDER=small_data), tmp_path / "termination-log")
    assert [line for line in alone.lines if "written" in line and ": 0 written" not in line] == []
    assert [one["new"] for one in alone.message["published"]] == [False, False]


@pytest.fixture
def carried(pipeline: Pipeline, small_data: Path, tmp_path: Path) -> Path:
    """A folder of networks as the image carries them."""
    folder = tmp_path / "carried"
    assert pipeline(EPOCHS=1, TYPES="ff", DATA_FOLDER=small_data, SRC_FOLDER=tmp_path / "maker").code == 0
    (tmp_path / "maker" / "model").rename(folder)
    (folder / "mnist-ff.pt").write_bytes(b"for jobs")
    return folder


def test_pretrained_networks_are_published_without_images_or_data_and_once(
    pipeline: Pipeline, carried: Path, volume: Path, tmp_path: Path
) -> None:
    settings = {"PRETRAINED": "true", "PRETRAINED_FOLDER": carried, "DATA_FOLDER": tmp_path / "none"}
    first, second = pipeline(**settings), pipeline(**settings)
    assert [one.message["published"] for one in (first, second)] == [
        [{"name": "mnist-ff", "version": 1, "new": new}] for new in (True, False)
    ]
    assert sorted(entry.name for entry in volume.iterdir()) == [".pipeline.lock", "model"]
    missing = pipeline(**settings, DATASETS="mnist", TYPES="cnn")
    assert (missing.code, missing.message["error"]["code"]) == (3, "network_missing")
    assert missing.stderr == f"error: the image carries no mnist-cnn in {carried}\n"


def test_a_damaged_network_of_the_image_is_not_published(pipeline: Pipeline, carried: Path, volume: Path) -> None:
    network = carried / "mnist-ff" / "1" / "model.onnx"
    network.write_bytes(network.read_bytes()[:-1])
    refused = pipeline(PRETRAINED="true", PRETRAINED_FOLDER=carried)
    assert (refused.code, refused.message["error"]["code"]) == (3, "network_missing")
    assert refused.lines[0].startswith(f"{network.parent} is ignored: model.onnx has")
    assert not (volume / "model").exists()


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (
            {"DATASETS": "mnist,cifar"},
            "unknown_dataset",
            "DATASETS is 'mnist,cifar', and there is no 'cifar'; it must name some of mnist, kmnist, separated by "
            "commas, or nothing for all",
        ),
        ({"TYPES": "rnn"}, "unknown_type", "TYPES is 'rnn', and there is no 'rnn'; it must name some of ff, cnn, "),
        ({"EPOCHS": "21"}, "bad_epochs", "EPOCHS is '21'; it must be a whole number from 1 to 20"),
        ({"SEED": "-1"}, "bad_seed", "SEED is '-1'; it must be a whole number from 0 to 9223372036854775807"),
        ({"PRETRAINED": "yes"}, "bad_pretrained", "PRETRAINED is 'yes'; it must be true or false"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(settings: dict, code: str, message: str) -> None:
    with pytest.raises(JobError, match=re.escape(message)) as raised:
        read_settings(settings)
    assert (raised.value.code, raised.value.exit_code) == (code, 2)


def test_settings_have_defaults_and_lists_are_in_the_usual_order_without_repeats() -> None:
    usual = read_settings({"DATASETS": " ", "EPOCHS": "", "SEED": ""})
    assert (usual.datasets, usual.model_types, usual.epochs, usual.seed, usual.pretrained, usual.volume) == (
        (),
        ("ff", "cnn"),
        5,
        1,
        False,
        Path("/src"),
    )
    chosen = read_settings({"DATASETS": "kmnist, mnist,kmnist,", "TYPES": "cnn", "SRC_FOLDER": "/volume"})
    assert (chosen.datasets, chosen.model_types, chosen.volume) == (("mnist", "kmnist"), ("cnn",), Path("/volume"))


def test_a_dataset_that_was_asked_for_and_is_not_there_is_named(pipeline: Pipeline, small_data: Path) -> None:
    refused = pipeline(DATASETS="kmnist", DATA_FOLDER=small_data)
    assert (refused.code, refused.message["error"]["code"]) == (3, "dataset_missing")
    assert refused.stderr.startswith("error: the dataset kmnist is not there: no file ")


def test_damaged_data_is_refused_before_anything_is_written(pipeline: Pipeline, small_data: Path, volume: Path) -> None:
    file = small_data / "mnist" / images_name("train")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    refused = pipeline(DATA_FOLDER=small_data)
    assert (refused.code, refused.message["error"]["code"]) == (3, "dataset_damaged")
    assert [entry.name for entry in volume.iterdir()] == [".pipeline.lock"]


def test_a_volume_that_cannot_be_written_says_so(pipeline: Pipeline, small_data: Path, volume: Path) -> None:
    volume.write_text("no folder")
    refused = pipeline(DATA_FOLDER=small_data)
    assert (refused.code, refused.message["error"]["code"]) == (3, "volume_unusable")
    assert refused.stderr == (
        f"error: {volume} cannot be used: File exists; the volume must be writable and have room\n"
    )
