"""``ganzoo train ... --budget TIME``: plan a run for the time, and train it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from ganzoo.cli.request import Arguments, Request
from ganzoo.errors import STOPPED
from ganzoo.launcher import require_single_process
from ganzoo.planning.clock import Clock, budget_seconds

if TYPE_CHECKING:
    from ganzoo.observers.observer import Observer
    from ganzoo.planning.planner import Planned
    from ganzoo.planning.training import Trained
    from ganzoo.registry import Registry
    from ganzoo.settings import Settings


class BudgetArguments(NamedTuple):
    """What ``ganzoo train`` got besides the budget."""

    request: Request
    arguments: Arguments
    flags: Mapping[str, Any]
    run_dir: Path | None

    @property
    def word(self) -> str | None:
        """The dataset or path, if it is the only name."""
        return self.arguments.names[0] if len(self.arguments.names) == 1 else None

    @property
    def chooses(self) -> bool:
        """Whether the components are the user's, so that only the length is planned."""
        return bool(self.request.recipe or self.arguments.files or self.word is None)

    def settings(self) -> tuple[Settings, Registry]:
        """The settings of the user, and the installed plugins."""
        if self.word is None:
            return self.request.settings(self.arguments, self.flags)
        from ganzoo.planning.opening import dataset_of

        plain = self.arguments._replace(names=())
        _, known = self.request.settings(plain, self.flags)
        dataset = [f"{key}={value}" for key, value in dataset_of(self.word, known).items()]
        plain = plain._replace(assignments=(*dataset, *plain.assignments))
        return self.request.settings(plain, self.flags)


def train_in_time(budget: str, given: BudgetArguments, show: Any = None) -> None:
    """Plan, train and evaluate within a budget such as ``10m``; with ``show``, only plan.

    ``show`` gets the run of the plan. Exits with status 75 if training was stopped on request.
    """
    clock = Clock(budget_seconds(budget))
    require_single_process("--budget")
    settings, known = given.settings()
    from ganzoo.observers.console import ProgressBar

    progress = ProgressBar()
    try:
        planned = _plan(given, settings, known, clock, progress)
        progress.on_end()
        print(*planned.plan.lines(), sep="\n", file=sys.stdout if show else sys.stderr, flush=True)
        if show:
            show(planned.run)
            return
        trained = _train(planned, given.run_dir, clock, progress)
    finally:
        progress.on_end()
    _report(trained, given)


def _plan(
    given: BudgetArguments,
    settings: Settings,
    known: Registry,
    clock: Clock,
    progress: Observer,
) -> Planned:
    from ganzoo.folders import RunFolder
    from ganzoo.planning.more_time import plan_more
    from ganzoo.planning.planner import plan_for_images, plan_for_run
    from ganzoo.planning.request import PlanRequest

    request = PlanRequest(
        known=known, given=settings, clock=clock, progress=progress, name=given.word or ""
    )
    if given.run_dir and given.run_dir.exists():
        return plan_more(RunFolder(given.run_dir), request)
    return plan_for_run(request) if given.chooses else plan_for_images(request)


def _train(planned: Planned, run_dir: Path | None, clock: Clock, progress: Observer) -> Trained:
    from ganzoo.folders import RunFolder
    from ganzoo.new_run_folder import folder_maker
    from ganzoo.planning.training import train_on, train_planned

    if run_dir and run_dir.exists():
        return train_on(planned, RunFolder(run_dir), clock, progress)
    return train_planned(planned, folder_maker(planned.run, run_dir), clock, progress)


def _report(trained: Trained, given: BudgetArguments) -> None:
    """Print the metrics and where the images are; on standard output only the run folder."""
    from ganzoo.cli.evaluation_table import evaluation_lines
    from ganzoo.cli.exit import print_folder

    with suppress(OSError):
        if trained.evaluation:
            print(*evaluation_lines(trained.evaluation), sep="\n", file=sys.stderr)
        if trained.samples:
            print(f"samples: {trained.samples}", file=sys.stderr)
        print(_next_command(trained, given), file=sys.stderr)
    print_folder(trained.folder)
    if trained.stopped:
        raise typer.Exit(STOPPED)


def _next_command(trained: Trained, given: BudgetArguments) -> str:
    """How the run goes on: after a stop for the rest of its time, else for more time."""
    words = [*given.arguments.files, *given.arguments.names]
    recipe = ["--recipe", given.request.recipe] if given.request.recipe else []
    command = shlex.join(["ganzoo", "train", *words, *recipe])
    folder = shlex.quote(str(trained.folder.path))
    whole = "stopped; for the rest of the time" if trained.stopped else "for more time in all"
    return f"{whole}: {command} --budget TIME --run-dir {folder}"
