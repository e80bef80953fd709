"""Intervals in steps, epochs or images, and when they are due."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from ganzoo.setting_types import Interval


class Position(NamedTuple):
    """A run's progress: steps and images seen."""

    step: int
    images_seen: int


def is_due(every: Interval, before: Position, now: Position, images_per_epoch: int) -> bool:
    """Whether the step from ``before`` to ``now`` reached a multiple of the interval."""
    if isinstance(every, int):
        return now.step % every == 0
    amount, unit = every.split()
    size = Fraction(amount) * (1 if unit == "images" else images_per_epoch)
    return now.images_seen // size > before.images_seen // size
