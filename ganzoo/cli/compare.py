"""``ganzoo compare``: runs side by side."""

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

from ganzoo.cli.options import Force, Json
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.comparison import Compared, Reading, Scored
    from ganzoo.folders import RunFolder


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of runs, and of sweeps for all their runs."),
    ],
    sort: Annotated[
        str | None, typer.Option(metavar="METRIC", help="The best by this metric first.")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a CSV file, too.")
    ] = None,
    force: Force = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Show options of components that not all runs have, too."),
    ] = False,
) -> None:
    """Show runs side by side: settings that differ, speed, losses and metrics.

    Each metric is shown at its best evaluation and at the last one, with the step. Numbers that
    must not be compared with the others, such as those of fewer images, are marked. Settings
    that differ only because the components do are left out, unless you give `--all`.

    Examples:
    - `ganzoo compare runs/one runs/other`
    - `ganzoo compare sweeps/blossoms-dcgan-hinge+wgan-gp-001 --sort kid`
    - `ganzoo compare runs/* --csv runs.csv`

    """
    from ganzoo import comparison
    from ganzoo.errors import RequestError, did_you_mean

    if as_csv and as_csv.exists() and not force:
        raise RequestError(f"{as_csv} is there already: name another, or overwrite it with --force")
    compared = comparison.compare(_folders(runs))
    metrics = list(dict.fromkeys(name for run in compared for name in run.metrics))
    if sort is not None:
        if sort not in metrics:
            known = f": {', '.join(metrics)}" if metrics else ""
            raise RequestError(
                f"no run was evaluated by {sort}{did_you_mean(sort, metrics) or known}"
            )
        compared = comparison.ranked(compared, sort)
    if as_csv:
        _write(as_csv, [_flat(run) for run in compared])
    if as_json:
        print(json.dumps([asdict(run) for run in compared], indent=2, default=str))
    else:
        _show(compared, metrics, list(compared[0].settings) if everything else None)


def _folders(paths: Sequence[Path]) -> list[RunFolder]:
    """The run folders, each once."""
    from ganzoo.errors import RequestError
    from ganzoo.folders import RunFolder
    from ganzoo.sweeps import FILE, Sweep

    found: dict[Path, RunFolder] = {}
    for path in paths:
        if not (path / FILE).is_file():
            found.setdefault(path.resolve(), RunFolder.open(path))
            continue
        sweep = Sweep.open(path)
        if left := len(sweep.trials) - len(sweep.started):
            print(f"{path}: {left} of {len(sweep.trials)} runs have not begun", file=sys.stderr)
        found |= {folder.path.resolve(): folder for folder in sweep.started}
    if not found:
        raise RequestError("there is no run to compare")
    return list(found.values())


_WIDTH = 120
"""Columns of text where there is no terminal."""


def _show(runs: Sequence[Compared], metrics: Sequence[str], keys: Sequence[str] | None) -> None:
    """Settings are those with ``keys``, or without any those that differ on their own."""
    from ganzoo.comparison import telling

    marks = _Marks()
    shown = telling(runs) if keys is None else keys
    columns = list(_columns(runs, shown, metrics, marks))
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    print(*_arranged(list(zip(*columns, strict=True)), width), sep="\n")
    if left_out := len(runs[0].settings) - len(shown):
        print(f"\n{left_out} more settings differ because these do: --all shows them")
    if marks.letters:
        print("\nNumbers with a mark are not to be compared with those that lack it:")
        print(*(f"{letter}  {why}" for why, letter in marks.letters.items()), sep="\n")
    if waiting := [run.folder for run in runs if not run.metrics]:
        more = f", and {len(waiting) - 1} more like it" if len(waiting) > 1 else ""
        print(f"\nnot evaluated yet: ganzoo evaluate {waiting[0]}{more}")


class _Marks:
    """A letter for each reason why numbers must not be compared."""

    def __init__(self) -> None:
        self.letters: dict[str, str] = {}

    def __call__(self, number: str, reasons: Sequence[str]) -> str:
        """The number with its marks."""
        return " ".join([number, *map(self._letter, reasons)])

    def _letter(self, reason: str) -> str:
        turns, place = divmod(len(self.letters), len(ascii_lowercase))
        return self.letters.setdefault(reason, ascii_lowercase[place] * (turns + 1))


def _columns(
    runs: Sequence[Compared], keys: Sequence[str], metrics: Sequence[str], marks: _Marks
) -> Iterator[list[str]]:
    """A title and a cell for each run; of metrics also what is good, and what real images get."""
    from ganzoo.sweeps import short_keys

    beside = ["", ""] if metrics else []
    yield ["run", *_names(runs), *(["good", "real"] if metrics else [])]
    for key, label in zip(keys, short_keys(keys), strict=True):
        yield [label, *(_text(key, run.settings[key]) for run in runs), *beside]
    yield ["steps made", *(_rounded(run.steps) for run in runs), *beside]
    yield ["images seen", *(_rounded(run.images_seen) for run in runs), *beside]
    yield ["images/s", *(_rounded(run.images_per_second) for run in runs), *beside]
    for name in dict.fromkeys(name for run in runs for name in run.losses):
        yield [name, *(_loss(run, name, marks) for run in runs), *beside]
    for name in metrics:
        yield from _metric(name, [run.metrics.get(name) for run in runs], marks)


def _loss(run: Compared, name: str, marks: _Marks) -> str:
    return marks(f"{run.losses[name]:.4g}", run.losses_unlike) if name in run.losses else _NONE


def _metric(name: str, runs: Sequence[Scored | None], marks: _Marks) -> Iterator[list[str]]:
    usual = next(run.last.score for run in runs if run and not run.unlike)
    real = _NONE if usual.baseline is None else f"{usual.baseline:.4g}"
    beside = [usual.goal, real]
    best = [run and _reading(run.best, run, marks) for run in runs]
    last = [run and _reading(run.last, run, marks) for run in runs]
    if best == last:
        yield [name, *(cell or _NONE for cell in best), *beside]
    else:
        yield [f"{name} best", *(cell or _NONE for cell in best), *beside]
        yield [f"{name} last", *(cell or _NONE for cell in last), *beside]


def _reading(reading: Reading, run: Scored, marks: _Marks) -> str:
    return marks(f"{reading.score.value:.4g} @{reading.step}", run.unlike)


_NONE = "-"


def _rounded(number: float | None) -> str:
    return _NONE if number is None else f"{number:.0f}"


def _text(key: str, value: Any) -> str:
    """A setting's value; of the components' full names the last part."""
    from ganzoo.settings import MAIN_KINDS

    if not isinstance(value, str):
        return _NONE if value is None else json.dumps(value, default=str)
    return value.rpartition("/")[2] if key in MAIN_KINDS else value


def _names(runs: Sequence[Compared]) -> list[str]:
    """As much of the end of each folder's path as it takes to tell them apart."""
    parts = [Path(run.folder).absolute().parts for run in runs]
    length = 1
    while len({each[-length:] for each in parts}) < len(parts):
        length += 1
    return ["/".join(each[-length:]) for each in parts]


def _arranged(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Lines with a row for each run where there is room for it, else with a column for each.

    There may be several tables of columns, one below the other.
    """
    if max(map(len, table(rows))) <= width:
        yield from table(rows)
        return
    titles, *runs = rows
    shown: list[Sequence[str]] = []
    for run in runs:
        if shown and _width([titles, *shown, run]) > width:
            yield from (*table(list(zip(titles, *shown, strict=True))), "")
            shown = []
        shown.append(run)
    yield from table(list(zip(titles, *shown, strict=True)))


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) + 2 for column in columns) - 2


def _flat(run: Compared) -> dict[str, Any]:
    """One row of the CSV file."""
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
    return row


def _write(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Raises RequestError if it cannot be written."""
    from ganzoo.errors import RequestError

    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, names)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise RequestError(f"cannot write {file}: {error.strerror}") from error
