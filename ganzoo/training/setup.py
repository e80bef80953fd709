"""What the updates of a run use: networks, images, augmentations, random numbers, processes."""

from __future__ import annotations

import time
from collections.abc import Callable

from torch import nn

from ganzoo.augment.pipeline import Pipeline
from ganzoo.contracts import (
    Condition,
    Discriminator,
    Generator,
    Networks,
    RealImages,
    TrainingLatents,
)
from ganzoo.data.batches import Batch
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthPoint
from ganzoo.training.mixing_layers import combines_batches
from ganzoo.training.passes import Passes
from ganzoo.training.randomness import Randomness
from ganzoo.training.run_components import Components

TakeBatch = Callable[[int, int], Batch]
"""This process's part of the batch of real images at a position, with a number of images."""


class Setup:
    """What the updates of a run use; training changes the weights and the values in it."""

    def __init__(
        self,
        networks: Networks,
        components: Components,
        take: TakeBatch,
        engine: Engine,
        randomness: Randomness,
        point: GrowthPoint,
        condition: Condition | None = None,
        passes: Passes | None = None,
    ) -> None:
        generator, discriminator = networks.generator, networks.discriminator
        self.networks: dict[str, nn.Module] = networks.by_name()
        self.generator: Generator = generator
        self.discriminator: Discriminator = discriminator
        self.with_ema = {name: networks.others[name] for name in networks.ema}
        """The networks beside the generator that have an EMA."""
        self.passes = passes or Passes(generator, discriminator)
        """The forward passes of both in the terms of an update."""
        # A check of a protocol takes longer than most of a step's other code.
        self.training_latents = generator if isinstance(generator, TrainingLatents) else None
        """The generator, if its latents in training differ from those of samples."""
        self.condition = condition
        """What the networks are told about each image; ``None`` if they are unconditional."""
        self.components = components
        self.passes_may_be_joined = components.requirements.independent_scores and (
            not combines_batches(networks)
        )
        """Whether two batches in one pass of the discriminator get the scores of two passes."""
        self.engine = engine
        self.randomness = randomness
        self.point = point
        """The current stage and fade."""
        self.total_images = 1
        """The run's total number of images seen."""
        self.seconds_for_data = 0.0
        """Seconds in which real images were taken, since the last report."""
        self.augment_real: Pipeline
        """The augmentations of real images only."""
        self.augment_all: Pipeline
        """The augmentations of all inputs of the discriminator."""
        self._take = take
        self._last: tuple[tuple[int, int], RealImages] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Use the components as they are now; called whenever one was built again."""
        self.augment_real = self.components.pipeline("real")
        self.augment_all = self.components.pipeline("all")
        self.forget_images()

    def forget_images(self) -> None:
        """Take the next real images anew: they depend on the step's stage, fade and values."""
        self._last = None

    def real_images(self, first: int, count: int) -> RealImages:
        """The batch of ``count`` real images after the first ``first`` ones, augmented.

        The last batch is kept, because several updates of a step use it.
        """
        if self._last is None or self._last[0] != (first, count):
            start = time.perf_counter()
            batch = self._take(first, count)
            self.seconds_for_data += time.perf_counter() - start
            random = self.randomness.generator("augment", first, self.engine.device)
            images = self.augment_real(batch.images, random, self.engine.shard)
            condition = batch.condition if self.condition else None
            self._last = (first, count), RealImages(self.point.shrink(images), condition)
        return self._last[1]

    def grow(self, point: GrowthPoint, *others: nn.Module) -> None:
        """Set all networks, and ``others``, to a stage and fade."""
        self.point = point
        point.grow(*self.networks.values(), *others)
