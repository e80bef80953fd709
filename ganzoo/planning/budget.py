"""A budget of time: how it is written, and how much of it is over."""

from __future__ import annotations

import time
from pathlib import Path

from ganzoo.errors import RequestError

LEAST, MOST = 30.0, 366 * 86_400.0
"""The seconds of the shortest and of the longest budget."""


class Clock:
    """The time of a budget, which began ``spent`` seconds before this is made."""

    def __init__(self, budget: float, spent: float = 0.0) -> None:
        self.budget = budget
        self._began = time.monotonic() - spent

    @property
    def spent(self) -> float:
        """Seconds that are over."""
        return time.monotonic() - self._began


def budget_seconds(text: str) -> float:
    """The seconds of a budget such as ``10m`` or ``1.5 hours``.

    Raises RequestError for another text, and for a time that is too short or too long.
    """
    from ganzoo.setting_types import seconds

    try:
        found = seconds(text.strip())
    except ValueError as error:
        raise RequestError(f"--budget {text}: write 90s, 10m, 1.5h, 2d or such") from error
    if not LEAST <= found <= MOST:
        raise RequestError(
            f"--budget {text}: write a time from {LEAST:.0f}s to {MOST / 86_400:.0f}d"
        )
    return found


def require_remaining(budget: float, spent: float, folder: Path, needed: float = 0.0) -> None:
    """Raise RequestError if too little of a budget remains for a run that has had so much time.

    ``needed`` are the seconds that must remain, at least those of the shortest budget.
    """
    needed = max(needed, LEAST)
    if budget - spent < needed:
        raise RequestError(
            f"{folder} has had {spent:.0f} s already: to go on with it, give a budget "
            f"of {spent + needed:.0f}s or more"
        )
