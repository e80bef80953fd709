"""Observers that log a run to a tracker with the functions init, log and finish."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo import EvaluationResult, ObservedRun, Observer, require_package
from ganzoo_tracker import TrackerOptions
from ganzoo_tracker.logged import Logged


class Tracker(Observer):
    """Logs reports, sample grids and evaluations, each step of a run once.

    A resumed run continues the same run of the tracker. It repeats the steps since its checkpoint
    with the same results, so what was logged about them is not logged again. After a rollback the
    results are others, but trackers accept no earlier step: those that were logged stay.
    """

    name: ClassVar[str]
    """The name of the observer, of its library and of the extra that brings the library."""

    def __init__(self, options: TrackerOptions, *, run: ObservedRun) -> None:
        if options.offline:
            self._stay_offline()
        user, extra = f"the observer {self.name}", f"ganzoo-toolkit[{self.name}]"
        self._library = require_package(self.name, user, extra)
        self._options = options
        self._grids = 0
        self._logged = Logged(run.folder.path / f"{self.name}.json", run.resumed)
        self._run = self._start(run, options.run or run.folder.path.resolve().name)

    @abstractmethod
    def _stay_offline(self) -> None:
        """Make the library keep everything on this machine; called before it is imported."""

    @abstractmethod
    def _start(self, run: ObservedRun, name: str) -> Any:
        """The library's run, new or continued: an object with ``log`` and ``finish``."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Log each number."""
        self._log("report", step, scalars)

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Log each metric and its baseline."""
        baselines = {
            f"metric baseline/{name}": score.baseline
            for name, score in found.scores.items()
            if score.baseline is not None
        }
        self._log("evaluation", found.step, {**found.scalars, **baselines})

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Log every Nth grid of samples; of images with more than 4 channels, the first three."""
        every = self._options.images_every
        if name != "samples" or not every:
            return
        self._grids += 1
        if (self._grids - 1) % every == 0:
            shown = pixels[..., :3] if pixels.shape[-1] not in (1, 3, 4) else pixels
            grid = Image.fromarray(shown[..., 0] if shown.shape[-1] == 1 else shown)
            self._log(name, step, {name: self._library.Image(grid)})

    def on_end(self) -> None:
        """Finish the tracker's run; a resumed run continues it."""
        with redirect_stdout(io.StringIO()):  # the library's messages are no results
            self._run.finish()

    def _log(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        if step > self._logged.steps.get(kind, -1):
            self._run.log(dict(values), step=step)
            self._logged.add(kind, step)


class WeightsAndBiases(Tracker):
    """Logs a run to Weights & Biases; offline, into the folder ``wandb`` of the run folder."""

    name = "wandb"

    def _stay_offline(self) -> None:
        os.environ["WANDB_ERROR_REPORTING"] = "false"

    def _start(self, run: ObservedRun, name: str) -> Any:
        return self._library.init(
            project=self._options.project,
            name=name,
            id=self._logged.id,
            resume="allow",
            dir=str(run.folder.path),
            config=dict(run.settings),
            mode="offline" if self._options.offline else "online",
            reinit="create_new",  # a program may train several runs
            settings=self._library.Settings(silent=True, console="off"),
        )


class Trackio(Tracker):
    """Logs a run to Trackio; offline, into its database on this machine."""

    name = "trackio"

    def _stay_offline(self) -> None:
        for name in ("SPACE_ID", "SERVER_URL", "BUCKET_ID", "DATASET_ID", "WEBHOOK_URL"):
            os.environ.pop(f"TRACKIO_{name}", None)

    def _start(self, run: ObservedRun, name: str) -> Any:
        with redirect_stdout(io.StringIO()):
            return self._library.init(
                project=self._options.project,
                name=f"{name}-{self._logged.id}",  # it continues a run by its name
                resume="allow",
                config=dict(run.settings),
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
