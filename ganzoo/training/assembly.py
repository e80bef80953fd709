"""Build the components of a run and prepare its images, ready for the first step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch

from ganzoo.contracts import (
    Condition,
    Dataset,
    ImageShape,
    condition_of,
    is_streamed,
)
from ganzoo.data.batches import Batches, require_balance
from ganzoo.data.collection import Collection
from ganzoo.errors import PluginError, RequestError
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.run import Run
from ganzoo.training.conditional import chosen_condition, network_condition
from ganzoo.training.deadline import called_after
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.memory import memory_message
from ganzoo.training.mixing_layers import require_pieces
from ganzoo.training.optimizers import repeats
from ganzoo.training.other_optimizers import require_used
from ganzoo.training.passes import Passes, require_compilable
from ganzoo.training.randomness import Randomness
from ganzoo.training.replay_check import require_same_training
from ganzoo.training.run_components import Components
from ganzoo.training.run_networks import initial_networks, memory_format, networks_to_train
from ganzoo.training.sampling import ConditionFrequencies
from ganzoo.training.setup import Setup
from ganzoo.training.shared_fakes import require_sharing
from ganzoo.training.simultaneous import require_one_update
from ganzoo.training.speed_settings import with_fastest
from ganzoo.training.store import prepare
from ganzoo.training.trial import try_phases

_LONG = 10.0
"""Seconds of a trial after which a message says what takes so long."""
_TRYING = "trying the networks and the loss on random images"


@dataclass
class Assembly:
    """The parts of a run before its first step."""

    run: Run
    setup: Setup
    batches: Batches
    growth: GrowthSchedule
    frequencies: ConditionFrequencies | None
    """How often each condition is trained; ``None`` if the networks are unconditional."""

    @property
    def engine(self) -> Engine:
        """The device and the processes."""
        return self.setup.engine

    @property
    def total_images(self) -> float:
        """The number of images that the run shows to the discriminator, if it does not grow."""
        return _total_images(self.run, self.batches.data, self.growth.batches_per_step)

    def shuffle(self, randomness: Randomness) -> None:
        """Take the real images in the order of this stream of random numbers."""
        self.batches.shuffle(randomness.derive_seed("order"))


def assemble(run: Run, engine: Engine, progress: Observer = SILENT) -> Assembly:
    """The networks, the images and the components of a run, ready for the first step.

    Raises RequestError if a component refuses its settings, if possible before the images are
    prepared.
    """
    dataset: Dataset = run.dataset.build()
    components = Components.of(run, engine.device)
    observer = progress if engine.is_main else SILENT
    with called_after(_LONG, partial(observer.on_message, _TRYING)):
        _check_components(run, dataset, engine)
    data = Collection.of(prepare(run, dataset, engine, progress), run.data.classes)
    condition = network_condition(run, data.condition)
    per_step = _batches_per_step(run, components)
    run = _measured(run, engine, data, condition, per_step, progress)
    requirements, device = components.requirements, engine.device
    networks = networks_to_train(run, data.shape, condition, requirements, device, engine.processes)
    batches = _batches(run, data, device)
    growth = GrowthSchedule(
        run, networks, data.shape, processes=engine.processes, batches_per_step=per_step
    )
    frequencies = None
    if condition:
        frequencies = ConditionFrequencies.of(data, balance=run.data.balance)
    randomness = Randomness(run.seed)
    take = partial(batches.take, shard=engine.shard)
    passes = Passes.of(networks, run)
    setup = Setup(networks, components, take, engine, randomness, growth.at(0), condition, passes)
    return Assembly(run, setup, batches, growth, frequencies)


def _measured(
    run: Run,
    engine: Engine,
    data: Collection,
    condition: Condition | None,
    batches_per_step: int,
    progress: Observer,
) -> Run:
    """The run with the settings that are fastest here; says which, and how much memory it needs."""
    message = progress.on_message if engine.is_main else SILENT.on_message
    images = _total_images(run, data, batches_per_step)
    run = with_fastest(run, engine, data.shape, condition, images, message)
    require_same_training(run, engine, data.shape, condition)
    if needed := memory_message(run, engine, data.shape, condition):
        message(needed)
    return run


def _batches(run: Run, data: Collection, device: torch.device) -> Batches:
    options, seed = run.data, Randomness(run.seed).derive_seed("order")
    layout = memory_format(run)
    return Batches(data, seed, device, layout, balance=options.balance, keep=options.on_device)


def _batches_per_step(run: Run, components: Components) -> int:
    """The number of batches of real images in each step.

    Raises RequestError if the phases of the loss take none, or not in every step.
    """
    taking = [phase for phase in components.phases() if phase.new_images]
    if not taking or any(phase.every != 1 for phase in taking):
        raise RequestError(
            f"the loss {run.loss.entry.qualified_name}: a phase of every step must have "
            "new_images=True, and no other phase may have it"
        )
    return sum(repeats(phase, run.train) for phase in taking)


def _check_components(run: Run, dataset: Dataset, engine: Engine) -> None:
    """Raise, before images are prepared, what components raise for every number of channels."""
    require_compilable(run, engine.device)
    options = run.data
    known = chosen_condition(run, condition_of(dataset))
    if options.balance:
        require_balance(known, chunked=is_streamed(dataset))
    condition = network_condition(run, known)
    possible = (1, 3) if options.channels == "auto" else (options.channels,)
    for channels in possible:
        try:
            _try(run, ImageShape(channels, options.height, options.width), condition, engine)
            return
        except (RequestError, PluginError):
            if channels == possible[-1]:
                raise


def _try(run: Run, image_shape: ImageShape, condition: Condition | None, engine: Engine) -> None:
    """Try separate instances of the components on random images."""
    components = Components.of(run, engine.device)
    networks = initial_networks(
        run, image_shape, condition, components.requirements, engine.processes
    )
    growth = GrowthSchedule(run, networks, image_shape, processes=engine.processes)
    require_pieces(run.train.accumulate, networks, growth.stages, engine.processes)
    phases = components.phases()
    require_used(phases, networks, run)
    require_one_update(phases, networks, run.train)
    require_sharing(phases, run.train)
    first = growth.at(0)
    first.grow(*networks.by_name().values())
    try_phases(components, networks, first.stage.image_shape, engine, condition)


def _total_images(run: Run, data: Collection, batches_per_step: int) -> float:
    """The number of images that a run shows to the discriminator, if it does not grow."""
    if run.train.epochs is not None:
        return run.train.epochs * len(data)
    return run.train.images or run.train.steps * run.train.batch_size * batches_per_step
