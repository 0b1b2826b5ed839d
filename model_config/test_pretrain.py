import subprocess
import sys
from pathlib import Path

from model_store.store import read_latest

HERE = Path(__file__).parent


def test_the_program_makes_and_publishes_the_networks_of_the_data_that_is_there(
    small_data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pretrained"
    command = [sys.executable, HERE / "pretrain.py", "--save", folder, "--data", small_data, "--epochs", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "mnist ff",
        "mnist ff",
        "mnist cnn",
        "mnist cnn",
    ]
    published = {name: read_latest(folder, name) for name in ("mnist-ff", "mnist-cnn")}
    assert [model and model.version for model in published.values()] == [1, 1]
    first = (folder / "mnist-ff.pt").read_bytes()
    subprocess.run([*command, "--type", "ff"], check=True, capture_output=True)
    assert (folder / "mnist-ff.pt").read_bytes() == first
    assert read_latest(folder, "mnist-ff") == published["mnist-ff"]


def test_networks_that_are_given_are_taken_as_they_are_and_the_others_are_trained(
    small_data: Path, tmp_path: Path
) -> None:
    given, folder = tmp_path / "given", tmp_path / "pretrained"
    command = [sys.executable, HERE / "pretrain.py", "--data", small_data, "--epochs", "1"]
    subprocess.run([*command, "--save", given, "--type", "ff", "--seed", "7"], check=True, capture_output=True)
    done = subprocess.run([*command, "--save", folder, "--given", given], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [lines[0], *(line.split(":")[0] for line in lines[1:])] == [
        f"mnist ff: taken from {given}",
        "mnist cnn",
        "mnist cnn",
    ]
    assert (folder / "mnist-ff.pt").read_bytes() == (given / "mnist-ff.pt").read_bytes()
    assert read_latest(folder, "mnist-ff") == read_latest(given, "mnist-ff")
    assert read_latest(folder, "mnist-cnn") is not None


def test_the_program_says_in_one_line_that_there_is_no_data(tmp_path: Path) -> None:
    command = [sys.executable, HERE / "pretrain.py", "--save", tmp_path, "--data", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: there is no dataset in {tmp_path}; data_preload.py puts them there\n"
