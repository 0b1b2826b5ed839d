"""A job: trains a network on a dataset, or takes the one the image carries, and says how good it is.

    DATASET=mnist TYPE=ff python classify.py

README.md lists the settings (all of them environment variables), the lines printed, and the exit codes.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from job_process import run_as_job
from settings import MAX_EPOCHS, MAX_SEED, one_of, whole_number
from utils import DATASETS, MODEL_TYPES, log, read_split

STARTED = time.perf_counter()


@dataclass(frozen=True)
class Settings:
    """What a job is to do; `seed` None means another run each time."""

    dataset: str
    model_type: str
    epochs: int
    pretrained: bool
    seed: int | None
    data_folder: Path
    pretrained_folder: Path


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment, where an empty value counts as unset; a JobError for one that can't be."""
    here = Path(__file__).parent
    value = {name: text.strip() for name, text in environment.items()}
    pretrained, seed = value.get("PRETRAINED") or "false", value.get("SEED")
    return Settings(
        dataset=one_of("DATASET", value.get("DATASET"), tuple(DATASETS), "unknown_dataset"),
        model_type=one_of("TYPE", value.get("TYPE"), MODEL_TYPES, "unknown_type"),
        epochs=whole_number("EPOCHS", value.get("EPOCHS") or "5", 1, MAX_EPOCHS, "bad_epochs"),
        pretrained=one_of("PRETRAINED", pretrained, ("true", "false"), "bad_pretrained") == "true",
        seed=whole_number("SEED", seed, 0, MAX_SEED, "bad_seed") if seed else None,
        data_folder=Path(value.get("DATA_FOLDER") or here / "data"),
        pretrained_folder=Path(value.get("PRETRAINED_FOLDER") or here / "pretrained"),
    )


def run(settings: Settings) -> dict:
    """Does the job, printing as it goes; the result, for the termination message."""
    dataset_folder = settings.data_folder / settings.dataset
    test_split = read_split(dataset_folder, "test")
    training_split = None if settings.pretrained else read_split(dataset_folder, "train")
    log(f"dataset: {settings.dataset}")

    # Only now: a job that cannot run has said so without waiting for PyTorch.
    from lean_torch import import_torch

    import_torch()
    from models import load_network, network_file
    from train import evaluate, set_up_torch, to_tensors

    set_up_torch()
    if training_split is None:
        file = network_file(settings.pretrained_folder, settings.dataset, settings.model_type)
        network = load_network(settings.model_type, file)
    else:
        network = train_network(settings, *to_tensors(*training_split))

    images, labels = to_tensors(*test_split)
    accuracy = evaluate(network, images, labels)
    seconds = time.perf_counter() - STARTED
    count = "10K" if len(images) == 10_000 else len(images)
    log(f"Accuracy of the network on the {count} test images: {accuracy:.0f} %")
    log(f"Time passed: {seconds:.2f} sec")
    return {"accuracy": round(accuracy, 2), "test_images": len(images), "seconds": round(seconds, 2)}


def train_network(settings: Settings, images, labels):
    """A network of the chosen type, trained on these images; a line of progress every 100 steps."""
    import torch

    from models import build_network
    from train import train

    torch.seed() if settings.seed is None else torch.manual_seed(settings.seed)
    network = build_network(settings.model_type)

    def report(epoch: int, step: int, steps: int, loss: float) -> None:
        log(f"Epoch [{epoch}/{settings.epochs}], Step [{step}/{steps}], Loss: {loss:.4f}")

    train(network, images, labels, settings.epochs, report)
    return network


if __name__ == "__main__":
    # Without the interpreter's tidying up, which takes a quarter of a second; everything is flushed and closed.
    os._exit(run_as_job(lambda: run(read_settings(os.environ))))
