"""Build the components of a run and prepare its images, ready for the first step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch

from ganzoo.contracts import (
    ChunkedDataset,
    Condition,
    Dataset,
    ImageShape,
    LossRequirements,
    Networks,
    condition_of,
)
from ganzoo.data.batches import Batches, require_balance
from ganzoo.data.collection import Collection
from ganzoo.errors import PluginError, RequestError
from ganzoo.observers.observer import Observer
from ganzoo.run import Run
from ganzoo.training.conditional import chosen_condition, network_condition
from ganzoo.training.engine import Engine
from ganzoo.training.frozen_layers import freeze_layers
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.optimizers import repeats
from ganzoo.training.randomness import Randomness
from ganzoo.training.run_components import Components
from ganzoo.training.sampling import ConditionFrequencies
from ganzoo.training.setup import Setup
from ganzoo.training.simultaneous import require_equal_repeats
from ganzoo.training.store import SILENT, prepare
from ganzoo.training.trial import try_phases


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
    _check_components(run, dataset, engine)
    data = Collection.of(prepare(run, dataset, engine, progress), run.data.classes)
    condition = network_condition(run, data.condition)
    networks = _build_networks(run, data.shape, condition, components.requirements)
    memory_format = torch.channels_last if run.train.channels_last else torch.contiguous_format
    for network in networks.by_name().values():
        network.to(device=engine.device).to(memory_format=memory_format)
    freeze_layers(networks, run.train, data.shape, condition)
    batches = _batches(run, data, engine, memory_format)
    growth = GrowthSchedule(
        *(run, networks, data.shape),
        processes=engine.processes,
        batches_per_step=_batches_per_step(run, components),
    )
    frequencies = None
    if condition:
        frequencies = ConditionFrequencies.of(data, balance=run.data.balance)
    randomness = Randomness(run.seed)
    take = partial(batches.take, shard=engine.shard)
    setup = Setup(networks, components, take, engine, randomness, growth.at(0), condition)
    return Assembly(run, setup, batches, growth, frequencies)


def _batches_per_step(run: Run, components: Components) -> int:
    """The number of batches of real images in each step.

    Raises RequestError if the phases of the loss take none, or not in every step, or if
    simultaneous ones are not updated once.
    """
    phases = components.phases()
    require_equal_repeats(phases, run.train)
    taking = [phase for phase in phases if phase.new_images]
    if not taking or any(phase.every != 1 for phase in taking):
        raise RequestError(
            f"the loss {run.loss.entry.qualified_name}: a phase of every step must have "
            "new_images=True, and no other phase may have it"
        )
    return sum(repeats(phase, run.train) for phase in taking)


def _check_components(run: Run, dataset: Dataset, engine: Engine) -> None:
    """Raise, before images are prepared, what components raise for every number of channels."""
    options = run.data
    known = chosen_condition(run, condition_of(dataset))
    if options.balance:
        require_balance(known, chunked=isinstance(dataset, ChunkedDataset))
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
    networks = _build_networks(run, image_shape, condition, components.requirements)
    first = GrowthSchedule(run, networks, image_shape, processes=engine.processes).at(0)
    first.grow(*networks.by_name().values())
    try_phases(components, networks, first.stage.image_shape, engine, condition)


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
