"""The reports of a run: means of the losses, speed, and grids of samples."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.observers.observer_list import ObserverList
from ganzoo.training.assembly import Assembly
from ganzoo.training.recovery import Recovery
from ganzoo.training.sample_grids import SampleGrids
from ganzoo.training.separation import separation
from ganzoo.training.stopwatch import Stopwatch
from ganzoo.training.trainer import Trainer


class Reporter:
    """Sends the reports and the sample grids of a run to its observers."""

    def __init__(
        self,
        assembly: Assembly,
        trainer: Trainer,
        recovery: Recovery,
        observers: ObserverList,
    ) -> None:
        self._trainer = trainer
        self._progress = trainer.progress
        self._engine = trainer.setup.engine
        self._recovery = recovery
        self._observers = observers
        self._images_per_epoch = len(assembly.batches.data)
        progress = observers.report_progress
        self._grids = SampleGrids(assembly, trainer.ema, self._show_grid, progress)
        self.stopwatch = Stopwatch(self._engine.device)
        self._images_at_report = 0
        self._stage_reported = -1

    def restart(self) -> None:
        """Measure the speed from this step on."""
        self.stopwatch.restart()
        self._trainer.setup.seconds_for_data = 0.0
        self._images_at_report = self._progress.images_seen

    def report_stage(self) -> None:
        """Send a message about the stage, if it has just begun."""
        schedule, stage = self._trainer.growth, self._trainer.setup.point.stage
        if stage.number == self._stage_reported:
            return
        self._stage_reported = stage.number
        stages = schedule.stages
        warning = schedule.warning(self._progress.total_steps) if stage is stages[0] else None
        if warning:
            self._observers.notify(lambda observer: observer.on_message(warning))
        if len(stages) > 1:
            size = f"{stage.image_shape.size} of {stages[-1].image_shape.size} pixels"
            images = f"{stage.batch_size} images in a batch"
            message = f"step {self._progress.step}: {size}, {images}"
            self._observers.notify(lambda observer: observer.on_message(message))

    def report(self) -> None:
        """Send the means since the last report, the speed and the values of schedules.

        Raises Diverged if a mean is not finite.
        """
        step, images = self._progress.position
        scalars = self._recovery.finite_means()
        seconds = self.stopwatch.seconds
        speed = (images - self._images_at_report) / seconds
        scalars |= {"images_seen": images, "speed/images_per_second": speed}
        scalars["waiting/data"] = self._trainer.setup.seconds_for_data / seconds
        scores = {k: each.cpu().numpy() for k, each in self._trainer.updater.last_scores.items()}
        if len(scores) == 2:
            scalars["balance/separation"] = separation(**scores)
        values = self._trainer.values.present
        scalars |= {f"schedule/{key}": value for key, value in values.items()}
        if len(self._trainer.growth.stages) > 1:
            point = self._trainer.setup.point
            scalars["growth/resolution"] = point.stage.image_shape.height
            scalars["growth/fade"] = point.fade
        self._observers.notify(lambda observer: observer.on_report(step, scalars))
        self._observers.notify(lambda observer: observer.on_scores(step, scores))
        for name, fraction in scalars.items():
            if name.startswith("skipped/") and fraction:
                self._warn_of_skipped(name.removeprefix("skipped/"), fraction)
        self._trainer.running_means.reset()
        self.restart()

    def _warn_of_skipped(self, phase: str, fraction: float) -> None:
        message = (
            f"{fraction:.1%} of the {phase}'s updates since the last report were not finite and "
            "were skipped"
        )
        self._observers.warn(self._progress.step, message)

    def draw_first(self) -> None:
        """Send grids of real images and of samples, before the first step."""
        if self._engine.is_main:
            self._observers.attempt(0, "drawing real images", self._grids.draw_real)
            self._observers.attempt(0, "drawing samples", self._grids.draw_samples)

    def draw_samples(self) -> None:
        """Send a grid of samples, and add their diversity to the next report."""
        step = self._progress.step
        draw = (step, "drawing samples", self._grids.draw_samples)
        ratio = self._observers.attempt(*draw) if self._engine.is_main else None
        ratio = self._engine.broadcast(ratio)
        if ratio is None:
            return
        diversity = torch.tensor(ratio, device=self._engine.device)
        self._trainer.running_means.add("samples/diversity", diversity)

    def _show_grid(self, name: str, grid: NDArray[np.uint8]) -> None:
        """Send a grid of images."""
        step, images = self._progress.position
        epoch = images / self._images_per_epoch
        self._observers.notify(lambda observer: observer.on_images(name, step, epoch, grid))
