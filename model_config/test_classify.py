import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import CompletedJob, job_environment
from data_preload import preload_from
from models import build_network, network_file, save_network
from utils import checksum_file, images_name, labels_name

HERE = Path(__file__).parent
Job = Callable[..., CompletedJob]

EPOCH_LINE = r"Epoch \[{}\], Step \[{}\], Loss: \d+\.\d{{4}}"
TIME_LINE = r"Time passed: \d+\.\d\d sec"


def matches(patterns: list[str], lines: list[str]) -> bool:
    return len(patterns) == len(lines) and all(map(re.fullmatch, patterns, lines))


def test_a_run_on_the_whole_of_mnist_prints_every_line_of_the_contract(job: Job, whole_data: Path) -> None:
    completed = job(DATASET="mnist", TYPE="ff", EPOCHS=1, DATA_FOLDER=whole_data)
    assert (completed.code, completed.stderr) == (0, "")
    steps = [EPOCH_LINE.format("1/1", f"{step}/600") for step in range(100, 601, 100)]
    accuracy = r"Accuracy of the network on the 10K test images: 9\d %"
    assert matches(["dataset: mnist", *steps, accuracy, TIME_LINE], completed.lines)
    assert completed.message == {
        "accuracy": pytest.approx(95, abs=3),
        "test_images": 10_000,
        "seconds": float(completed.lines[-1].split()[2]),
    }
    assert (
        completed.lines[-2] == f"Accuracy of the network on the 10K test images: {completed.message['accuracy']:.0f} %"
    )


def test_a_set_of_another_size_is_named_by_its_number_and_each_epoch_ends_with_a_line(
    job: Job, small_data: Path
) -> None:
    completed = job(DATASET="mnist", TYPE="cnn", EPOCHS=2, DATA_FOLDER=small_data)
    assert (completed.code, completed.stderr) == (0, "")
    steps = [EPOCH_LINE.format(f"{epoch}/2", "11/11") for epoch in (1, 2)]
    accuracy = r"Accuracy of the network on the 300 test images: \d+ %"
    assert matches(["dataset: mnist", *steps, accuracy, TIME_LINE], completed.lines)
    assert completed.message is not None and completed.message["test_images"] == 300


def test_five_epochs_are_the_default_and_an_empty_setting_is_an_unset_one(job: Job, small_data: Path) -> None:
    completed = job(DATASET="mnist", TYPE="ff", EPOCHS="", SEED="", PRETRAINED="", DATA_FOLDER=small_data)
    assert [line.split(",")[0] for line in completed.lines[1:-2]] == [f"Epoch [{epoch}/5]" for epoch in range(1, 6)]


@pytest.mark.parametrize("model_type", ["ff", "cnn"])
def test_the_same_seed_gives_the_same_run_and_no_seed_another(job: Job, small_data: Path, model_type: str) -> None:
    def lines(**seed: int) -> list[str]:
        return job(DATASET="mnist", TYPE=model_type, EPOCHS=2, DATA_FOLDER=small_data, **seed).lines[:-1]

    first = lines(SEED=7)
    assert len(first) == 4
    assert lines(SEED=7) == first
    assert lines(SEED=8) != first
    assert lines() != lines()


def test_a_pretrained_network_is_evaluated_without_training(job: Job, small_data: Path, tmp_path: Path) -> None:
    save_network(build_network("cnn"), network_file(tmp_path / "networks", "mnist", "cnn"))
    for name in (images_name("train"), labels_name("train")):  # the training split is not asked for
        (small_data / "mnist" / name).unlink()
    settings = {
        "DATASET": "mnist",
        "TYPE": "cnn",
        "DATA_FOLDER": small_data,
        "PRETRAINED_FOLDER": tmp_path / "networks",
    }
    completed = job(PRETRAINED="true", **settings)
    assert (completed.code, completed.stderr) == (0, "")
    assert matches(
        ["dataset: mnist", r"Accuracy of the network on the 300 test images: \d+ %", TIME_LINE], completed.lines
    )
    assert completed.message is not None and completed.message["test_images"] == 300


def test_kmnist_is_learned_from_its_real_images(job: Job, kmnist_files: Path, tmp_path: Path) -> None:
    preload_from(kmnist_files, "kmnist", tmp_path / "data", 2000)
    completed = job(DATASET="kmnist", TYPE="cnn", EPOCHS=3, SEED=1, DATA_FOLDER=tmp_path / "data")
    assert (completed.code, completed.stderr, completed.lines[0]) == (0, "", "dataset: kmnist")
    assert completed.message is not None
    assert completed.message["accuracy"] > 70
    assert (
        completed.lines[-2] == f"Accuracy of the network on the 2000 test images: {completed.message['accuracy']:.0f} %"
    )


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"DATASET": "cifar"}, "unknown_dataset", "DATASET is 'cifar'; it must be mnist or kmnist"),
        ({"DATASET": ""}, "unknown_dataset", "DATASET is not set; it must be mnist or kmnist"),
        ({"TYPE": "rnn"}, "unknown_type", "TYPE is 'rnn'; it must be ff or cnn"),
        ({"EPOCHS": "0"}, "bad_epochs", "EPOCHS is '0'; it must be a whole number from 1 to 20"),
        ({"EPOCHS": "21"}, "bad_epochs", "EPOCHS is '21'; it must be a whole number from 1 to 20"),
        ({"EPOCHS": "five"}, "bad_epochs", "EPOCHS is 'five'; it must be a whole number from 1 to 20"),
        ({"EPOCHS": "1.5"}, "bad_epochs", "EPOCHS is '1.5'; it must be a whole number from 1 to 20"),
        ({"EPOCHS": "٣"}, "bad_epochs", "EPOCHS is '٣'; it must be a whole number from 1 to 20"),
        ({"PRETRAINED": "yes"}, "bad_pretrained", "PRETRAINED is 'yes'; it must be true or false"),
        ({"SEED": "-1"}, "bad_seed", f"SEED is '-1'; it must be a whole number from 0 to {2**63 - 1}"),
        ({"SEED": str(2**63)}, "bad_seed", f"SEED is '{2**63}'; it must be a whole number from 0 to {2**63 - 1}"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(job: Job, settings: dict, code: str, message: str) -> None:
    completed = job(**{"DATASET": "mnist", "TYPE": "ff", **settings})
    assert (completed.code, completed.lines, completed.stderr) == (2, [], f"error: {message}\n")
    assert completed.message == {"error": {"code": code, "message": message}}


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def change_one_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def give_another_magic(file: Path) -> None:
    checksum_file(file).unlink()
    file.write_bytes(b"\0\0\0\0" + file.read_bytes()[4:])


def give_a_label_out_of_range(file: Path) -> None:
    checksum_file(file).unlink()
    file.write_bytes(file.read_bytes()[:-1] + b"\x0a")


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        (images_name("train"), Path.unlink, "the dataset mnist is not there: no file"),
        (labels_name("test"), Path.unlink, "the dataset mnist is not there: no file"),
        (images_name("train"), cut_short, "is damaged: its checksum is not the one in"),
        (images_name("test"), change_one_bit, "is damaged: its checksum is not the one in"),
        (images_name("test"), give_another_magic, "is not an IDX image file: magic number 0, not 2051"),
        (labels_name("train"), give_a_label_out_of_range, "holds the label 10; labels are 0 to 9"),
    ],
)
def test_data_that_cannot_be_used_is_one_line_and_exit_code_3(
    job: Job, small_data: Path, name: str, damage: Callable[[Path], None], fault: str
) -> None:
    damage(small_data / "mnist" / name)
    completed = job(DATASET="mnist", TYPE="ff", DATA_FOLDER=small_data)
    assert (completed.code, completed.lines) == (3, [])
    assert re.fullmatch(rf"error: .*{re.escape(fault)}.*\n", completed.stderr)
    code = "dataset_missing" if damage is Path.unlink else "dataset_damaged"
    assert completed.message == {
        "error": {"code": code, "message": completed.stderr.removeprefix("error: ").rstrip("\n")}
    }


@pytest.mark.parametrize(("content", "code"), [(None, "network_missing"), (b"PK\3\4 no network", "network_damaged")])
def test_a_pretrained_network_that_cannot_be_used_is_one_line_and_exit_code_3(
    job: Job, small_data: Path, tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "mnist-ff.pt").write_bytes(content)
    completed = job(DATASET="mnist", TYPE="ff", PRETRAINED="true", DATA_FOLDER=small_data, PRETRAINED_FOLDER=tmp_path)
    assert (completed.code, completed.lines) == (3, ["dataset: mnist"])
    assert (completed.stderr.count("\n"), completed.message) == (
        1,
        {"error": {"code": code, "message": completed.stderr.removeprefix("error: ").rstrip("\n")}},
    )


@pytest.mark.parametrize("after", ["dataset", "Epoch"])
def test_lines_arrive_while_a_job_runs_and_sigterm_ends_it_at_once_with_exit_code_143(
    whole_data: Path, tmp_path: Path, after: str
) -> None:
    message = tmp_path / "termination-log"
    settings = {"DATASET": "mnist", "TYPE": "cnn", "EPOCHS": 20, "DATA_FOLDER": whole_data}
    command = [sys.executable, HERE / "classify.py"]
    with subprocess.Popen(
        command, env=job_environment(message, settings), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if line.startswith(after))
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 143
        finally:
            process.kill()
    expected = {"code": "terminated", "message": "stopped by SIGTERM before there was a result"}
    assert json.loads(message.read_text()) == {"error": expected}


def test_a_result_that_cannot_be_written_is_a_warning_and_no_failure(
    small_data: Path, tmp_path: Path, job: Job
) -> None:
    settings = {"DATASET": "mnist", "TYPE": "ff", "EPOCHS": 1, "DATA_FOLDER": small_data}
    completed = job(**settings, TERMINATION_MESSAGE_PATH=tmp_path / "missing" / "file")
    assert (completed.code, len(completed.lines), completed.message) == (0, 4, None)
    assert re.fullmatch(r"warning: the result could not be written to .*\n", completed.stderr)


def test_a_job_imports_nothing_that_it_does_not_use(small_data: Path, tmp_path: Path) -> None:
    program = """
import os, sys
from classify import read_settings, run
from lean_torch import DeferredModule
run(read_settings(os.environ))
ran = {name for name, module in sys.modules.items() if not isinstance(module, DeferredModule)}
print(sorted(ran & {"torchvision", "PIL", "numpy", "torch._dynamo", "torch._inductor", "torch._meta_registrations",
                    "torch.export", "torch.distributions", "sympy"}))
"""
    settings = {"DATASET": "mnist", "TYPE": "cnn", "EPOCHS": 1, "DATA_FOLDER": small_data, "PYTHONPATH": HERE}
    environment = job_environment(tmp_path / "termination-log", settings)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "[]")


def run_python(program: str, **environment: object) -> str:
    """What a program prints that runs beside the job's files; nothing may go to its stderr."""
    settings = {"PATH": os.environ["PATH"], "PYTHONPATH": HERE} | environment
    environment = {name: str(value) for name, value in settings.items()}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_module_that_was_deferred_runs_when_it_is_asked_for() -> None:
    program = "import lean_torch; lean_torch.import_torch(); import torch; print(torch.distributions.Normal(0, 1).mean)"
    assert run_python(program) == "tensor(0.)\n"


def test_only_the_import_of_torch_is_lean(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("answer = 42")
    program = """
import sys
finders = list(sys.meta_path)
from lean_torch import import_torch
import_torch()
import numpy
import torch.quantization  # one that was deferred
print(sys.meta_path == finders, numpy.answer)
"""
    assert run_python(program, PYTHONPATH=f"{HERE}{os.pathsep}{tmp_path}") == "True 42\n"


@pytest.mark.parametrize("model_type", ["ff", "cnn"])
def test_a_run_on_the_lean_torch_is_the_run_on_the_whole_one(small_data: Path, model_type: str) -> None:
    program = """
import os, sys
{}
from classify import read_settings, run
from lean_torch import DeferredModule
run(read_settings(os.environ))
print(isinstance(sys.modules["torch._meta_registrations"], DeferredModule))
"""
    settings = {"DATASET": "mnist", "TYPE": model_type, "EPOCHS": 2, "SEED": 5, "DATA_FOLDER": small_data}
    lean, whole = (run_python(program.format(first), **settings).splitlines() for first in ("", "import train"))
    assert (lean[-1], whole[-1]) == ("True", "False")
    assert lean[:-2] == whole[:-2]
    assert len(lean) == 6  # the dataset, two epochs, the accuracy; the time; which torch it was
