"""What an evaluation has found, as ``evaluations.jsonl`` keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from ganzoo.journal import is_number
from ganzoo.size import size

Goal = Literal["low", "high", "real"]


@dataclass(frozen=True)
class Score:
    """A number of generated images, and the same of real ones."""

    value: float
    images: int
    """Generated ones that are behind it."""
    baseline: float | None
    """That of one half of the real images against the other; ``None`` of fewer than four."""
    baseline_images: int
    goal: Goal
    by_features: bool
    """Whether it compares features, and depends on their extractor."""
    options: str = ""
    """Those of the metric that are not the default, as JSON; empty if there are none."""


@dataclass(frozen=True)
class Evaluated:
    """The scores of a generator, and all that they may be compared by."""

    step: int
    images_seen: int
    scores: Mapping[str, Score]
    samples: int
    real: int
    """Real images that generated ones were compared with."""
    image_shape: tuple[int, ...]
    """The shape of each image, (C, H, W)."""
    images: str
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

    @property
    def size(self) -> str:
        """Width and height of each image in pixels, as messages have them."""
        _, height, width = self.image_shape
        return size(width, height)

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, line: str) -> Self:
        """What ``line`` tells.

        Raises ValueError, TypeError, KeyError, AttributeError or RecursionError if it is not whole.
        """
        told: dict[str, Any] = json.loads(line)
        scores = {str(name): Score(**score) for name, score in told.pop("scores").items()}
        found = cls(scores=scores, **told | {"image_shape": tuple(told["image_shape"])})
        numbers: list[float] = [found.step, found.images_seen, found.samples, found.real]
        for score in scores.values():
            baseline = 0 if score.baseline is None else score.baseline
            numbers += [score.value, score.images, baseline, score.baseline_images]
        if not all(map(is_number, numbers)):
            raise TypeError("a number is none")
        return found


class Basis(NamedTuple):
    """What two numbers of a metric must share to be compared; the seed is none of it."""

    generated: int
    real: int
    size: str
    images: str
    extractor: str
    features: str
    options: str = ""

    @classmethod
    def of(cls, found: Evaluated, score: Score) -> Self:
        """Those of a number; of one that compares pixels, the features do not matter."""
        by = (str(found.extractor), str(found.features)) if score.by_features else ("", "")
        return cls(score.images, found.real, found.size, str(found.images), *by, score.options)

    def unlike(self, usual: Basis) -> Iterator[str]:
        """What is not as usual, in words."""
        if self.generated != usual.generated:
            yield f"{self.generated} generated images, not {usual.generated}"
        if self.size != usual.size:
            yield f"images of {self.size} pixels, not of {usual.size}"
        if self.real != usual.real:
            yield f"{self.real} real images, not {usual.real}"
        # Their identity depends on their size and number, too.
        if self.images != usual.images and self[1:3] == usual[1:3]:
            yield f"other real images: {self.images[:8]}, not {usual.images[:8]}"
        if self.extractor != usual.extractor:
            yield f"features of {self.extractor}, not of {usual.extractor}"
        elif self.features != usual.features:
            yield f"features {self.features}, not {usual.features}"
        if self.options != usual.options:
            own, other = (each.options or "default" for each in (self, usual))
            yield f"the metric's options {own}, not {other}"


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
    if score.goal == "real" and score.baseline is not None:
        return abs(score.value - score.baseline) < abs(than - score.baseline)
    return score.value < than
