"""What a run's ``metrics.jsonl`` tells."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

_SPEED = "speed/images_per_second"


class Journal:
    """The lines of a run that no crash has torn, each with its ``step`` and ``images_seen``."""

    def __init__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        self.lines = lines

    @classmethod
    def read(cls, path: Path) -> Self:
        """What the file tells, which is nothing if it is not there."""
        texts = path.read_text(errors="replace").splitlines() if path.exists() else ()
        lines = []
        for text in texts:
            with suppress(ValueError, RecursionError):
                line = json.loads(text)
                if isinstance(line, dict) and _tells(line, "step", "images_seen"):
                    lines.append(line)
        return cls(lines)

    @property
    def steps(self) -> int | None:
        """At the last line; ``None`` without any."""
        return self.lines[-1]["step"] if self.lines else None

    @property
    def images_seen(self) -> int | None:
        """At the last line; ``None`` without any."""
        return self.lines[-1]["images_seen"] if self.lines else None

    @property
    def images_per_second(self) -> float | None:
        """Over all reports, without the time spent on drawing, saving and measuring."""
        images = seconds = 0.0
        for report in (line for line in self.lines if _tells(line, _SPEED)):
            shown = report["images_seen"] - images
            images += shown
            seconds += shown / (report[_SPEED] or math.inf)
        return images / seconds if seconds else None

    def last(self, *prefixes: str) -> dict[str, float]:
        """The last value of each number whose name begins so."""
        names = (name for line in self.lines for name in line if name.startswith(prefixes))
        last = {name: self._last(name) for name in dict.fromkeys(names)}
        return {name: value for name, value in last.items() if value is not None}

    def _last(self, name: str) -> float | None:
        told = (line[name] for line in reversed(self.lines) if _tells(line, name))
        return next(told, None)


def is_number(value: object) -> bool:
    """Whether it is a finite number; JSON has others, and such that no float can hold."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _tells(line: Mapping[str, Any], *names: str) -> bool:
    return all(is_number(line.get(name)) for name in names)
