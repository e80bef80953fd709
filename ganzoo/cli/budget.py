"""``ganzoo train ... --budget TIME``: plan a run for the time, and train it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ganzoo.budget_arguments import BudgetRequest, require_names
from ganzoo.cli.evaluation_table import evaluation_lines
from ganzoo.cli.exit import print_folder
from ganzoo.cli.request import Arguments, Request
from ganzoo.errors import STOPPED
from ganzoo.machine import process_age
from ganzoo.observers.console import ProgressBar
from ganzoo.observers.observer import ending
from ganzoo.planning.budget import Clock, budget_seconds
from ganzoo.planning.dataset_paths import dataset_of
from ganzoo.run import Run

if TYPE_CHECKING:
    from ganzoo.planning.training import Trained


def budget_request(
    budget: str,
    request: Request,
    arguments: Arguments,
    flags: Mapping[str, Any],
    run_dir: Path | None,
) -> BudgetRequest:
    """What ``ganzoo train`` is to plan, for a budget such as ``10m``.

    Raises RequestError if a name or a value is wrong.
    """
    clock = Clock(budget_seconds(budget), process_age())
    names, has_settings = arguments.names, bool(request.recipe or arguments.files)
    require_names(len(names), others=has_settings)
    if len(names) != 1:
        settings, known = request.settings(arguments, flags)
        return BudgetRequest(settings, known, clock, run_dir, chooses=True)
    (name,), plain = names, arguments._replace(names=())
    _, known = request.settings(plain, flags)
    dataset = tuple(f"{key}={value}" for key, value in dataset_of(name, known).items())
    plain = plain._replace(assignments=dataset + plain.assignments)
    settings, known = request.settings(plain, flags)
    return BudgetRequest(settings, known, clock, run_dir, has_settings, name)


def show_plan(asked: BudgetRequest, show: Callable[[Run], None]) -> None:
    """Print the plan on standard output, and show its run."""
    with ending(ProgressBar()) as progress:
        planned = asked.plan(progress)
    print(*planned.plan.lines(), sep="\n", flush=True)
    show(planned.run)


def train_in_time(asked: BudgetRequest, command: list[str]) -> None:
    """Plan, train and evaluate; exits with status 75 if training was stopped on request.

    ``command`` are the words of the command without its budget and its run folder.
    """
    asked.check_folder()
    with ending(ProgressBar()) as progress:
        planned = asked.plan(progress)
        progress.on_end()
        print(*planned.plan.lines(), sep="\n", file=sys.stderr)
        trained = asked.train(planned, progress)
    _report(trained, command)


def _report(trained: Trained, command: list[str]) -> None:
    """Print the metrics and where the images are; on standard output only the run folder."""
    with suppress(OSError):
        if trained.evaluation:
            print(*evaluation_lines(trained.evaluation), sep="\n", file=sys.stderr)
        if trained.samples:
            print(f"samples: {trained.samples}", file=sys.stderr)
        words = [*command, "--run-dir", str(trained.folder.path)]
        what = "stopped; for the rest of the time" if trained.stopped else "to train longer in all"
        print(f"{what}: {shlex.join(words)} --budget TIME", file=sys.stderr)
    print_folder(trained.folder)
    if trained.stopped:
        raise typer.Exit(STOPPED)
