"""The steps of a run, as its training makes them, without a run folder."""

from __future__ import annotations

import math
import os
from pathlib import Path

from ganzoo.observers.observer import SILENT, Observer
from ganzoo.observers.observer_list import ObserverList
from ganzoo.run import Run
from ganzoo.training.assembly import assemble
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine
from ganzoo.training.loop import Loop

_NEVER = 10**12
"""An interval in steps that is never over."""


class Steps:
    """Makes the steps of a run with its reports, but without samples, checkpoints and evaluations.

    Networks that grow are at their last stage, faded in. Nothing is written but prepared images.

    Raises RequestError as training does.
    """

    def __init__(self, run: Run, engine: Engine, progress: Observer = SILENT) -> None:
        run = _uninterrupted(run)
        self.assembly = assemble(run, engine, progress)
        nowhere = Checkpoints(Path(os.devnull), keep=1)
        self.loop = Loop(self.assembly, nowhere, ObserverList([Observer()]))
        trainer = self.loop.trainer
        trainer.set_total_steps(_NEVER)
        last = trainer.growth.stages[-1]
        trainer.progress.images_seen = last.starts_at + last.fade_images
        trainer.begin_stage()
        self.cycle = math.lcm(*(phase.every for phase in trainer.phases))
        """The number of steps after which each phase has run as often as it should."""
        self.images = last.batch_size * trainer.growth.batches_per_step
        """The real images that the discriminator is shown in a step, over all processes."""

    def make(self, count: int) -> None:
        """Make so many steps."""
        for _ in range(count):
            self.assembly.engine.any(False)  # as before each step of a run
            before = self.loop.progress.position
            self.loop.trainer.step()
            self.loop.after_step(before)


def _uninterrupted(run: Run) -> Run:
    """The same run without samples, checkpoints and evaluations."""
    never = {"every": _NEVER}
    return run.model_copy(
        update={
            "sample": run.sample.model_copy(update=never),
            "checkpoint": run.checkpoint.model_copy(update={**never, "keep_every": None}),
            "evaluate": run.evaluate.model_copy(update={"every": None}),
        }
    )
