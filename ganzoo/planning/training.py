"""Trains a planned run within its time, and evaluates it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ganzoo import imaging
from ganzoo.errors import PluginError, RequestError, in_one_line
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observers.observer import Observer
from ganzoo.output.evaluating import evaluate
from ganzoo.output.trained import TrainedRun
from ganzoo.planning.budget import Clock
from ganzoo.planning.plan import FILE, settings_file
from ganzoo.planning.planner import Planned
from ganzoo.planning.time_record import TimeKeeper, TimeRecord
from ganzoo.planning.timetable import EvaluationCost
from ganzoo.run import Run
from ganzoo.setting_types import seconds
from ganzoo.training import session
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine
from ganzoo.training.loop import Outcome
from ganzoo.training.switches import switches


class Trained(NamedTuple):
    """What a planned run has reached."""

    folder: RunFolder
    run: Run
    stopped: bool
    """Whether it was stopped on request, before its time was over."""
    evaluation: EvaluationResult | None
    samples: Path | None
    """The newest grid of samples."""


def train_planned(
    planned: Planned,
    folder: Callable[[], RunFolder],
    clock: Clock,
    progress: Observer,
    others: Sequence[Observer],
) -> Trained:
    """Train a new run; ``folder()`` creates its folder, which also gets the plan."""
    made = list[RunFolder]()
    keeper = TimeKeeper(_expected(planned), lambda: clock.spent, lambda: made[0].path)

    def create() -> RunFolder:
        made.append(folder())
        text = settings_file(planned.plan, planned.settings)
        write_atomically(made[0].path / FILE, text)
        keeper.record().write(made[0].path)
        return made[0]

    began = time.monotonic()
    run_folder, outcome = session.train(planned.run, create, progress, (keeper, *others))
    return _finish(planned.run, run_folder, outcome, began, keeper, progress)


def continue_planned(
    planned: Planned,
    folder: RunFolder,
    clock: Clock,
    progress: Observer,
    others: Sequence[Observer],
) -> Trained:
    """Train a run that has had some time; its folder keeps the plan of its start."""
    assert planned.before
    keeper = TimeKeeper(planned.before, lambda: clock.spent, lambda: folder.path)
    began = time.monotonic()
    outcome = session.resume(planned.run, folder, progress, (keeper, *others))
    return _finish(planned.run, folder, outcome, began, keeper, progress)


def _expected(planned: Planned) -> TimeRecord:
    """The record of a run that has not begun, with the speeds of the plan."""
    plan = planned.plan
    return TimeRecord(
        spent=0.0,
        images_per_second=plan.speed.images_per_second,
        seconds_per_step=plan.speed.seconds_per_step,
        start=plan.time.start,
        evaluation=EvaluationCost(plan.time.evaluation),
    )


def _finish(
    run: Run,
    folder: RunFolder,
    outcome: Outcome,
    began: float,
    keeper: TimeKeeper,
    progress: Observer,
) -> Trained:
    """Evaluate the run, unless it was stopped on request, and write how long it took."""
    limit = seconds(run.train.max_time) if run.train.max_time else float("inf")
    in_time = time.monotonic() - began < limit
    stopped = outcome is Outcome.STOPPED and in_time
    began = time.monotonic()
    evaluation = None if stopped else _evaluation(run, folder, progress)
    record = keeper.record()
    if evaluation:  # training may have made it, so that reading it took no time
        took = max(time.monotonic() - began, evaluation.seconds)
        record = replace(record, evaluation=EvaluationCost(took))
    record.write(folder.path)
    return Trained(folder, run, stopped, evaluation, _newest_samples(run, folder))


def _evaluation(run: Run, folder: RunFolder, progress: Observer) -> EvaluationResult | None:
    """The evaluation of the last checkpoint, which training may have made already."""
    step = max(Checkpoints(folder.checkpoints, keep=1).steps(), default=0)
    for found in EvaluationResult.read(folder.evaluations):
        if found.step == step:
            return found
    try:
        with switches(run.train):
            device = str(Engine(run.train).device)
            (found,) = evaluate(folder, run, device=device, observer=progress)
    except (RequestError, PluginError, ArithmeticError) as error:
        progress.on_message(f"the evaluation failed: {in_one_line(error)}")
        return None
    finally:
        progress.on_end()
    return found


def _newest_samples(run: Run, folder: RunFolder) -> Path | None:
    """The grid of samples of the last checkpoint, or the newest one.

    A run that its time has ended has not drawn its last samples. Those of conditional runs are in
    rows, which only training draws.
    """
    grids = folder.sample_grids()
    step = max(Checkpoints(folder.checkpoints, keep=1).steps(), default=0)
    if step and step not in grids and not run.data.conditional:
        trained = TrainedRun(folder, run)
        path = folder.sample_grid(step)
        images = trained.generate(run.sample.count, run.seed)
        imaging.save_image(imaging.grid(images), path)
        return path
    return grids[max(grids)] if grids else None
