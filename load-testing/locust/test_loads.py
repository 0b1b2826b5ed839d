"""The loads as people over time."""

import pytest

from loads import LOADS, Load, has_flood, people_at


def test_the_number_of_people_changes_evenly_between_two_moments():
    load = Load(about="", people=10, seconds=1, moments=[(0, 0.2), (0.5, 1), (1, 0)])
    assert [people_at(load, moment) for moment in (0, 0.25, 0.5, 0.75, 1)] == [0.2, pytest.approx(0.6), 1, 0.5, 0]


def test_a_spike_begins_and_ends_at_once():
    spike = LOADS["spike"]
    assert [people_at(spike, moment) for moment in (0, 0.32, 0.33, 0.66, 0.67, 0.99)] == [0.1, 0.1, 1, 1, 0.1, 0.1]


def test_only_the_flood_has_a_flood_and_it_ends_before_the_load_does():
    floods = {name: [has_flood(load, moment) for moment in (0, 0.5, 0.9)] for name, load in LOADS.items()}
    assert floods == {name: [False, name == "flood", False] for name in LOADS}


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_every_load_has_all_of_its_people_at_some_moment_and_some_at_each(load: Load):
    shares = [people_at(load, moment / 100) for moment in range(101)]
    assert max(shares) == 1
    assert min(shares) * load.people >= 1
