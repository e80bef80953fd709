"""``ganzoo compare``: a table of runs with their settings and results."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.formatting import better
from ganzoo.cli.options import Force, Json
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.comparison import Compared, Reading, Scored
    from ganzoo.folders import RunFolder


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Run folders, or sweep folders, which stand for all their runs."
        ),
    ],
    sort: Annotated[
        str | None,
        typer.Option(metavar="METRIC", help="Sort the runs by this metric, best first."),
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write a CSV file.")
    ] = None,
    force: Force = False,
    all_settings: Annotated[
        bool,
        typer.Option("--all", help="Also show options of components that only some runs use."),
    ] = False,
) -> None:
    """Compare runs in a table: settings that differ, speed, losses and metrics.

    Each metric is shown at its best and at its last evaluation, as VALUE @STEP.
    A letter marks numbers that cannot be compared with the others, for example
    because they were computed from fewer images. `--all` also shows settings
    that differ only because the components differ.

    Examples:
    - `ganzoo compare runs/one runs/other`
    - `ganzoo compare sweeps/blossoms-dcgan-hinge+wgan-gp-001 --sort kid`
    - `ganzoo compare runs/* --csv runs.csv`

    """
    from ganzoo import comparison
    from ganzoo.errors import RequestError, did_you_mean
    from ganzoo.sweeps.halved_runs import rungs_of

    if as_csv and as_csv.exists() and not force:
        raise RequestError(
            f"{as_csv} already exists: choose another name, or overwrite it with --force"
        )
    folders = run_folders(runs)
    compared = comparison.compare(folders, rungs_of(folders))
    metrics = list(dict.fromkeys(name for run in compared for name in run.metrics))
    if sort is not None:
        if sort not in metrics:
            known = f": {', '.join(metrics)}" if metrics else ""
            raise RequestError(
                f"no run was evaluated with the metric {sort}{did_you_mean(sort, metrics) or known}"
            )
        compared = comparison.ranked(compared, sort)
    if as_csv:
        _write_csv(as_csv, [_csv_row(run) for run in compared])
    if as_json:
        print(json.dumps([asdict(run) for run in compared], indent=2, default=str))
    else:
        _show(compared, metrics, list(compared[0].settings) if all_settings else None)


def run_folders(paths: Sequence[Path]) -> list[RunFolder]:
    """The run folders of these runs and sweeps, without duplicates."""
    from ganzoo.errors import RequestError
    from ganzoo.folders import RunFolder
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.sweep_file import FILE

    found: dict[Path, RunFolder] = {}
    for path in paths:
        if not (path / FILE).is_file():
            found.setdefault(path.resolve(), RunFolder.open(path))
            continue
        sweep = Sweep.open(path)
        if missing := len(sweep.trials) - len(sweep.started):
            print(f"{path}: {missing} of {len(sweep.trials)} runs have not begun", file=sys.stderr)
        found |= {folder.path.resolve(): folder for folder in sweep.started}
    if not found:
        raise RequestError("there is no run to compare")
    return list(found.values())


_WIDTH = 120
"""The width of the text if there is no terminal, in characters."""


def _show(runs: Sequence[Compared], metrics: Sequence[str], keys: Sequence[str] | None) -> None:
    """Print the table with these settings; by default, with those that differ independently."""
    from ganzoo.comparison import independent_differences

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
    from ganzoo.sweeps.naming import short_keys

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
    from ganzoo.comparison import rung_cells

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
    from ganzoo.settings import MAIN_KINDS

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


def _csv_row(run: Compared) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.folder, **run.settings}
    row |= {"steps": run.steps, "images_seen": run.images_seen}
    row |= {"images_per_second": run.images_per_second, **run.losses}
    row |= {"losses not comparable": "; ".join(run.losses_unlike)}
    for name, scored in run.metrics.items():
        metric = f"metric/{name}"
        row[f"{metric} best"] = scored.best.score.value
        row[f"{metric} best step"] = scored.best.step
        row[f"{metric} last"] = scored.last.score.value
        row[f"{metric} last step"] = scored.last.step
        row[f"{metric} real"] = scored.last.score.baseline
        row[f"{metric} not comparable"] = "; ".join(scored.unlike)
    for rung in run.rungs:
        row |= {f"rung {rung.number}": rung.value, f"rung {rung.number} step": rung.step}
        row |= {f"rung {rung.number} rank": rung.rank}
    row |= {"halving": run.rungs[-1].outcome} if run.rungs else {}
    return row


def _write_csv(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write a CSV file; raises RequestError if that fails."""
    from ganzoo.errors import RequestError

    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, names)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise RequestError(f"cannot write {file}: {error.strerror}") from error
