"""Trains the runs of a sweep for ``ganzoo sweep``, and prints their results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict

import typer

from ganzoo.cli.options import registry
from ganzoo.cli.sweep_table import best_line, result_table
from ganzoo.errors import STOPPED, Stopped
from ganzoo.run import Run
from ganzoo.sweeps.rungs import OUT
from ganzoo.sweeps.stored_runs import StoredRuns
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.training import train as train_runs
from ganzoo.sweeps.trial import Trial
from ganzoo.sweeps.trial_folder import FINISHED, RUNNING


def resume(
    sweep: Sweep, workers: int, device: str | None, trials: int | None, as_json: bool
) -> None:
    """Train what is left of a sweep, on this device; of a search, with so many runs in all.

    Raises RequestError before it trains if one of the runs is not possible here.
    """
    if trials is not None:
        sweep.lengthen(trials)
    sweep.reopen()
    runs = StoredRuns(sweep, device, lambda files: registry(None, list(files)))
    for trial in sweep.open_trials:
        runs(trial)
    train(sweep, runs, workers, device, as_json)


def train(
    sweep: Sweep,
    runs: Callable[[Trial], Run] | None,
    workers: int,
    device: str | None,
    as_json: bool,
) -> None:
    """Train and print the results; exits with status 75 after a stop, 1 if a run has failed."""
    hint = f"resume with: ganzoo sweep {sweep.path}"
    try:
        stopped = sweep.is_incomplete and train_runs(sweep, runs, workers=workers, device=device)
    except KeyboardInterrupt:
        print(hint, file=sys.stderr)
        raise
    except Stopped:
        raise Stopped(f"stopped before the first step of a run; {hint}") from None
    results = sweep.results()
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        print(sweep.path, *result_table(results, sweep), sep="\n")
        if line := best_line(results, sweep):
            print(line)
    if stopped:
        print(hint, file=sys.stderr)
        raise typer.Exit(STOPPED)
    if running := sum(result.state == RUNNING for result in results):
        print(f"other processes still train {running} of these runs", file=sys.stderr)
    if not all(result.state.startswith((FINISHED, RUNNING, OUT)) for result in results):
        raise typer.Exit(1)
