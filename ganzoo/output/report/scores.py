"""The scores of evaluations, as charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ganzoo.comparison import Compared, ranked, rung_cells
from ganzoo.evaluation.record import ComparisonBasis, EvaluationResult, Score
from ganzoo.output.report.chart import Chart, Line, Point
from ganzoo.output.report.differences import format_value

GOALS = {
    "low": "lower is better",
    "high": "higher is better",
    "real": "closer to the baseline is better",
}
"""In words, by ``Score.goal``."""


class _Key(NamedTuple):
    """What the lines of one chart have in common."""

    name: str
    compares: str
    goal: str


class Row(NamedTuple):
    """One score of an evaluation, as the cells of a table."""

    name: str
    value: str
    baseline: str
    goal: str
    images: str
    compares: str


class EvaluationTable(NamedTuple):
    """Evaluations whose scores may be compared: one row per step, one column per score."""

    title: str
    names: list[str]
    rows: list[tuple[int, list[tuple[str, bool]]]]
    """For each step: the text of each score, and whether it is the best of its column."""


def charts(found: Sequence[EvaluationResult]) -> list[Chart]:
    """A chart for each score, with one line for all evaluations that may be compared."""
    by_key: dict[_Key, dict[ComparisonBasis, dict[int, tuple[Point, Score]]]] = {}
    for each in found:
        for name, score in each.scores.items():
            key = _Key(name, _compares(each, score), score.goal)
            point = Point(each.step, each.images_seen, score.value)
            lines = by_key.setdefault(key, {}).setdefault(ComparisonBasis.of(each, score), {})
            lines[each.step] = (point, score)
    return [_chart(key, by_basis) for key, by_basis in by_key.items()]


def _chart(key: _Key, by_basis: dict[ComparisonBasis, dict[int, tuple[Point, Score]]]) -> Chart:
    lines = []
    for basis, by_step in sorted(by_basis.items()):
        ordered = [by_step[step] for step in sorted(by_step)]
        points = tuple(point for point, _ in ordered)
        lines.append(Line(f"{basis.generated:,} images", points, ordered[-1][1].baseline))
    goal = GOALS.get(key.goal, "").capitalize()
    return Chart(key.name, tuple(lines), f"{goal}. Compares {key.compares}.")


def _compares(found: EvaluationResult, score: Score) -> str:
    return f"features of the extractor {found.extractor}" if score.by_features else "pixels"


def last_evaluation(found: Sequence[EvaluationResult]) -> EvaluationResult | None:
    """The evaluation of the last step; if there are several, the newest of them."""
    return max(enumerate(found), key=lambda each: (each[1].step, each[0]))[1] if found else None


def rows(found: EvaluationResult) -> list[Row]:
    """The table of one evaluation."""
    return [
        Row(
            name,
            f"{score.value:.4g}",
            "–" if score.baseline is None else f"{score.baseline:.4g}",
            GOALS.get(score.goal, ""),
            f"{score.images:,}",
            _compares(found, score),
        )
        for name, score in found.scores.items()
    ]


def tables(found: Sequence[EvaluationResult]) -> list[EvaluationTable]:
    """All evaluations, one table for those that may be compared; the newest of each step."""
    groups: dict[tuple[object, ...], dict[int, EvaluationResult]] = {}
    for each in found:
        comparable = (
            each.samples,
            each.extractor,
            each.features,
            each.real,
            each.image_shape,
            each.images,
        )
        groups.setdefault(comparable, {})[each.step] = each
    return [_table(by_step) for by_step in groups.values()]


def _table(by_step: dict[int, EvaluationResult]) -> EvaluationTable:
    found = [by_step[step] for step in sorted(by_step)]
    counts = f"{found[0].samples:,} generated and {found[0].real:,} real images of {found[0].size}"
    title = f"{counts} pixels, features of the extractor {found[0].extractor}"
    names = list(dict.fromkeys(name for each in found for name in each.scores))
    best = {
        name: min((s for each in found if (s := each.scores.get(name))), key=lambda s: s.order)
        for name in names
    }

    def cell(each: EvaluationResult, name: str) -> tuple[str, bool]:
        score = each.scores.get(name)
        return ("–", False) if score is None else (f"{score.value:.4g}", score is best[name])

    body = [(each.step, [cell(each, name) for name in names]) for each in found]
    return EvaluationTable(title, names, body)


def best_run(runs: Sequence[Compared], name: str) -> Compared | None:
    """The run with the best score of this name; ``None`` if all are equal."""
    comparable = [run for run in runs if name in run.metrics and not run.metrics[name].unlike]
    values = {run.metrics[name].best.score.value for run in comparable}
    return ranked(comparable, name)[0] if len(values) > 1 else None


def rung_rows(runs: Sequence[Compared]) -> list[tuple[str, list[str]]]:
    """Each rung of a sweep that halves, with the value of each run, and where the runs are out."""
    count = max(len(run.rungs) for run in runs)
    cells = zip(*(rung_cells(run.rungs, count) for run in runs), strict=True)
    rows = [(f"rung {number}", list(row)) for number, row in enumerate(cells, 1)]
    ends = [run.rungs[-1].outcome if run.rungs else "–" for run in runs]
    return [*rows, ("last rung", ends)] if rows else []


def reasons_not_comparable(runs: Sequence[Compared]) -> list[str]:
    """Why some numbers of these runs may not be compared with those of the others."""
    reasons = (why for run in runs for scored in run.metrics.values() for why in scored.unlike)
    losses = (why for run in runs for why in run.losses_unlike)
    return list(dict.fromkeys([*reasons, *losses]))


def differing_settings(runs: Sequence[Compared]) -> list[tuple[str, list[str]]]:
    """The settings in which the runs differ, without those of metrics and evaluation."""
    rows = [(key, [format_value(run.settings[key]) for run in runs]) for key in runs[0].settings]
    evaluation = ("metrics.", "evaluate.")
    return [(k, v) for k, v in rows if len(set(v)) > 1 and not k.startswith(evaluation)]
