"""The loads of ../loads.json: how many people there are at each moment, and whether a flood is among them."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True)
class Load:
    """A load, as people over time. Moments and the flood's beginning and end are shares of the time, from 0 to 1."""

    about: str
    people: int
    seconds: float
    # (moment, share of the people) by moment; in between, their number changes evenly.
    moments: list[tuple[float, float]]
    flood: tuple[float, float] | None = None


LOADS = {
    name: Load(**load) for name, load in json.loads((Path(__file__).parents[1] / "loads.json").read_text()).items()
}


def people_at(load: Load, moment: float) -> float:
    """Which share of its people a load has at a moment."""
    for (start, before), (end, after) in pairwise(load.moments):
        if start <= moment < end:
            return before + (after - before) * (moment - start) / (end - start)
    return load.moments[-1][1]


def has_flood(load: Load, moment: float) -> bool:
    """Whether the flood is there at a moment."""
    return load.flood is not None and load.flood[0] <= moment < load.flood[1]
