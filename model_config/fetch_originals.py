"""Fetches the datasets' original files, compressed as their authors publish them.

    python fetch_originals.py FOLDER   each dataset that is not in the folder yet, into a folder of its own

It needs nothing but Python, so that the image can fetch them in a stage of their own; data_preload.py verifies what
arrived.
"""

import json
import shutil
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
TIMEOUT_SECONDS = 30


class FetchError(Exception):
    """Says in one line which address gave nothing, and why."""


def fetch_original(source: str, folder: Path) -> None:
    """Writes a dataset's four files, as `NAME.gz`, into a folder that it makes; a FetchError when one is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        url = f"{source}{name}.gz"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
                (folder / f"{name}.gz").write_bytes(answer.read())
        except (OSError, HTTPException) as error:  # no route, no server, an answer that breaks off
            reason = " ".join(str(error).split())
            raise FetchError(f"{url} could not be fetched: {reason}") from error


def main() -> None:
    folder = Path(sys.argv[1])
    declared = json.loads(Path(__file__).with_name("datasets.json").read_text(encoding="utf-8"))
    for name, dataset in declared.items():
        if (folder / name).is_dir():
            continue
        try:
            fetch_original(dataset["source"], folder / name)
        except FetchError as error:
            if dataset["required"]:
                sys.exit(f"error: {error}")
            shutil.rmtree(folder / name)
            print(f"warning: {error}; {dataset['title']} is left out", file=sys.stderr)


if __name__ == "__main__":
    main()
