"""One start of a run, new or resumed: everything built, then trained."""

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
    Dataset,
    ImageShape,
    Loss,
    LossRequirements,
    Networks,
    Stateful,
    notes_of,
)
from ganzoo.data.batches import Batches, require_balance
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.collection import Collection, Store, group_classes
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
from ganzoo.training.engine import Engine, launched_as_main
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.loop import Outcome, Trainer
from ganzoo.training.phases import Game
from ganzoo.training.randomness import Randomness
from ganzoo.training.snapshot import Adapting
from ganzoo.training.stopping import Stopping, stop_requests
from ganzoo.training.trial import try_out

SILENT = Observer()
"""Tells nobody."""


def train(
    run: Run,
    folder: Callable[[], RunFolder],
    progress: Observer = SILENT,
    others: Sequence[Observer] = (),
) -> tuple[RunFolder, Outcome]:
    """Train a new run; ``folder()`` makes its folder, once nothing else can be refused.

    ``others`` are told what ``progress`` is told, from the first step on.

    Raises Stopped if it is asked to stop before that.
    """
    with _stoppable(run, progress) as stopping:
        with stopping.at_once():
            engine = Engine(run.train)
            game = assemble(run, engine, progress)
            evaluation = _evaluation(game)
            if evaluation:
                evaluation.refuse_impossible()
                if note := evaluation.note:
                    progress.on_message(note)
        place = RunFolder(engine.broadcast(folder().path if engine.is_main else Path()))
        with _owned(run, place, progress) as owner:
            args = (game, evaluation, place, (progress, *others), stopping, owner)
            return place, _train(*args, resumed=False)


def resume(
    run: Run, folder: RunFolder, progress: Observer = SILENT, others: Sequence[Observer] = ()
) -> Outcome:
    """Go on from the newest whole checkpoint of a run.

    Raises RequestError, having touched nothing, if another process is at it.
    """
    with _stoppable(run, progress) as stopping, _owned(run, folder, progress) as owner:
        with stopping.at_once():
            game = assemble(run, Engine(run.train), progress)
            evaluation = _evaluation(game)
        watching = (progress, *others)
        return _train(game, evaluation, folder, watching, stopping, owner, resumed=True)


def _note(run: Run, progress: Observer) -> Callable[[str], None]:
    """Of several processes the first one speaks."""
    return progress.on_message if launched_as_main(run.train) else SILENT.on_message


@contextmanager
def _stoppable(run: Run, progress: Observer) -> Iterator[Stopping]:
    limit = run.train.max_time
    with (
        stop_requests(_note(run, progress)) as stopping,
        stopping.after(seconds(limit) if limit else None, f"train.max_time={limit} is over"),
    ):
        yield stopping


@contextmanager
def _owned(run: Run, folder: RunFolder, progress: Observer) -> Iterator[Ownership | None]:
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
    watching: Sequence[Observer],
    stopping: Stopping,
    owner: Ownership | None,
    *,
    resumed: bool,
) -> Outcome:
    engine, run, note = game.engine, game.run, _note(game.run, watching[0])
    checkpoints = Checkpoints(folder.checkpoints, run.checkpoint.keep, owner)
    observers: list[Observer] = []
    trainer = Trainer(game, checkpoints, observers, evaluation)
    if resumed and not checkpoints.begun():
        _require_place(checkpoints)
        note("there is no checkpoint yet: it begins from the first step")
    elif resumed:
        trainer.resume(note)
        if trainer.step in {found.step for found in read(folder.evaluations)}:
            trainer.examiner.last = trainer.step
        if trainer.step >= trainer.steps and not trainer.examiner.is_owed:
            note(f"{trainer.step} steps are made already: --steps N goes on to more")
            return Outcome.FINISHED
    if engine.is_main:
        _remember(folder, game, note)
        observers += [*_files(run, folder, trainer.step), *watching]
    try:
        return trainer.train(stopping)
    finally:
        for observer in observers:
            with suppress(OSError):
                observer.on_end()


def _require_place(checkpoints: Checkpoints) -> None:
    """Raise RequestError where the folder of checkpoints is gone, which every run has."""
    if not checkpoints.folder.is_dir():
        raise RequestError(
            f"the checkpoints of {checkpoints.folder.parent} are gone: bring {checkpoints.folder} "
            "back, or train anew in another folder"
        )


def _files(run: Run, folder: RunFolder, step: int) -> list[Observer]:
    sample_files = SampleFiles(folder, by_epoch="epoch" in str(run.sample.every))
    files: list[Observer] = [
        Journal(folder.metrics, step),
        sample_files,
        TensorBoard(folder.path, step),
    ]
    if run.evaluate.every or folder.evaluations.exists():
        files.append(Evaluations(folder.evaluations, step))
    return [*files, LossCurves(folder)]


def _evaluation(game: Game) -> Evaluation | None:
    """What measures the run while it trains, if it is to be measured, in the process that does."""
    if game.run.evaluate.every is None or not game.engine.is_main:
        return None
    return Evaluation(game.run, game.batches.data, game.engine.device)


def assemble(run: Run, engine: Engine, progress: Observer = SILENT) -> Game:
    """The players, the images and the loss of a run, ready for the first step.

    Raises RequestError for whatever a component refuses, if possible before images are prepared.
    """
    source: Dataset = run.dataset.build()
    objective: Loss = run.loss.build()
    augments: dict[str, Augmentation] = {k: chosen.build() for k, chosen in run.augment.items()}
    codes = [chosen.entry.code for chosen in run.augment.values()]
    requirements = LossRequirements.of(objective)
    _refuse_early(run, source, requirements, engine.device)
    data = Collection.of(_store(run, source, engine, progress), run.data.classes)
    networks = _networks(run, data.shape, len(data.class_names), requirements)
    layout = torch.channels_last if run.train.channels_last else torch.contiguous_format
    for network in (networks.generator, networks.discriminator):
        network.to(device=engine.device).to(memory_format=layout)
    for module in (objective, *augments.values()):
        if isinstance(module, torch.nn.Module):  # its buffers meet scores and images
            module.to(engine.device)
    return Game(
        run=run,
        networks=networks,
        objective=objective,
        batches=_batches(run, data, engine, layout),
        schedule=GrowthSchedule(run, networks, data.shape),
        augment=Pipeline.of(augments.values(), "real", codes),
        view=Pipeline.of(augments.values(), "all", codes),
        engine=engine,
        randomness=Randomness(run.seed),
        stateful=_adaptive(run, objective, augments),
    )


def _adaptive(
    run: Run, objective: Loss, augments: Mapping[str, Augmentation]
) -> dict[str, Stateful]:
    """What adapts, by its section."""
    built: dict[str, tuple[object, ConfiguredComponent]] = {"loss": (objective, run.loss)}
    built |= {f"augment.{k}": (each, run.augment[k]) for k, each in augments.items()}
    return {
        section: Adapting(each, chosen.entry.code)
        for section, (each, chosen) in built.items()
        if isinstance(each, Stateful)
    }


def _refuse_early(
    run: Run, source: Dataset, requirements: LossRequirements, device: torch.device
) -> None:
    """What no number of channels makes possible is refused or found before the preparing."""
    how = run.data
    classes = len(group_classes(source.class_names, how.classes))
    if how.balance:
        require_balance(classes, chunked=isinstance(source, ChunkedDataset))
    possible = (1, 3) if how.channels == "auto" else (how.channels,)
    for number in possible:
        try:
            image = ImageShape(number, how.height, how.width)
            networks = _networks(run, image, classes, requirements)
            first = GrowthSchedule(run, networks, image).at(0)
            first.bring(networks.generator, networks.discriminator)
            try_out(run, image, networks, first.stage.image_shape, device)
            return
        except (RequestError, PluginError):
            if number == possible[-1]:
                raise


def _store(run: Run, source: Dataset, engine: Engine, progress: Observer) -> Store:
    """The first process prepares the images; the others find them prepared."""
    store = store_of(run, source, progress) if engine.is_main else None
    engine.barrier()
    return store or store_of(run, source, SILENT)


def store_of(run: Run, source: Dataset, progress: Observer = SILENT) -> Store:
    """The images of a source as a run sees them, prepared now if need be."""
    entry = run.dataset.entry
    name, code = entry.qualified_name, entry.code
    with code.only_own_frames():
        for note in notes_of(source):
            progress.on_message(note)
        if isinstance(source, ChunkedDataset):
            return StreamedImages(source, run.data, name, code)
        data = load_or_prepare(
            source, run.data, progress.on_preparation_progress, dataset_name=name, code=code
        )
    if data.skipped:
        progress.on_message("\n  ".join([f"{len(data.skipped)} left out:", *data.skipped]))
    return data


def _batches(run: Run, data: Collection, engine: Engine, layout: torch.memory_format) -> Batches:
    seed = Randomness(run.seed).number("order")
    return Batches(data, seed, engine.device, layout, balance=run.data.balance)


def _networks(
    run: Run, image_shape: ImageShape, num_classes: int, requirements: LossRequirements
) -> Networks:
    Randomness(run.seed).reseed("initial weights", 0, torch.device("cpu"))
    networks: Networks = run.architecture.build(
        image_shape=image_shape, num_classes=num_classes, requirements=requirements
    )
    return networks


def _remember(folder: RunFolder, game: Game, note: Callable[[str], None]) -> None:
    """Keep the settings and what the run runs on; what differs from its last start is told."""
    facts = environment(game)
    if before := folder.sessions():
        changed = [key for key in _EXACT if before[-1].get(key) != facts[key]]
        if changed:
            listed = ", ".join(f"{key} {before[-1].get(key)} -> {facts[key]}" for key in changed)
            note(f"resuming is exact to the bit only where nothing of this changes: {listed}")
        facts["changed"] = changes = changed_values(folder.stored_settings(), game.run.tree())
        if changes:
            told = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in changes.items())
            note(f"settings that changed since the last start: {told}")
    folder.write_settings(game.run.tree())
    folder.add_session(facts)


_PASSWORD = re.compile(r"://[^/\s@]+@")
"""Of an address, which is nobody's business."""

_EXACT = (
    *("ganzoo", "plugins", "torch", "numpy", "device", "cpu", "threads", "processes", "images"),
)
"""What changes the order of the images, or the last bits of sums."""


def environment(game: Game) -> dict[str, Any]:
    """What a run runs on: versions, device, images, command."""
    run, device = game.run, game.engine.device
    chosen = (run.dataset, run.architecture, run.loss, *run.augment.values())
    measuring = (*run.metrics.values(), *filter(None, [run.extractor]))
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": _PASSWORD.sub("://...@", shlex.join(sys.argv)),
        "ganzoo": ganzoo.__version__,
        "plugins": sorted({str(one.entry.plugin) for one in chosen}),
        "metric_plugins": sorted({str(one.entry.plugin) for one in measuring}),
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
