"""Runs side by side: what sets them apart, what they have come to, and what may be compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, TypeVar

from ganzoo.evaluation.record import Basis, Evaluated, Score, is_better, read
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.settings import explain

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """A metric of a run at one step."""

    step: int
    images_seen: int
    score: Score


@dataclass(frozen=True)
class Scored:
    """What a run has come to by one metric, of evaluations that may be compared."""

    best: Reading
    last: Reading
    unlike: tuple[str, ...]
    """Why not to compare it with the usual one of the runs; empty if it may be."""


@dataclass(frozen=True)
class Compared:
    """A run beside others."""

    folder: str
    settings: Mapping[str, Any]
    """Those in which the runs differ, by dotted key; ``None`` where one is not set."""
    steps: int | None
    images_seen: int | None
    images_per_second: float | None
    losses: Mapping[str, float]
    """As of the last report."""
    losses_unlike: tuple[str, ...]
    """Why not to compare them with the usual ones of the runs; empty if they may be."""
    metrics: Mapping[str, Scored]


def compare(folders: Sequence[RunFolder]) -> list[Compared]:
    """These runs, in their order; what is torn of their files, or not there, is passed over."""
    trees = [folder.stored_settings() for folder in folders]
    parts = (differing(trees), map(_journal, folders), losses_unlike(trees), scored(folders))
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
        )
        for folder, settings, journal, unlike, metrics in zip(folders, *parts, strict=True)
    ]


def _journal(folder: RunFolder) -> Journal:
    return Journal.read(folder.metrics)


def differing(trees: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The settings of what is trained that are not the same in all trees, by dotted key.

    A tree that is empty, since nobody could read it, makes none of them differ.
    """
    flat = [
        {key.removesuffix(".name"): v for key, v, _ in explain(tree, {}) if not _is_aside(key)}
        for tree in trees
    ]
    known = [each for each in flat if each]
    keys = dict.fromkeys(key for each in known for key in each)
    differ = [key for key in keys if any(each.get(key) != known[0].get(key) for each in known)]
    return [{key: each.get(key) for key in differ} for each in flat]


def _is_aside(key: str) -> bool:
    """Whether it says how a run is watched and kept, and changes nothing that is trained."""
    return key.startswith(("checkpoint.", "evaluate.", "log.", "metrics.", "sample."))


def telling(runs: Sequence[Compared]) -> list[str]:
    """The keys of the settings that differ on their own.

    Options of components that not all runs have differ because the components do.
    """
    keys = runs[0].settings.keys()

    def follows(key: str) -> bool:
        parts = key.split(".")
        sections = {".".join(parts[:length]) for length in range(1, len(parts))}
        absent = any(run.settings[key] is None for run in runs)
        return not sections.isdisjoint(keys) or (absent and parts[0] == "growth")

    return [key for key in keys if not follows(key)]


def losses_unlike(trees: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Why the losses of each run are not those of most: they are of another formula."""
    losses = [tree.get("loss", {}) for tree in trees]
    texts = [json.dumps(loss, sort_keys=True, default=str) for loss in losses]
    usual = losses[texts.index(_usual([text] for text in texts))]
    return [tuple(_loss_unlike(loss, usual)) for loss in losses]


def _loss_unlike(loss: Mapping[str, Any], usual: Mapping[str, Any]) -> Iterator[str]:
    if loss.get("name") != usual.get("name"):
        yield f"the loss {loss.get('name')}, not {usual.get('name')}"
    elif loss != usual:
        yield "other options of the loss"


def scored(folders: Sequence[RunFolder]) -> list[dict[str, Scored]]:
    """What each run has come to by every metric.

    Where a run was evaluated in several ways, it is the way that most of the runs share.
    """
    found = [sorted(read(folder.evaluations), key=lambda each: each.step) for folder in folders]
    names = dict.fromkeys(name for each in found for one in each for name in one.scores)
    metrics: list[dict[str, Scored]] = [{} for _ in folders]
    for name in names:
        readings = [_by_basis(each, name) for each in found]
        for run, ways in zip(metrics, readings, strict=True):
            if ways:
                run[name] = _scored(ways, _usual(map(reversed, readings)))
    return metrics


def _by_basis(found: Iterable[Evaluated], name: str) -> dict[Basis, list[Reading]]:
    """The readings of one metric, those of the last step at the end."""
    readings: dict[Basis, list[Reading]] = {}
    for each in found:
        if score := each.scores.get(name):
            basis = Basis.of(each, score)
            before = readings.pop(basis, [])
            readings[basis] = [*before, Reading(each.step, each.images_seen, score)]
    return readings


def _scored(ways: dict[Basis, list[Reading]], usual: Basis) -> Scored:
    basis = usual if usual in ways else next(reversed(ways))
    readings = ways[basis]
    best = min(readings, key=lambda each: by_goal(each.score))
    return Scored(best, readings[-1], tuple(basis.unlike(usual)))


def _usual(ways: Iterable[Iterable[T]]) -> T:
    """That of most runs; of as many, that of the first run, and there the first."""
    return Counter(each for run in ways for each in run).most_common(1)[0][0]


def ranked(runs: Iterable[Compared], metric: str) -> list[Compared]:
    """The best by this metric first; then what must not be compared; then what has none."""
    groups: tuple[list[Compared], ...] = ([], [], [])
    for run in runs:
        score = run.metrics.get(metric)
        groups[2 if score is None else bool(score.unlike)].append(run)
    for group in groups[:2]:
        group.sort(key=lambda run: by_goal(run.metrics[metric].best.score))
    return [run for group in groups for run in group]


def _order(one: Score, other: Score) -> int:
    return is_better(other, one.value) - is_better(one, other.value)


by_goal = cmp_to_key(_order)
"""A key to sort scores of one metric by, the best first."""
