import hashlib
from pathlib import Path

import pytest

from utils import JobError, checksum_file, parse_images, parse_labels, read_split, read_verified, write_with_checksum


def images_file(count: int, magic: int = 2051, side: int = 28, pixels: int | None = None) -> bytes:
    header = b"".join(number.to_bytes(4, "big") for number in (magic, count, side, side))
    return header + bytes(count * side * side if pixels is None else pixels)


def labels_file(labels: bytes, magic: int = 2049, count: int | None = None) -> bytes:
    return magic.to_bytes(4, "big") + (len(labels) if count is None else count).to_bytes(4, "big") + labels


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is cut short: 0 bytes hold no header"),
        (images_file(2)[:15], "is cut short: 15 bytes hold no header"),
        (images_file(2, magic=2049), "is not an IDX image file: magic number 2049, not 2051"),
        (images_file(2, side=32), "holds images of 32 x 32, not 28 x 28"),
        (images_file(0), "is empty: it holds 0 items"),
        (images_file(2, pixels=1567), "is cut short: 1583 bytes, and 2 items need 1584"),
        (images_file(2, pixels=1569), "is too long: 1585 bytes, and 2 items need 1584"),
    ],
)
def test_an_image_file_that_is_none_says_what_is_wrong(data: bytes, fault: str) -> None:
    with pytest.raises(JobError) as raised:
        parse_images(data, "images")
    assert (raised.value.code, str(raised.value)) == ("dataset_damaged", f"images {fault}")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\0\0", "is cut short: 2 bytes hold no header"),
        (labels_file(b"\1\2", magic=2051), "is not an IDX label file: magic number 2051, not 2049"),
        (labels_file(b""), "is empty: it holds 0 items"),
        (labels_file(b"\1\2", count=3), "is cut short: 10 bytes, and 3 items need 11"),
        (labels_file(b"\1\2", count=1), "is too long: 10 bytes, and 1 items need 9"),
        (labels_file(b"\1\x0a"), "holds the label 10; labels are 0 to 9"),
    ],
)
def test_a_label_file_that_is_none_says_what_is_wrong(data: bytes, fault: str) -> None:
    with pytest.raises(JobError) as raised:
        parse_labels(data, "labels")
    assert (raised.value.code, str(raised.value)) == ("dataset_damaged", f"labels {fault}")


def test_a_sound_file_gives_its_pixels_and_labels() -> None:
    assert (bytes(parse_images(images_file(2), "i")), bytes(parse_labels(labels_file(b"\0\x09"), "l"))) == (
        bytes(1568),
        b"\0\x09",
    )


def test_a_split_needs_a_label_for_each_image(tmp_path: Path) -> None:
    write_with_checksum(tmp_path / "t10k-images-idx3-ubyte", images_file(3))
    write_with_checksum(tmp_path / "t10k-labels-idx1-ubyte", labels_file(b"\1\2"))
    with pytest.raises(JobError, match="holds 3 images, but there are 2 labels"):
        read_split(tmp_path, "test")


def test_a_dataset_that_is_not_there_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"the dataset kmnist is not there: no file .*train-images-idx3-ubyte") as raised:
        read_split(tmp_path / "kmnist", "train")
    assert raised.value.code == "dataset_missing"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte").mkdir()
    with pytest.raises(JobError, match="t10k-images-idx3-ubyte cannot be read: Is a directory") as raised:
        read_split(tmp_path, "test")
    assert raised.value.code == "dataset_damaged"


def test_a_written_file_has_its_checksum_beside_it_as_sha256sum_has_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    write_with_checksum(file, b"content")
    assert checksum_file(file).read_text() == f"{hashlib.sha256(b'content').hexdigest()}  file\n"
    assert read_verified(file, "damaged") == b"content"
    assert sorted(path.name for path in file.parent.iterdir()) == ["file", "file.sha256"]


def test_a_file_whose_content_changed_is_damaged_and_one_without_a_checksum_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_with_checksum(file, b"content")
    file.write_bytes(b"contenT")
    with pytest.raises(JobError, match=r"is damaged: its checksum is not the one in file\.sha256") as raised:
        read_verified(file, "some_code")
    assert raised.value.code == "some_code"
    checksum_file(file).unlink()
    assert read_verified(file, "some_code") == b"contenT"
