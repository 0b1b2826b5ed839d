"""The training pipeline: images as PNG, their index as CSV, trained networks, all on one shared volume.

    SRC_FOLDER=/src python pipeline.py

Each step finds out what an earlier run has completed, by looking at it, and does the rest. README.md lists the settings
(all of them environment variables) and the exit codes; docs/models.md says what the volume holds.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from job_process import run_as_job
from settings import MAX_EPOCHS, MAX_SEED, one_of, some_of, whole_number
from utils import DATASETS, MODEL_TYPES, JobError, log, read_split

STARTED = time.perf_counter()


@dataclass(frozen=True)
class Settings:
    """What a run is to do. No datasets or types: all that the image has."""

    datasets: tuple[str, ...]
    model_types: tuple[str, ...]
    epochs: int
    seed: int
    pretrained: bool
    volume: Path
    data_folder: Path
    pretrained_folder: Path


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment, where an empty value counts as unset; a JobError for one that can't be."""
    here = Path(__file__).parent
    value = {name: text.strip() for name, text in environment.items()}
    pretrained = value.get("PRETRAINED") or "false"
    return Settings(
        datasets=some_of("DATASETS", value.get("DATASETS", ""), DATASETS, "unknown_dataset"),
        model_types=some_of("TYPES", value.get("TYPES", ""), MODEL_TYPES, "unknown_type") or MODEL_TYPES,
        epochs=whole_number("EPOCHS", value.get("EPOCHS") or "5", 1, MAX_EPOCHS, "bad_epochs"),
        seed=whole_number("SEED", value.get("SEED") or "1", 0, MAX_SEED, "bad_seed"),
        pretrained=one_of("PRETRAINED", pretrained, ("true", "false"), "bad_pretrained") == "true",
        volume=Path(value.get("SRC_FOLDER") or "/src"),
        data_folder=Path(value.get("DATA_FOLDER") or here / "data"),
        pretrained_folder=Path(value.get("PRETRAINED_FOLDER") or here / "pretrained"),
    )


def run(settings: Settings) -> dict:
    """Does what is still to do on the volume; which networks are published there, for the termination message."""
    # Only now: a run whose settings are wrong has said so without waiting for PyTorch.
    from model_store.store import remove_unpublished
    from pipeline_steps.images import remove_unfinished
    from pipeline_steps.run_lock import only_run

    try:
        settings.volume.mkdir(parents=True, exist_ok=True)
        with only_run(settings.volume) as is_alone:
            if is_alone:
                remove_unfinished(settings.volume)
                remove_unpublished(settings.volume / "model")
            published = publish_pretrained(settings) if settings.pretrained else train_all(settings)
            published += publish_others(settings)
    except OSError as error:
        where = error.filename or settings.volume
        message = f"{where} cannot be used: {error.strerror or error}; the volume must be writable and have room"
        raise JobError("volume_unusable", message) from error
    seconds = round(time.perf_counter() - STARTED, 2)
    log(f"Time passed: {seconds:.2f} sec")
    return {"published": published, "seconds": seconds}


def train_all(settings: Settings) -> list[dict]:
    """Images, index, training and publication of each dataset, in this order."""
    from pipeline_steps.images import prepare_images

    there = [name for name in DATASETS if (settings.data_folder / name).is_dir()]
    published = []
    for dataset in settings.datasets or there:
        splits = {split: read_split(settings.data_folder / dataset, split) for split in ("train", "test")}
        for split, source in splits.items():
            prepare_images(settings.volume, dataset, split, source)
        published += [train_one(settings, dataset, model_type, splits) for model_type in settings.model_types]
    if not published:
        raise JobError(
            "dataset_missing", f"there is no dataset in {settings.data_folder}; data_preload.py puts them there"
        )
    return published


def train_one(settings: Settings, dataset: str, model_type: str, splits: dict) -> dict:
    """Trains and publishes a network, unless the one that is published came of the same recipe and the same data."""
    from model_store.digit_model import Training, describe_data, model_name, publishable
    from model_store.store import publish, read_latest
    from pipeline_steps.images import read_indexed
    from train import set_up_torch
    from training.plan import Plan, train_by_plan

    plan = Plan(dataset, model_type, settings.epochs, settings.seed)
    name, store = model_name(dataset, model_type), settings.volume / "model"
    recipe, data = plan.recipe(), describe_data(settings.data_folder / dataset, *splits.values())
    latest = read_latest(store, name)
    if latest and (latest.description["provenance"]["recipe"], latest.description["provenance"]["data"]) == (
        recipe,
        data,
    ):
        return tell(latest, is_new=False)

    log(f"{name}: training, {plan.epochs} epochs, seed {plan.seed}")
    set_up_torch()
    training, test = (read_indexed(settings.volume, dataset, split) for split in ("train", "test"))
    key = hashlib.sha256(json.dumps([name, recipe, data], sort_keys=True).encode()).hexdigest()
    checkpoint = settings.volume / "checkpoints" / f"{name}.pt"
    network, curve = train_by_plan(plan, training, test, report_to_log(plan.epochs), checkpoint, key)
    how = Training(dataset, model_type, recipe, data, curve)
    published = publish(store, *publishable(network, how, test))
    checkpoint.unlink(missing_ok=True)
    return tell(published, is_new=True)


def report_to_log(epochs: int):
    """Prints each point of a training curve as a job does."""

    def report(point: dict) -> None:
        log(f"Epoch [{point['epoch']}/{epochs}], Step [{point['step']}/{point['steps']}], Loss: {point['loss']:.4f}")

    return report


def publish_pretrained(settings: Settings) -> list[dict]:
    """Publishes those of the image's digit networks that were asked for; a JobError when one is not there."""
    names = {
        f"{dataset}-{model_type}": dataset in settings.datasets
        for dataset in settings.datasets or DATASETS
        for model_type in settings.model_types
    }
    published = [publish_carried(settings, name) for name in names]
    for name, one in zip(names, published, strict=True):
        if one is None and names[name]:
            raise JobError("network_missing", f"the image carries no {name} in {settings.pretrained_folder}")
    if not any(published):
        raise JobError("network_missing", f"the image carries no network in {settings.pretrained_folder}")
    return [one for one in published if one]


def publish_others(settings: Settings) -> list[dict]:
    """Publishes the image's networks that no dataset of digits was needed for: the one for photos."""
    digits = {f"{dataset}-{model_type}" for dataset in DATASETS for model_type in MODEL_TYPES}
    names = sorted(entry.name for entry in settings.pretrained_folder.glob("*/") if entry.name not in digits)
    return [one for one in (publish_carried(settings, name) for name in names) if one]


def publish_carried(settings: Settings, name: str) -> dict | None:
    """Publishes a network that the image carries, unless the volume has it already; None if the image has not."""
    from model_store.store import publish_once, read_latest

    carried = read_latest(settings.pretrained_folder, name)
    if carried is None:
        return None
    return tell(*publish_once(settings.volume / "model", carried.network, carried.description))


def tell(published, is_new: bool) -> dict:
    """Says what is published under a name; the same, for the termination message."""
    name, version, accuracy = (published.description[key] for key in ("name", "version", "accuracy"))
    how_good = "" if accuracy is None else f", {accuracy:.2%} of {published.description['test_images']} test images"
    log(f"{name}: {'published as' if is_new else 'already published as'} version {version}{how_good}")
    return {"name": name, "version": version, "new": is_new}


if __name__ == "__main__":
    # Without the interpreter's tidying up; everything is flushed and closed.
    os._exit(run_as_job(lambda: run(read_settings(os.environ))))
