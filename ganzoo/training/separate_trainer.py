"""A trainer of separate networks and components on random images, to measure a run beforehand."""

from __future__ import annotations

import torch

from ganzoo.contracts import Condition, ImageShape
from ganzoo.data.batches import Batch
from ganzoo.run import Run
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthSchedule
from ganzoo.training.passes import Passes
from ganzoo.training.randomness import Randomness
from ganzoo.training.run_components import Components
from ganzoo.training.run_networks import memory_format, networks_to_train
from ganzoo.training.setup import Setup
from ganzoo.training.trainer import Trainer


def separate_trainer(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> Trainer:
    """A trainer of instances of its own, at the last stage of a run that grows.

    Nothing of the run changes, except the states of the global random number generators.
    """
    components = Components.of(run, engine.device)
    requirements = components.requirements
    networks = networks_to_train(run, image_shape, condition, requirements, engine.device)
    growth = GrowthSchedule(run, networks, image_shape, processes=engine.processes)

    def take(first: int, count: int) -> Batch:
        n = count // engine.processes
        random = torch.Generator(engine.device).manual_seed(0)
        images = torch.rand(n, *image_shape, generator=random, device=engine.device) * 2 - 1
        conditions = condition.examples(n).to(engine.device) if condition else None
        return Batch(images.contiguous(memory_format=memory_format(run)), conditions)

    randomness, passes = Randomness(run.seed), Passes.of(networks, run)
    setup = Setup(networks, components, take, engine, randomness, growth.at(0), condition, passes)
    ema = Ema(networks.generator, run.train.ema, others=setup.with_ema)
    trainer = Trainer(run, setup, growth, ema)
    last = growth.stages[-1]
    trainer.progress.images_seen = last.starts_at + last.fade_images
    trainer.set_total_steps(run.train.steps)
    if len(growth.stages) > 1:
        trainer.begin_stage()
    return trainer
