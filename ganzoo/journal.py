"""Reads a run's ``metrics.jsonl``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

GROUPS = (
    *("balance", "growth", "loss", "metric", "samples", "schedule", "scores", "skipped", "speed"),
    "waiting",
)
"""How names of numbers that ganzoo itself reports begin: ``loss/generator``."""
_SPEED = "speed/images_per_second"


class Journal:
    """The valid lines of ``metrics.jsonl``; each has numbers ``step`` and ``images_seen``."""

    def __init__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        self.lines = lines
        """The reports and evaluations in their order, as dicts."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """The lines of a file; none if it does not exist. Invalid lines are skipped."""
        texts = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else ()
        lines = []
        for text in texts:
            with suppress(ValueError, RecursionError):
                line = json.loads(text)
                if isinstance(line, dict) and _has_numbers(line, "step", "images_seen"):
                    lines.append(line)
        return cls(lines)

    @property
    def steps(self) -> int | None:
        """The step of the last line; ``None`` without lines."""
        return self.lines[-1]["step"] if self.lines else None

    @property
    def images_seen(self) -> int | None:
        """The images seen of the last line; ``None`` without lines."""
        return self.lines[-1]["images_seen"] if self.lines else None

    @property
    def images_per_second(self) -> float | None:
        """The mean speed over all reports, without the time of samples, saves and evaluations."""
        images = seconds = 0.0
        for report in (line for line in self.lines if _has_numbers(line, _SPEED)):
            new_images = report["images_seen"] - images
            images += new_images
            seconds += new_images / (report[_SPEED] or math.inf)
        return images / seconds if seconds else None

    def last(self, *prefixes: str) -> dict[str, float]:
        """The last value of each number whose name starts with one of the prefixes."""
        names = (name for line in self.lines for name in line if name.startswith(prefixes))
        last = {name: self._last(name) for name in dict.fromkeys(names)}
        return {name: value for name, value in last.items() if value is not None}

    def _last(self, name: str) -> float | None:
        values = (line[name] for line in reversed(self.lines) if _has_numbers(line, name))
        return next(values, None)


def is_number(value: object) -> bool:
    """Whether a JSON value is a finite number in the range of a float."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _has_numbers(line: Mapping[str, Any], *names: str) -> bool:
    return all(is_number(line.get(name)) for name in names)
