from pathlib import Path

import pytest
from PIL import Image

from pipeline_steps.images import prepare_images, read_indexed, write_images, write_index
from utils import JobError, read_split


@pytest.fixture
def source(small_data_original: Path) -> tuple[memoryview, memoryview]:
    return read_split(small_data_original / "mnist", "test")


def test_what_the_index_names_is_the_dataset_as_it_is(source: tuple[memoryview, memoryview], tmp_path: Path) -> None:
    prepare_images(tmp_path, "mnist", "test", source)
    assert (tmp_path / "data" / "mnist-test.csv").read_text().splitlines()[:3] == [
        "file,label",
        "mnist/test/00000.png,7",
        "mnist/test/00001.png,2",
    ]
    assert sorted(file.name for file in (tmp_path / "imgs" / "mnist" / "test").iterdir()) == [
        f"{index:05}.png" for index in range(300)
    ]
    assert read_indexed(tmp_path, "mnist", "test") == source


def test_a_second_run_writes_only_what_is_missing_damaged_or_another_image(
    source: tuple[memoryview, memoryview], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    prepare_images(tmp_path, "mnist", "test", source)
    folder = tmp_path / "imgs" / "mnist" / "test"
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    (folder / "00000.png").unlink()
    (folder / "00001.png").write_bytes((folder / "00001.png").read_bytes()[:-30])
    (folder / "00002.png").write_bytes((folder / "00003.png").read_bytes())
    Image.new("RGB", (28, 28)).save(folder / "00004.png")
    index = tmp_path / "data" / "mnist-test.csv"
    index.write_text(index.read_text().replace(",7\n", ",8\n"))
    capsys.readouterr()
    prepare_images(tmp_path, "mnist", "test", source)
    assert capsys.readouterr().out.splitlines() == [
        "images of mnist, test: 4 written, 296 are there already",
        "index of mnist, test: written",
    ]
    assert read_indexed(tmp_path, "mnist", "test") == source
    after = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert sorted(name for name in after if after[name] != before[name]) == [
        f"0000{index}.png" for index in (0, 1, 2, 4)
    ]
    assert (write_images(folder, source[0]), write_index(tmp_path, "mnist", "test", source[1])) == (0, False)


def test_an_image_that_is_damaged_after_it_was_indexed_is_named(
    source: tuple[memoryview, memoryview], tmp_path: Path
) -> None:
    prepare_images(tmp_path, "mnist", "test", source)
    (tmp_path / "imgs" / "mnist" / "test" / "00007.png").write_bytes(b"\x89PNG rubbish")
    with pytest.raises(JobError, match=r"mnist-test\.csv names mnist/test/00007\.png, which is no image") as raised:
        read_indexed(tmp_path, "mnist", "test")
    assert raised.value.code == "image_damaged"
