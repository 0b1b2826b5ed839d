"""When a refused client comes again."""

import random

import pytest

from patience import Patience


def test_it_waits_at_least_as_long_as_the_answer_asks_for_and_not_all_clients_equally_long():
    waits = [Patience(generator=random.Random(seed)).next_wait("7") for seed in range(50)]
    assert min(waits) >= 7
    assert max(waits) <= 10.5
    assert len(set(waits)) == 50


def test_waits_grow_up_to_the_longest_and_end_when_the_time_is_over():
    patience = Patience(seconds=30, longest_wait=8, generator=random.Random(1))
    waits = []
    while (wait := patience.next_wait("0")) is not None:
        waits.append(wait)
    assert [low <= wait <= 1.5 * low for wait, low in zip(waits, (1, 2, 4, 8, 8), strict=False)] == [True] * len(waits)
    assert 30 - 1.5 * 8 < sum(waits) <= 30


@pytest.mark.parametrize("retry_after", [None, "", "soon", "Sun, 22 Nov 2026 02:00:00 GMT"])
def test_without_a_number_of_seconds_it_waits_for_one(retry_after: str | None):
    assert 1 <= Patience().next_wait(retry_after) <= 1.5
