"""The result of an evaluation: one line of ``evaluations.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from ganzoo.journal import is_number
from ganzoo.size import size

Goal = Literal["low", "high", "real"]
"""Which values of a metric are good: low ones, high ones, or those near its baseline."""


@dataclass(frozen=True)
class Score:
    """A metric's value for generated images, and its baseline on real images."""

    value: float
    """In the unit of the metric; ``goal`` says which values are good."""
    images: int
    """The number of generated images that it was computed from."""
    baseline: float | None
    """The value of one half of the real images against the other half; ``None`` if unknown.

    At least four real images are needed.
    """
    baseline_images: int
    """The number of real images in the half that the baseline was computed from."""
    goal: Goal
    """``"low"``, ``"high"``, or ``"real"``: those near the baseline."""
    by_features: bool
    """Whether it was computed from features, so that it depends on the extractor."""
    options: str = ""
    """The metric's options that differ from their defaults, as JSON; empty if there are none."""

    @property
    def order(self) -> float:
        """The number by which scores of one metric are sorted: the best one has the lowest."""
        if self.goal == "high":
            return -self.value
        if self.goal == "real" and self.baseline is not None:
            return abs(self.value - self.baseline)
        return self.value


@dataclass(frozen=True)
class EvaluationResult:
    """The scores of a generator, and the conditions under which they were computed."""

    step: int
    """The step of the checkpoint."""
    images_seen: int
    """Real images shown to the discriminator before it."""
    scores: Mapping[str, Score]
    """The scores by name, such as ``kid`` or ``swd/32``."""
    samples: int
    """The number of generated images."""
    real: int
    """The number of real images."""
    image_shape: tuple[int, ...]
    """The shape of each image, (C, H, W)."""
    images: str
    """The identity of the real images: a hash that depends on their content."""
    extractor: str
    """The name of the extractor."""
    features: str
    """The identity of the extractor's features."""
    seed: int
    """The seed of the generated images."""
    seconds: float
    """How long the evaluation took."""

    @property
    def scalars(self) -> dict[str, float]:
        """The values by the names that they have in ``metrics.jsonl``, such as ``metric/kid``."""
        return {f"metric/{name}": score.value for name, score in self.scores.items()}

    @property
    def size(self) -> str:
        """Width and height of each image in pixels, such as ``64 x 48``."""
        _, height, width = self.image_shape
        return size(width, height)

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, line: str) -> Self:
        """The result in a line of JSON.

        Raises ValueError, TypeError, KeyError, AttributeError or RecursionError if the line is
        damaged.
        """
        values: dict[str, Any] = json.loads(line)
        scores = {str(name): Score(**score) for name, score in values.pop("scores").items()}
        result = cls(scores=scores, **values | {"image_shape": tuple(values["image_shape"])})
        numbers: list[float] = [result.step, result.images_seen, result.samples, result.real]
        for score in scores.values():
            baseline = 0 if score.baseline is None else score.baseline
            numbers += [score.value, score.images, baseline, score.baseline_images]
        if not all(map(is_number, numbers)):
            raise TypeError("a value is not a finite number")
        return result

    @classmethod
    def read(cls, path: Path) -> list[Self]:
        """The results in an ``evaluations.jsonl``, in its order; none if it does not exist.

        Damaged lines, as a crash leaves them, are skipped.
        """
        lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else ()
        found = []
        for line in lines:
            with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
                found.append(cls.of(line))
        return found


class ComparisonBasis(NamedTuple):
    """What must be equal for two values of a metric to be comparable; the seed may differ."""

    generated: int
    real: int
    size: str
    images: str
    extractor: str
    features: str
    options: str = ""

    @classmethod
    def of(cls, result: EvaluationResult, score: Score) -> Self:
        """The basis of one score; the extractor counts only if it was computed from features."""
        by = (str(result.extractor), str(result.features)) if score.by_features else ("", "")
        return cls(score.images, result.real, result.size, str(result.images), *by, score.options)

    def differences(self, usual: ComparisonBasis) -> Iterator[str]:
        """Each difference from the ``usual`` basis, as a phrase."""
        if self.generated != usual.generated:
            yield f"{self.generated} generated images, not {usual.generated}"
        if self.size != usual.size:
            yield f"images of {self.size} pixels, not of {usual.size}"
        if self.real != usual.real:
            yield f"{self.real} real images, not {usual.real}"
        # The identity of the real images also depends on their size and number.
        if self.images != usual.images and self[1:3] == usual[1:3]:
            yield f"other real images: {self.images[:8]}, not {usual.images[:8]}"
        if self.extractor != usual.extractor:
            yield f"features of {self.extractor}, not of {usual.extractor}"
        elif self.features != usual.features:
            yield f"features {self.features}, not {usual.features}"
        if self.options != usual.options:
            own, other = (each.options or "default" for each in (self, usual))
            yield f"the metric's options {own}, not {other}"


def comparable_results(results: Iterable[EvaluationResult], name: str) -> list[EvaluationResult]:
    """The results whose score ``name`` can be compared with the last one, in the order of steps.

    Scores can be compared if they are of the same real images, of as many generated ones, by the
    same features and options. Of several results of one step, the last one is taken.
    """
    found = [(each, each.scores[name]) for each in results if name in each.scores]
    by_step = {
        each.step: each
        for each, score in found
        if ComparisonBasis.of(each, score) == ComparisonBasis.of(*found[-1])
    }
    return [by_step[step] for step in sorted(by_step)]


def selection_metric(names: Iterable[str], best: str) -> str | None:
    """The score that chooses the best checkpoint: that named ``best``, or the first of this metric.

    ``names`` are those of scores, such as ``swd/32``; ``best`` is the setting ``evaluate.best``.
    Returns its name, or ``None`` if there is none.
    """
    found = list(names)
    return best if best in found else next((n for n in found if n.startswith(f"{best}/")), None)


def is_better(score: Score, than: float | None) -> bool:
    """Whether a score is nearer to its goal than another value of the same metric."""
    return than is None or score.order < replace(score, value=than).order
