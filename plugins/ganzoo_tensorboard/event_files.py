"""An observer that writes reports, samples and evaluations for TensorBoard."""

from __future__ import annotations

import itertools
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import summary

from ganzoo import EvaluationResult, ObservedRun, Observer, Options
from ganzoo_tensorboard.dashboards import BASELINE, hyperparameters, layout, tag

_NUMBERS = itertools.count()
_BINS = 30


class TensorBoard(Observer):
    """Writes event files into the run folder; ``tensorboard --logdir runs`` shows them.

    Events are written immediately, not by a thread: a full disk raises OSError in the call that
    writes. After that, a new file is started.
    """

    def __init__(self, options: Options, *, run: ObservedRun) -> None:
        self._folder = run.folder.path
        self._settings = run.settings
        self._records: RecordWriter | None = None
        self._failed = False
        """Whether writing failed; then nothing is written until the next checkpoint."""
        self._open(run.step)

    def on_checkpoint_start(self) -> None:
        """After a failure, write again from the next report on."""
        self._failed = False

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write each number as a scalar."""
        self._write(step, *(summary.scalar(tag(name), value) for name, value in scalars.items()))

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Write each metric and its baseline as scalars, and a custom chart with both."""
        baselines = {
            f"{BASELINE}/{name}": score.baseline
            for name, score in found.scores.items()
            if score.baseline is not None
        }
        self.on_report(found.step, {**found.scalars, **baselines})
        self._write(found.step, layout(found.scores))

    def on_scores(self, step: int, scores: Mapping[str, NDArray[np.float32]]) -> None:
        """Write histograms of the scores; scores that are not finite are skipped."""
        for name, each in scores.items():
            if np.isfinite(each).all():
                self._write(step, summary.histogram(f"scores/{name} images", each, bins=_BINS))

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Write the grid; of images with other than 1, 3 or 4 channels, the first three."""
        shown = pixels[..., :3] if pixels.shape[-1] not in (1, 3, 4) else pixels
        self._write(step, summary.image(name, shown, dataformats="HWC"))

    def on_warning(self, step: int, message: str) -> None:
        """Write the warning as text."""
        self._write(step, summary.text("warnings", message))

    def on_rollback(self, step: int) -> None:
        """Hide the events of later steps."""
        self.on_end()
        self._open(step)

    def on_end(self) -> None:
        """Close the file."""
        if self._records:
            records, self._records = self._records, None
            records.close()

    def _open(self, step: int) -> None:
        # TensorBoard reads files in the order of their names: 0009 before 0010.
        name = f"{time.time():.0f}.{platform.node()}.{os.getpid()}.{next(_NUMBERS):04}"
        file = (self._folder / f"events.out.tfevents.{name}").open("xb")
        self._records = RecordWriter(file)
        self._record(Event(wall_time=time.time(), file_version="brain.Event:2"))
        # TensorBoard hides earlier events from this step on: a resumed run writes them again.
        start = SessionLog(status=SessionLog.START)
        self._record(Event(wall_time=time.time(), step=step + 1 if step else 0, session_log=start))
        if step < 1:
            self._write(0, hyperparameters(self._settings), layout())

    def _write(self, step: int, *summaries: object) -> None:
        if self._failed:
            return
        if not self._records:
            self._open(step - 1)
        for each in summaries:
            self._record(Event(wall_time=time.time(), step=step, summary=each))

    def _record(self, event: Event) -> None:
        assert self._records
        try:
            self._records.write(event.SerializeToString())
            self._records.flush()
        except OSError:
            self._failed = True
            with suppress(OSError):
                self.on_end()
            raise
