"""The table of ``ganzoo compare``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from ganzoo.cli.formatting import better
from ganzoo.cli.table import table
from ganzoo.comparison import Compared, Reading, Scored, independent_differences, rung_cells
from ganzoo.settings import MAIN_KINDS
from ganzoo.sweeps.naming import short_keys

_WIDTH = 120
"""The width of the text if there is no terminal, in characters."""


def print_comparison(
    runs: Sequence[Compared], metrics: Sequence[str], keys: Sequence[str] | None
) -> None:
    """Print the table with these settings; by default, with those that differ independently."""
    footnotes = _Footnotes()
    shown = independent_differences(runs) if keys is None else keys
    columns = list(_columns(runs, shown, metrics, footnotes))
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    print(*_fit_width(list(zip(*columns, strict=True)), width), sep="\n")
    if hidden := len(runs[0].settings) - len(shown):
        print(f"\n{hidden} more settings differ as a consequence of these: --all shows them")
    if footnotes.letters:
        print("\nDo not compare numbers marked with a letter with numbers without it:")
        print(*(f"{letter}  {reason}" for reason, letter in footnotes.letters.items()), sep="\n")
    if not_evaluated := [run.folder for run in runs if not run.metrics]:
        others = len(not_evaluated) - 1
        more = f" (and {others} other run{'s' if others > 1 else ''})" if others else ""
        print(f"\nnot evaluated yet: ganzoo evaluate {not_evaluated[0]}{more}")


class _Footnotes:
    """A letter for each reason why numbers cannot be compared."""

    def __init__(self) -> None:
        self.letters: dict[str, str] = {}

    def mark(self, number: str, reasons: Sequence[str]) -> str:
        """The number, followed by the letters of these reasons."""
        return " ".join([number, *map(self._letter, reasons)])

    def _letter(self, reason: str) -> str:
        rounds, index = divmod(len(self.letters), len(ascii_lowercase))
        return self.letters.setdefault(reason, ascii_lowercase[index] * (rounds + 1))


def _columns(
    runs: Sequence[Compared], keys: Sequence[str], metrics: Sequence[str], footnotes: _Footnotes
) -> Iterator[list[str]]:
    """Columns: a heading, a cell for each run, then which values are better and the baseline."""
    blank = ["", ""] if metrics else []
    yield ["run", *_names(runs), *(["better", "baseline"] if metrics else [])]
    for key, label in zip(keys, short_keys(keys), strict=True):
        yield [label, *(_setting(key, run.settings[key]) for run in runs), *blank]
    yield ["steps done", *(_rounded(run.steps) for run in runs), *blank]
    yield ["images seen", *(_rounded(run.images_seen) for run in runs), *blank]
    yield ["images/s", *(_rounded(run.images_per_second) for run in runs), *blank]
    for name in dict.fromkeys(name for run in runs for name in run.losses):
        yield [name, *(_loss(run, name, footnotes) for run in runs), *blank]
    for name in metrics:
        yield from _metric(name, [run.metrics.get(name) for run in runs], footnotes)
    yield from ([*column, *blank] for column in _rungs(runs))


def _rungs(runs: Sequence[Compared]) -> Iterator[list[str]]:
    """The columns of a sweep that halves: the value in each rung, and where the run is out."""
    count = max(len(run.rungs) for run in runs)
    rows = [rung_cells(run.rungs, count) for run in runs]
    for number, cells in enumerate(zip(*rows, strict=True), 1):
        yield [f"rung {number}", *cells]
    if count:
        yield ["halving", *(run.rungs[-1].outcome if run.rungs else _MISSING for run in runs)]


def _loss(run: Compared, name: str, footnotes: _Footnotes) -> str:
    if name not in run.losses:
        return _MISSING
    return footnotes.mark(f"{run.losses[name]:.4g}", run.losses_unlike)


def _metric(name: str, runs: Sequence[Scored | None], footnotes: _Footnotes) -> Iterator[list[str]]:
    score = next(run.last.score for run in runs if run and not run.unlike)
    baseline = _MISSING if score.baseline is None else f"{score.baseline:.4g}"
    last_cells = [better(score), baseline]
    best = [run and _reading(run.best, run, footnotes) for run in runs]
    last = [run and _reading(run.last, run, footnotes) for run in runs]
    if best == last:
        yield [name, *(cell or _MISSING for cell in best), *last_cells]
    else:
        yield [f"{name} best", *(cell or _MISSING for cell in best), *last_cells]
        yield [f"{name} last", *(cell or _MISSING for cell in last), *last_cells]


def _reading(reading: Reading, run: Scored, footnotes: _Footnotes) -> str:
    return footnotes.mark(f"{reading.score.value:.4g} @{reading.step}", run.unlike)


_MISSING = "-"


def _rounded(number: float | None) -> str:
    return _MISSING if number is None else f"{number:.0f}"


def _setting(key: str, value: Any) -> str:
    """A setting's value; components without the name of their plugin."""
    if not isinstance(value, str):
        return _MISSING if value is None else json.dumps(value, default=str)
    return value.rpartition("/")[2] if key in MAIN_KINDS else value


def _names(runs: Sequence[Compared]) -> list[str]:
    """The shortest ends of the folders' paths that are all different."""
    parts = [Path(run.folder).absolute().parts for run in runs]
    length = 1
    while len({each[-length:] for each in parts}) < len(parts):
        length += 1
    return ["/".join(each[-length:]) for each in parts]


def _fit_width(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """A table with one row per run if it fits into the width, else with one column per run.

    If these columns do not fit either, they are split into several tables.
    """
    if max(map(len, table(rows))) <= width:
        yield from table(rows)
        return
    headings, *runs = rows
    columns: list[Sequence[str]] = []
    for run in runs:
        if columns and _width([headings, *columns, run]) > width:
            yield from (*table(list(zip(headings, *columns, strict=True))), "")
            columns = []
        columns.append(run)
    yield from table(list(zip(headings, *columns, strict=True)))


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) + 2 for column in columns) - 2
