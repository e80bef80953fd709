"""Comparison of runs: settings that differ, their results, and which results are comparable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.evaluation.record import ComparisonBasis, EvaluationResult, Score
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.settings import explain

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """The score of one metric at one step of a run."""

    step: int
    images_seen: int
    score: Score


@dataclass(frozen=True)
class Scored:
    """A run's scores by one metric, from evaluations that are comparable with each other."""

    best: Reading
    last: Reading
    unlike: tuple[str, ...]
    """Why these scores are not comparable with those of most runs; empty if they are."""


@dataclass(frozen=True)
class Rung:
    """What a run has reached in one rung of its sweep, which halves the number of runs."""

    number: int
    """From 1 on."""
    metric: str
    step: int | None
    """The step at its end; ``None`` for a run that has not reached it."""
    images_seen: int | None
    value: float | None
    """The metric's value at that step."""
    runs: int
    """The number of runs in this rung."""
    rank: int | None = None
    """From 1 on; ``None`` as long as the rung has not ended, and without a comparable value."""
    goes_on: bool | None = None
    """Whether the run is in the next rung; ``None`` if this is unknown, or if there is none."""

    @property
    def is_out(self) -> bool:
        """Whether the run ends here, because others are better."""
        return self.goes_on is False

    @property
    def is_best(self) -> bool:
        """Whether the run is the first of a last rung."""
        return self.rank == 1 and self.goes_on is None

    @property
    def outcome(self) -> str:
        """Whether the run is out after this rung, if it is its last one: with its rank."""
        place = f"rung {self.number}" + (f", rank {self.rank} of {self.runs}" if self.rank else "")
        return f"out in {place}" if self.is_out else place

    @property
    def reading(self) -> str:
        """The value and its step: ``0.81 @50``; a dash without a value."""
        return "-" if self.value is None else f"{self.value:.4g} @{self.step}"

    def __str__(self) -> str:
        """In words: ``rung 1: kid 0.81, rank 9 of 16``."""
        rank = f", rank {self.rank} of {self.runs}" if self.rank else ""
        return f"rung {self.number}: {value_text(self.metric, self.value)}{rank}"


def rung_cells(rungs: Sequence[Rung], count: int) -> list[str]:
    """The readings of a run as the cells of ``count`` columns, one for each rung."""
    by_number = {rung.number: rung.reading for rung in rungs}
    return [by_number.get(number, "-") for number in range(1, count + 1)]


def value_text(metric: str, value: float | None) -> str:
    """A metric's value in words: ``kid 0.81``, or ``no value of kid``."""
    return f"no value of {metric}" if value is None else f"{metric} {value:.4g}"


@dataclass(frozen=True)
class Compared:
    """A run's settings and results, for a comparison with other runs."""

    folder: str
    settings: Mapping[str, Any]
    """The settings in which the runs differ, by dotted key; ``None`` where one is not set."""
    steps: int | None
    images_seen: int | None
    images_per_second: float | None
    losses: Mapping[str, float]
    """The losses in the last report."""
    losses_unlike: tuple[str, ...]
    """Why these losses are not comparable with those of most runs; empty if they are."""
    metrics: Mapping[str, Scored]
    rungs: Sequence[Rung] = ()
    """What the run has reached in the rungs of its sweep, if that halves the number of runs."""


Rungs = Mapping[Path, Sequence[Rung]]
"""What runs have reached in the rungs of their sweep, by the path of the run folder."""
NO_RUNGS: Rungs = MappingProxyType({})


def compare(folders: Sequence[RunFolder], rungs: Rungs = NO_RUNGS) -> list[Compared]:
    """These runs, in their order; files that are missing and lines that are damaged are skipped."""
    trees = with_loss_tables([folder.stored_settings() for folder in folders])
    journals = [Journal.read(folder.metrics) for folder in folders]
    parts = (differing_settings(trees), journals, losses_unlike(trees), metric_scores(folders))
    return [
        Compared(
            folder=str(folder.path),
            settings=settings,
            steps=journal.steps,
            images_seen=journal.images_seen,
            images_per_second=journal.images_per_second,
            losses=journal.last("loss/"),
            losses_unlike=unlike,
            metrics=metrics,
            rungs=rungs.get(folder.path, ()),
        )
        for folder, settings, journal, unlike, metrics in zip(folders, *parts, strict=True)
    ]


def with_loss_tables(trees: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The same settings, with a table for each loss that was written as a name by hand.

    ``"hinge"`` is the loss ``adversarial/hinge`` if another run has that.
    """
    losses = [tree.get("loss", {}) for tree in trees]
    full = [str(loss.get("name")) for loss in losses if isinstance(loss, Mapping)]
    tables = []
    for tree, loss in zip(trees, losses, strict=True):
        if not isinstance(loss, Mapping):
            name = next((each for each in full if each.endswith(f"/{loss}")), str(loss))
            tree = {**tree, "loss": {"name": name}}
        tables.append(tree)
    return tables


def differing_settings(trees: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The settings that affect training and are not equal in all trees, by dotted key.

    An empty tree, of settings that could not be read, is ignored.
    """
    flat = [
        {key.removesuffix(".name"): v for key, v, _ in explain(tree, {}) if _affects_training(key)}
        for tree in trees
    ]
    known = [each for each in flat if each]
    keys = dict.fromkeys(key for each in known for key in each)
    differ = [key for key in keys if any(each.get(key) != known[0].get(key) for each in known)]
    return [{key: each.get(key) for key in differ} for each in flat]


_NOT_TRAINING = ("checkpoint.", "evaluate.", "log.", "metrics.", "observe", "sample.")


def _affects_training(key: str) -> bool:
    """Whether a setting changes the trained weights, not only what is measured, shown or saved."""
    return not key.startswith(_NOT_TRAINING)


def independent_differences(runs: Sequence[Compared]) -> list[str]:
    """The keys of differing settings, without those that differ because another one does.

    An example is an option of a loss where the runs have different losses.
    """
    keys = runs[0].settings.keys()

    def follows_from_another(key: str) -> bool:
        parts = key.split(".")
        sections = {".".join(parts[:length]) for length in range(1, len(parts))}
        absent = any(run.settings[key] is None for run in runs)
        return not sections.isdisjoint(keys) or (absent and parts[0] == "growth")

    return [key for key in keys if not follows_from_another(key)]


def losses_unlike(trees: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Why each run's losses are not comparable with those of most runs: another formula."""
    losses = [tree.get("loss", {}) for tree in trees]
    texts = [json.dumps(loss, sort_keys=True, default=str) for loss in losses]
    usual = losses[texts.index(_most_common([text] for text in texts))]
    return [tuple(_loss_differences(loss, usual)) for loss in losses]


def _loss_differences(loss: Mapping[str, Any], usual: Mapping[str, Any]) -> Iterator[str]:
    if loss.get("name") != usual.get("name"):
        yield f"the loss {loss.get('name')}, not {usual.get('name')}"
    elif loss != usual:
        yield "other options of the loss"


def metric_scores(folders: Sequence[RunFolder]) -> list[dict[str, Scored]]:
    """The scores of each run, by metric.

    Where a run has scores of several bases, for instance of different numbers of images, those of
    the basis that most runs have are taken.
    """
    found = [EvaluationResult.read(folder.evaluations) for folder in folders]
    results = [sorted(run, key=lambda each: each.step) for run in found]
    names = dict.fromkeys(name for run in results for each in run for name in each.scores)
    metrics: list[dict[str, Scored]] = [{} for _ in folders]
    for name in names:
        readings = [_readings_by_basis(each, name) for each in results]
        for run, by_basis in zip(metrics, readings, strict=True):
            if by_basis:
                run[name] = _scored(by_basis, _most_common(map(reversed, readings)))
    return metrics


def _readings_by_basis(
    results: Iterable[EvaluationResult], name: str
) -> dict[ComparisonBasis, list[Reading]]:
    """The readings of one metric by basis; the basis of the last step comes last."""
    readings: dict[ComparisonBasis, list[Reading]] = {}
    for each in results:
        if score := each.scores.get(name):
            basis = ComparisonBasis.of(each, score)
            before = readings.pop(basis, [])
            readings[basis] = [*before, Reading(each.step, each.images_seen, score)]
    return readings


def _scored(by_basis: dict[ComparisonBasis, list[Reading]], usual: ComparisonBasis) -> Scored:
    basis = usual if usual in by_basis else next(reversed(by_basis))
    readings = by_basis[basis]
    best = min(readings, key=lambda each: each.score.order)
    return Scored(best, readings[-1], tuple(basis.differences(usual)))


def _most_common(runs: Iterable[Iterable[T]]) -> T:
    """The item of the most runs; of equally common ones the first of the first run."""
    return Counter(each for run in runs for each in run).most_common(1)[0][0]


def metric_names(runs: Iterable[Compared]) -> list[str]:
    """The metrics that at least one of these runs has."""
    return list(dict.fromkeys(name for run in runs for name in run.metrics))


def ranked(runs: Sequence[Compared], metric: str) -> list[Compared]:
    """The runs by this metric, best first; then those not comparable; then those without it.

    Raises RequestError if no run has it.
    """
    if metric not in (known := metric_names(runs)):
        others = f"; there are {', '.join(known)}" if known else ": evaluate them first"
        remedy = did_you_mean(metric, known) or others
        raise RequestError(f"no run was evaluated with the metric {metric}{remedy}")
    groups: tuple[list[Compared], ...] = ([], [], [])
    for run in runs:
        score = run.metrics.get(metric)
        groups[2 if score is None else bool(score.unlike)].append(run)
    for group in groups[:2]:
        group.sort(key=lambda run: run.metrics[metric].best.score.order)
    return [run for group in groups for run in group]
