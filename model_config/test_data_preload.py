import gzip
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from data_preload import fetch, preload_from, read_source, train_test_split
from utils import DATASETS, JobError, images_name, labels_name, read_split, write_with_checksum

HERE = Path(__file__).parent


def preload(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, HERE / "data_preload.py", *map(str, arguments)], capture_output=True, text=True
    )


def test_the_whole_of_mnist_arrives_verified(mnist_files: Path, whole_data: Path) -> None:
    for split, count in (("train", 60_000), ("test", 10_000)):
        images, labels = read_split(whole_data / "mnist", split)
        assert (len(images), len(labels)) == (count * 784, count)
        assert (whole_data / "mnist" / images_name(split)).read_bytes() == (
            mnist_files / images_name(split)
        ).read_bytes()


def test_a_dataset_that_is_there_and_whole_is_not_fetched_again(
    whole_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch("mnist", whole_data)
    assert capsys.readouterr().out == f"mnist: already in {whole_data / 'mnist'}, verified\n"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are what the sources of the datasets give."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    Thread(target=server.serve_forever).start()
    monkeypatch.setitem(DATASETS["mnist"], "source", f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def pack_files(source: Path, target: Path) -> None:
    for split in ("train", "test"):
        for name in (images_name(split), labels_name(split)):
            (target / f"{name}.gz").write_bytes(gzip.compress((source / name).read_bytes(), compresslevel=1))


def test_what_is_fetched_is_the_same_as_what_is_taken_from_a_folder(
    served: Path, mnist_files: Path, whole_data: Path, tmp_path: Path
) -> None:
    pack_files(mnist_files, served)
    fetch("mnist", tmp_path)
    for split in ("train", "test"):
        assert read_split(tmp_path / "mnist", split) == read_split(whole_data / "mnist", split)


def test_a_source_that_gives_a_set_of_its_own_is_refused(served: Path, small_data: Path, tmp_path: Path) -> None:
    pack_files(small_data / "mnist", served)
    with pytest.raises(JobError, match="gave 1050 images of the train split, not 60000"):
        fetch("mnist", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_source_that_has_not_got_a_file_is_named_with_the_reason(served: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"/train-images-idx3-ubyte\.gz could not be fetched: HTTP Error 404") as raised:
        fetch("mnist", tmp_path / "target")
    assert (raised.value.code, (tmp_path / "target").exists()) == ("fetch_failed", False)


def test_compressed_files_give_the_same_as_plain_ones(small_data: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    for name in (images_name("test"), labels_name("test")):
        (packed / f"{name}.gz").write_bytes(gzip.compress((small_data / "mnist" / name).read_bytes()))
    assert read_source(packed, "mnist", "test") == read_source(small_data / "mnist", "mnist", "test")


def test_a_compressed_file_that_is_cut_short_is_damaged(small_data: Path, tmp_path: Path) -> None:
    name = images_name("test")
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress((small_data / "mnist" / name).read_bytes())[:-100])
    with pytest.raises(JobError, match="cannot be decompressed") as raised:
        read_source(tmp_path, "mnist", "test")
    assert raised.value.code == "dataset_damaged"


def test_a_file_of_the_original_size_with_another_content_is_damaged(mnist_files: Path, tmp_path: Path) -> None:
    images = bytearray((mnist_files / images_name("test")).read_bytes())
    images[5_000_000] ^= 1
    (tmp_path / images_name("test")).write_bytes(images)
    with pytest.raises(JobError, match="has the size of mnist's original, but not its content"):
        read_source(tmp_path, "mnist", "test")


def test_one_dataset_is_not_taken_for_the_other(kmnist_files: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="has the size of mnist's original, but not its content"):
        preload_from(kmnist_files, "mnist", tmp_path, 2000)


def test_a_split_is_the_same_each_time_keeps_every_image_once_and_the_classes_balanced() -> None:
    labels = bytes(i * 7 % 10 for i in range(1000))
    images = b"".join(i.to_bytes(2, "big") * 392 for i in range(1000))
    splits = train_test_split(memoryview(images), memoryview(labels), 200)
    assert splits == train_test_split(memoryview(images), memoryview(labels), 200)
    assert Counter(splits["test"][1]) == {label: 20 for label in range(10)}
    assert Counter(splits["train"][1]) == {label: 80 for label in range(10)}
    numbers = [
        (int.from_bytes(part[0][at * 784 : at * 784 + 2], "big"), part[1][at])
        for part in splits.values()
        for at in range(len(part[1]))
    ]
    assert sorted(numbers) == list(enumerate(labels))


def test_kmnist_gets_both_splits_out_of_its_test_split(kmnist_files: Path, tmp_path: Path) -> None:
    preload_from(kmnist_files, "kmnist", tmp_path, 2000)
    training, test = (read_split(tmp_path / "kmnist", split) for split in ("train", "test"))
    assert Counter(training[1]) == {label: 800 for label in range(10)}
    assert Counter(test[1]) == {label: 200 for label in range(10)}
    assert (len(training[0]), len(test[0])) == (8000 * 784, 2000 * 784)


@pytest.mark.parametrize("count", [0, -1, 300, 301])
def test_a_split_that_leaves_nothing_is_refused(small_data: Path, count: int) -> None:
    done = preload("mnist", "--from", small_data / "mnist", "--split", count, "--data", small_data)
    assert (done.returncode, done.stderr) == (1, f"error: --split is {count}; it must be from 1 to 299\n")


def test_a_folder_without_a_training_split_says_what_would_help(small_data: Path, tmp_path: Path) -> None:
    for name in (images_name("test"), labels_name("test")):
        write_with_checksum(tmp_path / "source" / name, (small_data / "mnist" / name).read_bytes())
    done = preload("mnist", "--from", tmp_path / "source", "--data", tmp_path / "target")
    name = images_name("train")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: there is no {name} and no {name}.gz in {tmp_path / 'source'}; "
        "--split makes a training split of the test split\n"
    )
    assert not (tmp_path / "target").exists()


def test_a_source_needs_the_name_of_its_dataset(tmp_path: Path) -> None:
    done = preload("--from", tmp_path)
    assert (done.returncode, "--from needs the dataset's name" in done.stderr) == (2, True)
