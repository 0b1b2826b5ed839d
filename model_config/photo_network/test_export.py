"""The network as set-up has exported it, which `npm test` says where to find."""

import base64
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_store.digit_model import open_session
from model_store.store import Published, read_latest
from photo_network.export import NAME
from photo_network.photos import prepare


@pytest.fixture(scope="module")
def photo_network() -> Published:
    folders = os.environ.get("MESH_TEST_NETWORKS", "")
    found = [one for folder in folders.split(":") if folder and (one := read_latest(Path(folder), NAME))]
    if not found:
        pytest.skip("MESH_TEST_NETWORKS names no folder with the photo network; `npm test` sets it")
    return found[0]


def test_its_own_samples_are_what_they_show(photo_network: Published) -> None:
    labels = [entry["label"] for entry in photo_network.description["classes"]]
    assert len(labels) == 1000
    session = open_session(photo_network.network)
    seen = {}
    for sample in photo_network.description["samples"]:
        photo = Image.open(io.BytesIO(base64.b64decode(sample["image"].partition(",")[2])))
        (logits,) = session.run(["logits"], {"image": prepare(photo.convert("RGB"))})
        assert logits.shape == (1, 1000)
        seen[sample["label"]] = labels[int(logits.argmax())]
    assert seen.keys() == {"cat", "cup of coffee"}
    assert seen["cat"] in {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}
    assert seen["cup of coffee"] in {"espresso", "cup", "coffee mug"}


def test_it_says_where_it_is_from_and_under_which_licence(photo_network: Published) -> None:
    provenance = photo_network.description["provenance"]
    assert (provenance["licence"], provenance["labels"]["licence"]) == ("Apache-2.0", "BSD-3-Clause")
    assert "ImageNet" in provenance["data"]["source"] and "ML Illustrated" in provenance["source"]
    assert [sample["licence"] for sample in photo_network.description["samples"]] == ["CC0", "CC0"]


def test_several_photos_at_once_give_what_each_gives_alone(photo_network: Published) -> None:
    generator = np.random.default_rng(1)
    photos = generator.standard_normal((3, 3, 224, 224), np.float32)
    session = open_session(photo_network.network)
    (together,) = session.run(["logits"], {"image": photos})
    alone = [session.run(["logits"], {"image": photo[np.newaxis]})[0][0] for photo in photos]
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-3)
