"""``train``, ``resume``, ``load`` and ``sweep`` for Python programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.arguments import RunArguments, flags, interruptible, progress_observer, report_callbacks
from ganzoo.budget_arguments import python_request
from ganzoo.errors import RequestError
from ganzoo.existing_runs import load_generator, open_run
from ganzoo.folders import RunFolder
from ganzoo.new_run_folder import folder_maker, restarted_folder
from ganzoo.planning.budget import Clock, budget_seconds
from ganzoo.planning.dataset_paths import path_as_text
from ganzoo.run import Run
from ganzoo.run_folders import path_of
from ganzoo.user_path import user_path

if TYPE_CHECKING:
    from ganzoo.arguments import (
        AnyArchitecture,
        AnyAugmentation,
        AnyDataset,
        AnyLoss,
        AnyRegularizer,
    )
    from ganzoo.budget_arguments import BudgetRequest
    from ganzoo.observers.callback import OnReport
    from ganzoo.observers.observer import Observer
    from ganzoo.output.trained import TrainedRun
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.run_folders import AnyRun
    from ganzoo.sweeps.sweep import Sweep

__all__ = ["load", "resume", "sweep", "train"]


def train(
    dataset: AnyDataset | None = None,
    architecture: AnyArchitecture | None = None,
    loss: AnyLoss | None = None,
    *,
    recipe: str | None = None,
    budget: str | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    regularize: AnyRegularizer | Sequence[AnyRegularizer] = (),
    run_dir: str | Path | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | str | Path | None = None,
    quiet: bool = False,
    on_report: OnReport | None = None,
    **shorthands: Any,
) -> TrainedRun:
    """Train a new run and return it: ``train("blossoms", "dcgan", "wgan-gp", steps=200)``.

    A component is a name or an object; the path of images may stand for the dataset. ``settings``
    is a mapping of dotted keys to values, such as ``{"loss.clip": 0.1}``, or the path of a TOML
    file. ``shorthands`` are the flags of ``ganzoo train``: ``resolution``, ``batch_size``,
    ``steps``, ``epochs``, ``seed``, ``device``, ``devices``, ``nodes``, ``precision`` and
    ``init_from``. ``run_dir`` is the run folder, which must not exist; by default, it is the next
    free one in ``runs``. ``on_report`` is called with the step and the numbers of each report.

    With ``budget``, a time such as ``"1h"``, a dataset or the path of images is enough: the others
    are chosen by the images, the machine and the measured results of recipes. The run is trained
    and evaluated within the time; an existing ``run_dir`` of such a run goes on with it.

    On the first Ctrl-C or stop of a notebook's cell, training finishes the step, saves a checkpoint
    and returns the run. Raises RequestError if the request is wrong, before anything is written;
    PluginError for a bug in a plugin's code; and KeyboardInterrupt if it is interrupted before the
    first step.
    """
    main = {"dataset": path_as_text(dataset), "architecture": architecture, "loss": loss}
    components = {**main, "augment": augment, "regularize": regularize}
    arguments = RunArguments(components, recipe, plugins, [settings, flags(shorthands)])
    observers = progress_observer(quiet), report_callbacks(on_report)
    path = None if run_dir is None else user_path(run_dir)
    if budget is not None:
        asked = python_request(arguments, Clock(budget_seconds(budget)), path)
        return _train_in_time(asked, *observers)
    run = arguments.opening().resolve()

    from ganzoo.output.trained import TrainedRun
    from ganzoo.training import session
    from ganzoo.training.speed_settings import as_started

    with interruptible():
        if folder := restarted_folder(run, path):
            run = as_started(run, folder)
            session.resume(run, folder, *observers)
        else:
            folder, _ = session.train(run, folder_maker(run, path), *observers)
    return TrainedRun(folder, run)


def _train_in_time(
    asked: BudgetRequest, progress: Observer, others: Sequence[Observer]
) -> TrainedRun:
    """Train a run within a budget."""
    from ganzoo.output.trained import TrainedRun

    asked.check_folder()
    with interruptible():
        planned = asked.plan(progress)
        for line in planned.plan.lines():
            progress.on_message(line)
        trained = asked.train(planned, progress, others)
    return TrainedRun(trained.folder, trained.run)


def resume(
    run: AnyRun,
    *,
    dataset: AnyDataset | None = None,
    architecture: AnyArchitecture | None = None,
    loss: AnyLoss | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    regularize: AnyRegularizer | Sequence[AnyRegularizer] = (),
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
    on_report: OnReport | None = None,
    **shorthands: Any,
) -> TrainedRun:
    """Resume a run and return it; ``steps`` is the new total number of steps.

    ``run`` is a run folder, or what ``train`` or ``load`` returned. A folder of a run that was
    trained with objects needs the same objects again. The other arguments are those of ``train``.
    """
    from ganzoo.output.trained import TrainedRun
    from ganzoo.training import session

    main = {"dataset": dataset, "architecture": architecture, "loss": loss}
    components = {**main, "augment": augment, "regularize": regularize}
    path, stored, objects = open_run(run, components)
    folder = RunFolder.open(path)
    stored.add({**flags(shorthands), **(settings or {})}, "Python")
    changed = Run.resolve(stored, objects.registry(stored), recommend=False)
    observer, callbacks = progress_observer(quiet), report_callbacks(on_report)
    with interruptible():
        session.resume(changed, folder, observer, callbacks)
    return TrainedRun(folder, changed)


def load(
    run: str | Path,
    checkpoint: str | int = "last",
    *,
    dataset: AnyDataset | None = None,
    architecture: AnyArchitecture | None = None,
    loss: AnyLoss | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    regularize: AnyRegularizer | Sequence[AnyRegularizer] = (),
) -> TrainedGenerator:
    """Load a trained run, a ``TrainedRun``: its ``"last"`` or ``"best"`` checkpoint, or a step's.

    A file that ``ganzoo export --to safetensors`` wrote is loaded as an ``ExportedGenerator``,
    which generates the same images. If the architecture or loss was an object, it needs the same
    object again.

    Raises RequestError if the path is neither a run folder nor such a file, or if it has no such
    checkpoint or only a damaged one.
    """
    main = {"dataset": dataset, "architecture": architecture, "loss": loss}
    components = {**main, "augment": augment, "regularize": regularize}
    return load_generator(path_of(run), str(checkpoint), components)


def sweep(
    dataset: AnyDataset | list[AnyDataset] | None = None,
    architecture: AnyArchitecture | list[AnyArchitecture] | None = None,
    loss: AnyLoss | list[AnyLoss] | None = None,
    *,
    recipe: str | None = None,
    augment: AnyAugmentation | Sequence[AnyAugmentation] = (),
    regularize: AnyRegularizer | Sequence[AnyRegularizer] = (),
    search: str | None = None,
    trials: int | None = None,
    halve: str | None = None,
    factor: int | None = None,
    rungs: int | None = None,
    workers: int = 1,
    sweep_dir: str | Path | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **shorthands: Any,
) -> Sweep:
    """Train one run for every combination of the values in lists, or search for the best values.

    ``sweep("blossoms", ["dcgan", "mlp"], "hinge", seed=[0, 1])`` trains four runs. Write a value
    that is a sequence itself as a tuple. ``sweep_dir`` is the folder of the sweep, which must not
    exist; by default, it is the next free one in ``sweeps``. ``workers`` is the number of runs that
    are trained at a time, each in a process of its own.

    With ``search``, ``"tpe"``, ``"random"`` or ``"qmc"``, ``trials`` runs are trained, 20 if unset,
    whose settings are chosen by the metrics of earlier ones. Then ``"1e-5..1e-2"`` is a range.

    With ``halve``, the name of a metric, all runs are trained for a part of their steps, and the
    best ``1 / factor`` of them, by default 1/2, for ``factor`` times as many steps, and so on;
    ``rungs`` is the number of these lengths. ``results()`` of the returned sweep has what each run
    reached in each rung.

    Raises RequestError if a combination is wrong, before anything is written; and for components
    that are objects, if other processes or later runs of a search would need them.
    """
    from ganzoo.sweep_arguments import combined, searched
    from ganzoo.sweeps.halving import HalvingRequest
    from ganzoo.sweeps.search import TRIALS
    from ganzoo.sweeps.training import train as train_sweep

    for name, number in (("workers", workers), ("trials", trials)):
        if number is not None and number < 1:
            raise RequestError(f"{name}={number}: write a number from 1 on")
    main = {"dataset": path_as_text(dataset), "architecture": architecture, "loss": loss}
    values = {**main, **flags(shorthands), **(settings or {})}
    shared = RunArguments({"augment": augment, "regularize": regularize}, recipe, plugins)
    halves = HalvingRequest.of(halve, factor, rungs)
    if search is not None:
        new = searched(values, shared, search, trials or TRIALS, halves)
    elif trials is not None:
        raise RequestError('trials is the number of runs of a search: add search="tpe"')
    else:
        new = combined(values, shared, processes=workers, halves=halves)
    created = new.create(None if sweep_dir is None else user_path(sweep_dir), recipe)
    with interruptible():
        train_sweep(created, new.runs, workers=workers, quiet=quiet)
    return created
