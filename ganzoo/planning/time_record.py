"""The file in a run folder with the time that a run has had of its budget."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically
from ganzoo.observers.observer import Observer
from ganzoo.planning.timetable import NO_EVALUATION, EvaluationCost, Speed

FILE = "budget.json"


@dataclass(frozen=True, kw_only=True)
class TimeRecord:
    """The time of a run so far, and the speeds that were seen, to plan more of it."""

    spent: float
    """Seconds of all commands that planned, trained and evaluated the run."""
    images: int = 0
    """Images shown to the discriminator."""
    images_per_second: float = 0.0
    seconds_per_step: float = 0.0
    start: float = 0.0
    """Seconds from the end of a plan to the first step."""
    evaluation: EvaluationCost = NO_EVALUATION

    @property
    def speed(self) -> Speed:
        """The speed of the run."""
        return Speed(self.images_per_second, self.seconds_per_step, self.start)

    def write(self, folder: Path) -> None:
        """Write it into a run folder."""
        write_atomically(folder / FILE, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The record of a run folder; ``None`` if the run was not planned.

        Raises RequestError if it is damaged.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text("utf-8"))
            cost = EvaluationCost(*map(_number, values.pop("evaluation")))
            numbers = {key: _number(value) for key, value in values.items()}
            return cls(evaluation=cost, images=int(numbers.pop("images")), **numbers)
        except (ValueError, TypeError, AttributeError, KeyError, OSError) as error:
            raise RequestError(
                f"{path} is damaged ({error}): delete it, and use `ganzoo resume`"
            ) from error


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


class TimeKeeper(Observer):
    """Measures a run while it trains, and writes its record whenever a checkpoint is written."""

    def __init__(
        self, before: TimeRecord, spent: Callable[[], float], folder: Callable[[], Path]
    ) -> None:
        self._before = before
        self._spent = spent
        self._folder = folder
        self._made = time.monotonic()
        self._began: float | None = None
        self._first = (0, 0)
        self._last = (0, 0)
        self._now = 0.0

    def on_step_end(self, step: int, images_seen: int) -> None:
        """Keep the time and the position."""
        self._now, self._last = time.monotonic(), (step, images_seen)
        if self._began is None:  # the first step is slower
            self._began, self._first = self._now, self._last

    def on_checkpoint_end(self, step: int, path: Path) -> None:
        """Write what is known by now, in case that the process is killed."""
        with suppress(OSError):
            self.record().write(self._folder())

    def record(self) -> TimeRecord:
        """The record by now."""
        found = replace(self._before, spent=self._before.spent + self._spent())
        if self._began is None:
            return found
        steps, images = (b - a for a, b in zip(self._first, self._last, strict=True))
        found = replace(found, images=self._last[1], start=self._began - self._made)
        seconds = self._now - self._began
        if not steps or not seconds:
            return found
        return replace(found, images_per_second=images / seconds, seconds_per_step=seconds / steps)
