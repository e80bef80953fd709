"""Medians and spreads."""

from __future__ import annotations

import pytest
import torch

from ganzoo.benchmark.timing import Spread, seconds_of


def test_a_spread_has_the_median_and_four_fifths_of_the_numbers() -> None:
    spread = Spread.of([float(n) for n in range(101)])
    assert spread == (50, 10, 90)
    assert spread.relative == 80 / 50


def test_one_long_step_changes_neither_median_nor_spread() -> None:
    assert Spread.of([*[2.0] * 20, 1000.0]) == (2, 2, 2)


def test_a_rate_has_its_low_end_where_seconds_are_high() -> None:
    assert Spread(0.5, 0.25, 1.0).of_rate(10) == (20, 10, 40)


def test_a_call_is_repeated_at_least_five_times_after_a_first_one() -> None:
    calls: list[None] = []
    seconds = seconds_of(lambda: calls.append(None), torch.device("cpu"), total=0)
    assert len(calls) == 6
    assert seconds == pytest.approx(0, abs=0.1)
