"""How often something happens: every so many steps, epochs or images."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from ganzoo.sections import Interval


class Position(NamedTuple):
    """How far a run has come."""

    step: int
    images_seen: int


def due(every: Interval, before: Position, now: Position, images: int) -> bool:
    """Whether this step reached a multiple of the interval, with ``images`` in an epoch."""
    if isinstance(every, int):
        return now.step % every == 0
    amount, unit = every.split()
    size = Fraction(amount) * (1 if unit == "images" else images)
    return now.images_seen // size > before.images_seen // size
