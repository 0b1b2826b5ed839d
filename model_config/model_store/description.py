"""model.json: what it must say, by its schema and by what a schema cannot say."""

import hashlib
import json
from functools import cache
from pathlib import Path

import fastjsonschema


class DescriptionError(Exception):
    """Says in one line what is wrong with a model.json, or with the file beside it."""


@cache
def schema_check():
    """The check that `model.schema.json` stands for."""
    return fastjsonschema.compile(json.loads(Path(__file__).with_name("model.schema.json").read_text()))


def check_description(description: object) -> dict:
    """The description, when it is a valid one; a DescriptionError otherwise."""
    try:
        schema_check()(description)
    except fastjsonschema.JsonSchemaValueException as error:
        raise DescriptionError(error.message.replace("data", "model.json", 1)) from error
    assert isinstance(description, dict)
    count = len(description["classes"])
    if [entry["class"] for entry in description["classes"]] != list(range(count)):
        raise DescriptionError("model.json's classes are not numbered from 0 in their order")
    if description["output"]["shape"][1] != count:
        raise DescriptionError(f"model.json has {count} classes, and its output {description['output']['shape'][1]}")
    matrix = description["confusion_matrix"]
    if matrix is not None and [len(row) for row in matrix] != [count] * count:
        raise DescriptionError(f"model.json's confusion_matrix is not {count} x {count}")
    return description


def parse_description(text: bytes) -> dict:
    """The description that a model.json holds; a DescriptionError when it is none."""
    try:
        return check_description(json.loads(text))
    except (ValueError, RecursionError) as error:  # of json and of its bytes' encoding; of very deep lists
        raise DescriptionError(f"model.json is not JSON: {error}") from error


def seal(description: dict, network: bytes) -> dict:
    """The description with the network's checksum and size."""
    return description | {"sha256": hashlib.sha256(network).hexdigest(), "bytes": len(network)}


def check_network(description: dict, network: bytes) -> None:
    """A DescriptionError unless these are the bytes that the description is of."""
    if len(network) != description["bytes"]:
        raise DescriptionError(f"model.onnx has {len(network)} bytes; model.json says {description['bytes']}")
    if hashlib.sha256(network).hexdigest() != description["sha256"]:
        raise DescriptionError("model.onnx is damaged: its checksum is not the one in model.json")
