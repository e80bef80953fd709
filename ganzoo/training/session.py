"""Start or resume a run: build its components, then train."""

from __future__ import annotations

import platform
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ganzoo
from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import (
    Augmentation,
    ChunkedDataset,
    Condition,
    Dataset,
    ImageShape,
    Loss,
    LossRequirements,
    Networks,
    Stateful,
    condition_of,
    notes_of,
)
from ganzoo.data.batches import Batches, require_balance
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.collection import Collection, Store
from ganzoo.data.streaming import StreamedImages
from ganzoo.errors import PluginError, RequestError
from ganzoo.evaluation.record import read
from ganzoo.folders import RunFolder
from ganzoo.observers.curves import LossCurves
from ganzoo.observers.files import Evaluations, Journal, SampleFiles
from ganzoo.observers.observer import Observer
from ganzoo.observers.tensorboard import TensorBoard
from ganzoo.ownership import Ownership, owned
from ganzoo.run import ConfiguredComponent, Run
from ganzoo.sections import seconds
from ganzoo.settings import changed_values
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.conditional import chosen_condition, network_condition
from ganzoo.training.engine import Engine, launched_as_main
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.loop import Outcome, Trainer
from ganzoo.training.phases import Game
from ganzoo.training.randomness import Randomness
from ganzoo.training.snapshot import StatefulComponent
from ganzoo.training.stopping import Stopping, stop_requests
from ganzoo.training.trial import try_components

SILENT = Observer()
"""An observer that does nothing."""


def train(
    run: Run,
    folder: Callable[[], RunFolder],
    progress: Observer = SILENT,
    others: Sequence[Observer] = (),
) -> tuple[RunFolder, Outcome]:
    """Train a new run; ``folder()`` creates its folder, after all other checks have passed.

    ``progress`` also gets the events of the preparation; ``others`` get those of the training.

    Raises Stopped if a request to stop arrives before the first step.
    """
    with _stop_requests(run, progress) as stopping:
        with stopping.immediately():
            engine = Engine(run.train)
            game = assemble(run, engine, progress)
            evaluation = _build_evaluation(game)
            if evaluation:
                evaluation.check_metrics()
                if note := evaluation.note:
                    progress.on_message(note)
        run_folder = RunFolder(engine.broadcast(folder().path if engine.is_main else Path()))
        with _ownership(run, run_folder, progress) as owner:
            args = (game, evaluation, run_folder, (progress, *others), stopping, owner)
            return run_folder, _train(*args, resumed=False)


def resume(
    run: Run, folder: RunFolder, progress: Observer = SILENT, others: Sequence[Observer] = ()
) -> Outcome:
    """Resume a run from its newest undamaged checkpoint.

    Raises RequestError if another process uses the run; the run folder is unchanged then.
    """
    with _stop_requests(run, progress) as stopping, _ownership(run, folder, progress) as owner:
        with stopping.immediately():
            game = assemble(run, Engine(run.train), progress)
            evaluation = _build_evaluation(game)
        args = (game, evaluation, folder, (progress, *others), stopping, owner)
        return _train(*args, resumed=True)


def _on_message(run: Run, progress: Observer) -> Callable[[str], None]:
    """Show messages from the main process only."""
    return progress.on_message if launched_as_main(run.train) else SILENT.on_message


@contextmanager
def _stop_requests(run: Run, progress: Observer) -> Iterator[Stopping]:
    limit = run.train.max_time
    with (
        stop_requests(_on_message(run, progress)) as stopping,
        stopping.after(seconds(limit) if limit else None, f"train.max_time={limit} is reached"),
    ):
        yield stopping


@contextmanager
def _ownership(run: Run, folder: RunFolder, progress: Observer) -> Iterator[Ownership | None]:
    if not launched_as_main(run.train):
        yield None
        return
    with owned(folder.path, progress.on_message) as owner:
        folder.remove_partial_files()
        yield owner


def _train(
    game: Game,
    evaluation: Evaluation | None,
    folder: RunFolder,
    user_observers: Sequence[Observer],
    stopping: Stopping,
    owner: Ownership | None,
    *,
    resumed: bool,
) -> Outcome:
    engine, run = game.engine, game.run
    message = _on_message(run, user_observers[0])
    checkpoints = Checkpoints(folder.checkpoints, run.checkpoint.keep, owner)
    observers: list[Observer] = []
    trainer = Trainer(game, checkpoints, observers, evaluation)
    if resumed and not checkpoints.has_any():
        _require_checkpoint_folder(checkpoints)
        message("there is no checkpoint yet: training starts at the first step")
    elif resumed:
        trainer.resume(message)
        if trainer.step in {evaluated.step for evaluated in read(folder.evaluations)}:
            trainer.periodic_evaluation.last_step = trainer.step
        if trainer.step >= trainer.steps and not trainer.periodic_evaluation.is_due:
            message(f"all {trainer.step} steps are done: --steps N trains up to step N")
            return Outcome.FINISHED
    if engine.is_main:
        _record_session(folder, game, message)
        observers += [*_file_observers(run, folder, trainer.step), *user_observers]
    try:
        return trainer.train(stopping)
    finally:
        for observer in observers:
            with suppress(OSError):
                observer.on_end()


def _require_checkpoint_folder(checkpoints: Checkpoints) -> None:
    """Raise RequestError if the folder of checkpoints, which every run has, is missing."""
    if not checkpoints.folder.is_dir():
        raise RequestError(
            f"the checkpoints of {checkpoints.folder.parent} are missing: restore "
            f"{checkpoints.folder}, or start a new run in another folder"
        )


def _file_observers(run: Run, folder: RunFolder, step: int) -> list[Observer]:
    sample_files = SampleFiles(folder, by_epoch="epoch" in str(run.sample.every))
    observers: list[Observer] = [Journal(folder.metrics, step), sample_files]
    observers.append(TensorBoard(folder.path, step))
    if run.evaluate.every or folder.evaluations.exists():
        observers.append(Evaluations(folder.evaluations, step))
    return [*observers, LossCurves(folder)]


def _build_evaluation(game: Game) -> Evaluation | None:
    """The evaluation during training; None without ``evaluate.every``, and in other processes."""
    if game.run.evaluate.every is None or not game.engine.is_main:
        return None
    return Evaluation(game.run, game.batches.data, game.engine.device)


def assemble(run: Run, engine: Engine, progress: Observer = SILENT) -> Game:
    """The networks, the images and the loss of a run, ready for the first step.

    Raises RequestError if a component refuses its settings, if possible before the images are
    prepared.
    """
    dataset: Dataset = run.dataset.build()
    loss: Loss = run.loss.build()
    augments: dict[str, Augmentation] = {k: chosen.build() for k, chosen in run.augment.items()}
    codes = [chosen.entry.code for chosen in run.augment.values()]
    requirements = LossRequirements.of(loss)
    _check_components(run, dataset, requirements, engine.device)
    data = Collection.of(_prepare(run, dataset, engine, progress), run.data.classes)
    condition = network_condition(run, data.condition)
    networks = _build_networks(run, data.shape, condition, requirements)
    memory_format = torch.channels_last if run.train.channels_last else torch.contiguous_format
    for network in (networks.generator, networks.discriminator):
        network.to(device=engine.device).to(memory_format=memory_format)
    for module in (loss, *augments.values()):
        if isinstance(module, torch.nn.Module):  # its buffers are used with scores and images
            module.to(engine.device)
    return Game(
        run=run,
        networks=networks,
        objective=loss,
        batches=_batches(run, data, engine, memory_format),
        schedule=GrowthSchedule(run, networks, data.shape),
        augment=Pipeline.of(augments.values(), "real", codes),
        view=Pipeline.of(augments.values(), "all", codes),
        engine=engine,
        randomness=Randomness(run.seed),
        stateful=_stateful_components(run, loss, augments),
    )


def _stateful_components(
    run: Run, loss: Loss, augments: Mapping[str, Augmentation]
) -> dict[str, Stateful]:
    """The loss and the augmentations that have a state, by their section of the settings."""
    built: dict[str, tuple[object, ConfiguredComponent]] = {"loss": (loss, run.loss)}
    built |= {f"augment.{k}": (augment, run.augment[k]) for k, augment in augments.items()}
    return {
        section: StatefulComponent(component, chosen.entry.code)
        for section, (component, chosen) in built.items()
        if isinstance(component, Stateful)
    }


def _check_components(
    run: Run, dataset: Dataset, requirements: LossRequirements, device: torch.device
) -> None:
    """Raise, before images are prepared, what components raise for every number of channels."""
    options = run.data
    known = chosen_condition(run, condition_of(dataset))
    if options.balance:
        require_balance(known, chunked=isinstance(dataset, ChunkedDataset))
    condition = network_condition(run, known)
    possible = (1, 3) if options.channels == "auto" else (options.channels,)
    for channels in possible:
        try:
            image_shape = ImageShape(channels, options.height, options.width)
            networks = _build_networks(run, image_shape, condition, requirements)
            first = GrowthSchedule(run, networks, image_shape).at(0)
            first.grow(networks.generator, networks.discriminator)
            smallest = first.stage.image_shape
            try_components(run, image_shape, networks, condition, smallest, device)
            return
        except (RequestError, PluginError):
            if channels == possible[-1]:
                raise


def _prepare(run: Run, dataset: Dataset, engine: Engine, progress: Observer) -> Store:
    """The prepared images; the main process prepares them, and the others wait for it."""
    store = store_of(run, dataset, progress) if engine.is_main else None
    engine.barrier()
    return store or store_of(run, dataset, SILENT)


def store_of(run: Run, dataset: Dataset, progress: Observer = SILENT) -> Store:
    """The images of a dataset with the run's settings ``data``; prepares them if necessary."""
    entry = run.dataset.entry
    name, code = entry.qualified_name, entry.code
    with code.only_own_frames():
        for note in notes_of(dataset):
            progress.on_message(note)
        if isinstance(dataset, ChunkedDataset):
            return StreamedImages(dataset, run.data, name, code)
        on_progress = progress.on_preparation_progress
        data = load_or_prepare(dataset, run.data, on_progress, dataset_name=name, code=code)
    if data.skipped:
        lines = [f"{len(data.skipped)} images are left out:", *data.skipped]
        progress.on_message("\n  ".join(lines))
    return data


def _batches(
    run: Run, data: Collection, engine: Engine, memory_format: torch.memory_format
) -> Batches:
    seed = Randomness(run.seed).derive_seed("order")
    return Batches(data, seed, engine.device, memory_format, balance=run.data.balance)


def _build_networks(
    run: Run, image_shape: ImageShape, condition: Condition | None, requirements: LossRequirements
) -> Networks:
    Randomness(run.seed).reseed("initial weights", 0, torch.device("cpu"))
    networks: Networks = run.architecture.build(
        image_shape=image_shape, condition=condition, requirements=requirements
    )
    return networks


def _record_session(folder: RunFolder, game: Game, message: Callable[[str], None]) -> None:
    """Write the settings and the environment; report what changed since the last start."""
    facts = environment(game)
    if before := folder.sessions():
        changed = [key for key in _AFFECTS_BITS if before[-1].get(key) != facts[key]]
        if changed:
            listed = ", ".join(f"{key} {before[-1].get(key)} -> {facts[key]}" for key in changed)
            message(f"this resume is not exact to the bit, because these changed: {listed}")
        facts["changed"] = changes = changed_values(folder.stored_settings(), game.run.tree())
        if changes:
            listed = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in changes.items())
            message(f"settings that changed since the last start: {listed}")
    folder.write_settings(game.run.tree())
    folder.add_session(facts)


_PASSWORD = re.compile(r"://[^/\s@]+@")
"""User name and password in a URL, which are not recorded."""

_AFFECTS_BITS = (
    *("ganzoo", "plugins", "torch", "numpy", "device", "cpu", "threads", "processes", "images"),
)
"""Facts that change the order of the images, or the last bits of sums."""


def environment(game: Game) -> dict[str, Any]:
    """The environment of a run: versions, device, images, command; plain values for JSON."""
    run, device = game.run, game.engine.device
    chosen = (run.dataset, run.architecture, run.loss, *run.augment.values())
    metrics = (*run.metrics.values(), *filter(None, [run.extractor]))
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": _PASSWORD.sub("://...@", shlex.join(sys.argv)),
        "ganzoo": ganzoo.__version__,
        "plugins": sorted({str(one.entry.plugin) for one in chosen}),
        "metric_plugins": sorted({str(one.entry.plugin) for one in metrics}),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "fabric": version("lightning-fabric"),
        "platform": platform.platform(),
        "device": f"{device.type} ({name})",
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "processes": run.train.devices,
        "images": f"{len(game.batches.data)} ({game.batches.data.identity[:8]})",
    }
