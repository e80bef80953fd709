"""Successive halving: which runs of a sweep train on after a part of their steps.

Jamieson and Talwalkar 2016, https://arxiv.org/abs/1502.07943; its rungs are synchronous: each
begins when all runs of the one before have ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from ganzoo.errors import RequestError
from ganzoo.evaluation.record import ComparisonBasis, EvaluationResult, Score, selection_metric

if TYPE_CHECKING:
    from ganzoo.run import Run

FACTOR = 2
"""The factor, if none is given."""
LARGEST_FACTOR, MOST_RUNGS = 64, 16
_LEAST = 2
"""The smallest factor and the smallest number of runs and rungs."""


@dataclass(frozen=True)
class Halving:
    """The rungs of a sweep; they are numbered from 1 on."""

    metric: str
    """The metric by which the runs of a rung are compared, or one of its values."""
    factor: int
    """The best ``1 / factor`` of the runs go on, to ``factor`` times as many steps."""
    rungs: int

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """A halving from JSON; raises TypeError or ValueError if it is not valid."""
        halving = cls(**found)
        if not isinstance(halving.metric, str):
            raise TypeError("the metric must be a text")
        _require_range("factor", halving.factor, LARGEST_FACTOR)
        _require_range("rungs", halving.rungs, MOST_RUNGS)
        return halving

    def as_dict(self) -> dict[str, Any]:
        """The halving as plain values, for JSON."""
        return asdict(self)

    def part(self, rung: int) -> Fraction:
        """The part of its steps that a run has trained at the end of a rung."""
        return Fraction(1, self.factor ** (self.rungs - rung))

    def kept(self, runs: int) -> int:
        """How many of the runs of a rung go on, at least one."""
        return max(1, runs // self.factor)

    def describe(self, runs: int) -> str:
        """The rungs in words: ``16 runs to 1/4 of their steps, 8 to 1/2, 4 to the end``."""
        texts = []
        for rung in range(1, self.rungs + 1):
            of = " of their steps" if rung == 1 else ""
            end = "the end" if rung == self.rungs else f"{self.part(rung)}{of}"
            texts.append(f"{runs}{' runs' if rung == 1 else ''} to {end}")
            runs = self.kept(runs)
        return ", ".join(texts)

    def require_steps(self, run: Run) -> None:
        """Raise RequestError if a run has too few steps; of epochs and images, they are unknown."""
        train, least = run.train, self.factor ** (self.rungs - 1)
        if train.epochs is None and train.images is None and train.steps < least:
            raise RequestError(
                f"train.steps={train.steps}: {self.rungs} rungs with the factor {self.factor} "
                f"need at least {least} steps: train longer, or set --rungs"
            )


@dataclass(frozen=True)
class HalvingRequest:
    """What the user asks for; the number of rungs may depend on that of the runs."""

    metric: str
    factor: int
    rungs: int | None

    @classmethod
    def of(cls, metric: str | None, factor: int | None, rungs: int | None) -> Self | None:
        """The request of these arguments; ``None`` without a metric.

        Raises RequestError if a number is out of its range, or has no metric.
        """
        for name, number in (("factor", factor), ("rungs", rungs)):
            if number is not None and metric is None:
                raise RequestError(f"{name}={number} is of a sweep that halves: add --halve METRIC")
        if metric is None:
            return None
        factor = FACTOR if factor is None else factor
        _require_range("factor", factor, LARGEST_FACTOR)
        if rungs is not None:
            _require_range("rungs", rungs, MOST_RUNGS)
        return cls(metric, factor, rungs)

    def planned(self, count: int, runs: Iterable[Run]) -> Halving:
        """The rungs of so many runs; by default, fewer than ``factor`` would go on from the last.

        Raises RequestError for fewer than two runs, or if one of ``runs`` has too few steps.
        """
        if count < _LEAST:
            raise RequestError(
                f"--halve {self.metric}: there is only one run: write a list, such as seed=0,1"
            )
        halving = Halving(self.metric, self.factor, self.rungs or self._rungs(count))
        for run in runs:
            halving.require_steps(run)
        return halving

    def _rungs(self, left: int) -> int:
        rungs = 0
        while left >= self.factor:
            rungs, left = rungs + 1, left // self.factor
        return min(max(_LEAST, rungs), MOST_RUNGS)


@dataclass(frozen=True)
class Reached:
    """What a run had reached at the end of a rung."""

    step: int
    images_seen: int | None
    score: Score | None
    """``None`` if the metric has no value."""
    basis: ComparisonBasis | None
    """What must be equal in all runs that are compared."""

    @classmethod
    def at(cls, step: int, evaluations: Sequence[EvaluationResult], metric: str) -> Self:
        """What the evaluation of this step says."""
        found = next((each for each in reversed(evaluations) if each.step == step), None)
        name = selection_metric(found.scores, metric) if found else None
        if not found or name is None:
            return cls(step, found.images_seen if found else None, None, None)
        score = found.scores[name]
        return cls(step, found.images_seen, score, ComparisonBasis.of(found, score))

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """The same from JSON; raises TypeError or KeyError if it is not valid."""
        score, basis = found["score"], found["basis"]
        return cls(
            step=int(found["step"]),
            images_seen=found["images_seen"],
            score=Score(**score) if score else None,
            basis=ComparisonBasis(*basis) if basis else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Place:
    """The place of a run among the runs of its rung."""

    run: str
    """The name of the run folder."""
    rank: int | None
    """From 1 on; ``None`` without a value that is comparable with those of most runs."""
    goes_on: bool


def places(reached: Mapping[str, Reached | None], kept: int) -> list[Place]:
    """The places of the runs of a rung, the best first; the first ``kept`` of them go on.

    Of equal values, that of the earlier run is better. A run without a value, or with one that is
    not comparable with those of most runs, does not go on.
    """
    known = {name: each for name, each in reached.items() if each and each.score}
    bases = Counter(each.basis for each in known.values())
    usual = bases.most_common(1)[0][0] if bases else None
    comparable = {k: each.score for k, each in known.items() if each.basis == usual and each.score}
    ranked = sorted(comparable, key=lambda name: comparable[name].order)
    places = [Place(name, rank, rank <= kept) for rank, name in enumerate(ranked, 1)]
    return places + [Place(name, None, False) for name in reached if name not in comparable]


def _require_range(name: str, number: object, largest: int) -> None:
    if type(number) is not int or not _LEAST <= number <= largest:
        raise RequestError(f"{name}={number}: write a whole number from {_LEAST} to {largest}")
