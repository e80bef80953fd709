"""How often something happens: every so many steps, epochs or images."""

from __future__ import annotations

from typing import NamedTuple

from ganzoo.run import Interval


class Progress(NamedTuple):
    """How far a run has come."""

    step: int
    images_seen: int
    epoch: float
    """Passes over the real pictures."""


def due(every: Interval, before: Progress, now: Progress) -> bool:
    """Whether a multiple of the interval lies between the step before and this one."""
    if isinstance(every, int):
        return now.step % every == 0
    amount, unit = every.split()
    reached = [p.images_seen if unit == "images" else p.epoch for p in (before, now)]
    earlier, later = (number // float(amount) for number in reached)
    return later > earlier
