"""What evaluations have found, as charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ganzoo.comparison import Compared, by_goal, ranked
from ganzoo.evaluation.record import Basis, Evaluated, Score
from ganzoo.output.report.chart import Chart, Line, Point
from ganzoo.output.report.differences import shown

GOOD = {"low": "low", "high": "high", "real": "like real images"}
"""When a number is good, by its goal."""


class _Kind(NamedTuple):
    """What numbers share that are in one chart."""

    name: str
    by: str
    goal: str


class Row(NamedTuple):
    """A number of an evaluation in the words of a table."""

    name: str
    value: str
    baseline: str
    good: str
    images: str
    by: str


class Matrix(NamedTuple):
    """All evaluations of one kind: numbers across, steps down."""

    title: str
    names: list[str]
    rows: list[tuple[int, list[tuple[str, bool]]]]
    """Of each step, every number, and whether it is the best of its column."""


def charts(found: Sequence[Evaluated]) -> list[Chart]:
    """A chart for each number, with a line for all evaluations that may be compared."""
    kinds: dict[_Kind, dict[Basis, dict[int, tuple[Point, Score]]]] = {}
    for each in found:
        for name, score in each.scores.items():
            kind = _Kind(name, _by(each, score), score.goal)
            point = Point(each.step, each.images_seen, score.value)
            lines = kinds.setdefault(kind, {}).setdefault(Basis.of(each, score), {})
            lines[each.step] = (point, score)
    return [_chart(kind, by_basis) for kind, by_basis in kinds.items()]


def _chart(kind: _Kind, by_basis: dict[Basis, dict[int, tuple[Point, Score]]]) -> Chart:
    lines = []
    for basis, by_step in sorted(by_basis.items()):
        ordered = [by_step[step] for step in sorted(by_step)]
        points = tuple(point for point, _ in ordered)
        lines.append(Line(f"{basis.generated:,} images", points, ordered[-1][1].baseline))
    return Chart(kind.name, tuple(lines), f"Good: {GOOD.get(kind.goal, '')}. By {kind.by}.")


def _by(found: Evaluated, score: Score) -> str:
    return f"features of {found.extractor}" if score.by_features else "pixels"


def newest(found: Sequence[Evaluated]) -> Evaluated | None:
    """The evaluation of the last step; of several, the one that was made last."""
    return max(enumerate(found), key=lambda each: (each[1].step, each[0]))[1] if found else None


def rows(found: Evaluated) -> list[Row]:
    """The table of an evaluation."""
    return [
        Row(
            name,
            f"{score.value:.4g}",
            "–" if score.baseline is None else f"{score.baseline:.4g}",
            GOOD.get(score.goal, ""),
            f"{score.images:,}",
            _by(found, score),
        )
        for name, score in found.scores.items()
    ]


def matrices(found: Sequence[Evaluated]) -> list[Matrix]:
    """Every evaluation, those together that may be compared; of one step the one made last."""
    groups: dict[tuple[object, ...], dict[int, Evaluated]] = {}
    for each in found:
        alike = (
            each.samples,
            each.extractor,
            each.features,
            each.real,
            each.image_shape,
            each.images,
        )
        groups.setdefault(alike, {})[each.step] = each
    return [_matrix(by_step) for by_step in groups.values()]


def _matrix(by_step: dict[int, Evaluated]) -> Matrix:
    found = [by_step[step] for step in sorted(by_step)]
    counts = f"{found[0].samples:,} generated and {found[0].real:,} real images of {found[0].size}"
    title = f"{counts}, features of {found[0].extractor}"
    names = list(dict.fromkeys(name for each in found for name in each.scores))
    best = {
        name: min((each.scores[name] for each in found if name in each.scores), key=by_goal)
        for name in names
    }

    def cell(each: Evaluated, name: str) -> tuple[str, bool]:
        score = each.scores.get(name)
        return ("–", False) if score is None else (f"{score.value:.4g}", score is best[name])

    return Matrix(title, names, [(e.step, [cell(e, name) for name in names]) for e in found])


def names(runs: Sequence[Compared]) -> list[str]:
    """Every number that one of these runs has."""
    return list(dict.fromkeys(name for run in runs for name in run.metrics))


def winner(runs: Sequence[Compared], name: str) -> Compared | None:
    """The run that is the best by a number; ``None`` where they do not differ."""
    able = [run for run in runs if name in run.metrics and not run.metrics[name].unlike]
    values = {run.metrics[name].best.score.value for run in able}
    return ranked(able, name)[0] if len(values) > 1 else None


def unlike(runs: Sequence[Compared]) -> list[str]:
    """Why some of the runs' numbers are not to be compared with those of the others."""
    reasons = (why for run in runs for scored in run.metrics.values() for why in scored.unlike)
    losses = (why for run in runs for why in run.losses_unlike)
    return list(dict.fromkeys([*reasons, *losses]))


def settings(runs: Sequence[Compared]) -> list[tuple[str, list[str]]]:
    """The settings in which runs differ, but for those that only measure them."""
    rows = [(key, [shown(run.settings[key]) for run in runs]) for key in runs[0].settings]
    measuring = ("metrics.", "evaluate.")
    return [(k, v) for k, v in rows if len(set(v)) > 1 and not k.startswith(measuring)]
