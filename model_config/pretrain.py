"""Makes the trained networks that the image carries, for jobs (PRETRAINED=true) and in the model store's form.

    python pretrain.py --save pretrained                            every dataset that is in ./data, both networks
    python pretrain.py --save pretrained --dataset mnist --type ff  one
    python pretrain.py --save pretrained --given FOLDER             what is in that folder is taken, not trained again

The same seed gives the same networks, and several such programs may run side by side.
"""

import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path

from model_store.digit_model import Training, describe_data, publishable
from model_store.store import publish_once
from models import network_file, save_network
from train import set_up_torch
from training.plan import Plan, train_by_plan
from utils import DATASETS, MODEL_TYPES, JobError, log, read_split


def train_and_save(plan: Plan, data: Path, folder: Path) -> None:
    """Trains one network, says how good it is, and keeps it in the folder."""
    training, test = (read_split(data / plan.dataset, split) for split in ("train", "test"))

    def report(point: dict) -> None:
        if point["step"] == point["steps"]:
            epoch = f"Epoch [{point['epoch']}/{plan.epochs}]"
            log(f"{plan.dataset} {plan.model_type}: {epoch}, Loss: {point['loss']:.4f}")

    network, curve = train_by_plan(plan, training, test, report)
    file = network_file(folder, plan.dataset, plan.model_type)
    save_network(network, file)
    data_stated = describe_data(data / plan.dataset, training, test)
    how = Training(plan.dataset, plan.model_type, plan.recipe(), data_stated, curve)
    published, _ = publish_once(folder, *publishable(network, how, test))
    accuracy, count = published.description["accuracy"], published.description["test_images"]
    log(f"{plan.dataset} {plan.model_type}: {accuracy:.2%} of {count} test images, kept in {file}")


def take_given(given: Path, dataset: str, model_type: str, folder: Path) -> bool:
    """Copies a network that another run has made, in both its forms; says whether there was one."""
    file = network_file(given, dataset, model_type)
    if not file.exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(given / file.stem, folder / file.stem, dirs_exist_ok=True)
    for part in given.glob(f"{file.name}*"):
        shutil.copy(part, folder)
    log(f"{dataset} {model_type}: taken from {given}")
    return True


def main() -> None:
    here = Path(__file__).parent
    parser = ArgumentParser(description="Trains the networks that the image carries.")
    parser.add_argument("--save", type=Path, required=True, metavar="FOLDER", help="where the networks go")
    parser.add_argument("--dataset", choices=DATASETS, help="default: each one that is in the data folder")
    parser.add_argument("--type", choices=MODEL_TYPES, help="default: both")
    parser.add_argument("--epochs", type=int, choices=range(1, 21), default=5, metavar="1..20", help="default: 5")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--data", type=Path, default=here / "data", metavar="FOLDER", help="default: ./data")
    parser.add_argument("--given", type=Path, metavar="FOLDER", help="networks that need no training")
    options = parser.parse_args()
    set_up_torch()
    datasets = [options.dataset] if options.dataset else [d for d in DATASETS if (options.data / d).is_dir()]
    try:
        if not datasets:
            raise JobError("dataset_missing", f"there is no dataset in {options.data}; data_preload.py puts them there")
        for dataset in datasets:
            for model_type in [options.type] if options.type else MODEL_TYPES:
                if options.given and take_given(options.given, dataset, model_type, options.save):
                    continue
                train_and_save(Plan(dataset, model_type, options.epochs, options.seed), options.data, options.save)
    except JobError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
