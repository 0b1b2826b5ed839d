import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest

from fetch_originals import FILES

HERE = Path(__file__).parent
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def fetch_all(tmp_path: Path) -> Run:
    """Runs the program on datasets of the test's own; gives its exit code and what it complained of."""

    def run(**declared: dict) -> tuple[int, str]:
        copy(HERE / "fetch_originals.py", tmp_path)
        (tmp_path / "datasets.json").write_text(json.dumps(declared))
        command = [sys.executable, tmp_path / "fetch_originals.py", tmp_path / "originals"]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stderr

    return run


def source(folder: Path, files: tuple[str, ...] = FILES) -> str:
    """An address that gives these files, each with its own name for content."""
    folder.mkdir()
    for name in files:
        (folder / f"{name}.gz").write_text(name)
    return f"{folder.as_uri()}/"


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_each_dataset_that_is_not_there_is_fetched_into_a_folder_of_its_own(fetch_all: Run, tmp_path: Path) -> None:
    (tmp_path / "originals" / "given").mkdir(parents=True)
    whole = {"title": "Whole", "required": True, "source": source(tmp_path / "server")}
    given = {"title": "Given", "required": True, "source": "file:///nowhere/"}
    assert fetch_all(whole=whole, given=given) == (0, "")
    assert contents(tmp_path / "originals") == {f"whole/{name}.gz": name for name in FILES}


def test_a_dataset_that_is_away_is_left_out_with_a_warning_unless_it_is_required(
    fetch_all: Run, tmp_path: Path
) -> None:
    part = {"title": "Part", "source": source(tmp_path / "server", FILES[:2])}
    code, complaint = fetch_all(part=part | {"required": False})
    assert (code, contents(tmp_path / "originals"), list((tmp_path / "originals").iterdir())) == (0, {}, [])
    assert complaint.startswith(f"warning: {part['source']}{FILES[2]}.gz could not be fetched: ")
    assert complaint.endswith("; Part is left out\n")
    code, complaint = fetch_all(part=part | {"required": True})
    assert (code, complaint.split(": ")[0]) == (1, "error")
