"""What an evaluation has found, as ``evaluations.jsonl`` keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

Goal = Literal["low", "high", "real"]


@dataclass(frozen=True)
class Score:
    """A number of generated pictures, and the same of real ones."""

    value: float
    pictures: int
    """Generated ones that are behind it."""
    floor: float | None
    """That of one half of the real pictures against the other; ``None`` of fewer than four."""
    floor_pictures: int
    goal: Goal
    by_features: bool
    """Whether it compares features, and depends on their extractor."""


@dataclass(frozen=True)
class Evaluated:
    """The scores of a generator, and all that they may be compared by."""

    step: int
    images_seen: int
    scores: Mapping[str, Score]
    samples: int
    real: int
    """Real pictures that generated ones were compared with."""
    image: tuple[int, ...]
    """The shape of each picture, (C, H, W)."""
    pictures: str
    """What the real ones are, by their content."""
    extractor: str
    """Whose features were compared."""
    features: str
    """The identity of these features."""
    seed: int
    seconds: float

    @property
    def scalars(self) -> dict[str, float]:
        """The numbers as reports have them: ``metric/kid``."""
        return {f"metric/{name}": score.value for name, score in self.scores.items()}

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, line: str) -> Self:
        """What ``line`` tells.

        Raises ValueError, TypeError, KeyError or RecursionError if it is not whole.
        """
        told: dict[str, Any] = json.loads(line)
        scores = {str(name): Score(**score) for name, score in told.pop("scores").items()}
        found = cls(scores=scores, **told | {"image": tuple(told["image"])})
        numbers = [
            found.step,
            found.images_seen,
            found.samples,
            *(s.value for s in scores.values()),
        ]
        if not all(isinstance(number, int | float) for number in numbers):
            raise TypeError("a number is none")
        return found


def read(path: Path) -> list[Evaluated]:
    """The evaluations in a file, in its order; lines that a crash has torn are passed over."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else ()
    found = []
    for line in lines:
        with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
            found.append(Evaluated.of(line))
    return found


def best(scores: Mapping[str, Score], name: str | None) -> str | None:
    """The number by which checkpoints are compared: that of this name, or the first low one."""
    if name is not None:
        return name if name in scores else None
    return next((each for each, score in scores.items() if score.goal == "low"), None)


def is_better(score: Score, than: float | None) -> bool:
    """Whether a score is nearer to its goal than a value of the same number."""
    if than is None:
        return True
    if score.goal == "high":
        return score.value > than
    if score.goal == "real" and score.floor is not None:
        return abs(score.value - score.floor) < abs(than - score.floor)
    return score.value < than
