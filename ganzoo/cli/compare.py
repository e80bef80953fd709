"""``ganzoo compare``: a table of runs with their settings and results."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.compared_runs import Runs, SortMetric, folders_of
from ganzoo.cli.options import Force, Json
from ganzoo.errors import RequestError
from ganzoo.overwriting import check_free

if TYPE_CHECKING:
    from ganzoo.comparison import Compared


def compare(
    runs: Runs,
    sort: SortMetric = None,
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
    from ganzoo.cli.comparison_table import print_comparison
    from ganzoo.sweeps.halved_runs import rungs_of

    if as_csv:
        check_free(as_csv, force=force, option="--csv")
    folders = folders_of(runs)
    compared = comparison.compare(folders, rungs_of(folders))
    metrics = comparison.metric_names(compared)
    if sort is not None:
        compared = comparison.ranked(compared, sort)
    if as_csv:
        _write_csv(as_csv, [_csv_row(run) for run in compared])
    if as_json:
        print(json.dumps([asdict(run) for run in compared], indent=2, default=str))
    else:
        print_comparison(compared, metrics, list(compared[0].settings) if all_settings else None)


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
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, names)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise RequestError(f"cannot write {file}: {error.strerror}") from error
