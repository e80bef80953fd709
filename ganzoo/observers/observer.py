"""What everything that watches a run can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.evaluation.record import Evaluated


class Observer:
    """Watches a run, and looks away from what it does not override.

    Nothing that it does may change what is trained.
    """

    def on_preparation_progress(self, done: int, total: int) -> None:
        """So many of the images are decoded and resized; told only if that has to be done."""

    def on_train_start(self, step: int, steps: int) -> None:
        """Training begins after ``step`` of ``steps`` in all."""

    def on_step_end(self, step: int, images_seen: int) -> None:
        """A step was made; called after each, so it must be quick."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Means over the steps since the last report, by name."""

    def on_scores(self, step: int, scores: Mapping[str, NDArray[np.float32]]) -> None:
        """The critic's score of each image of its last batch, ``real`` and ``fake``."""

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """A sheet of images, (H, W, C): ``samples``, or ``real`` ones; epochs are passed ones."""

    def on_evaluation_progress(self, what: str, done: int, total: int) -> None:
        """So much is done of an evaluation, or of what samples and checkpoints need."""

    def on_evaluation_end(self, found: Evaluated) -> None:
        """Generated images were measured."""

    def on_checkpoint_start(self) -> None:
        """A checkpoint is about to be written: what was told so far should be on the disk."""

    def on_rollback(self, step: int) -> None:
        """Training goes on from this earlier step; what was told of later ones will not happen."""

    def on_nonfinite(self, story: Mapping[str, Any]) -> None:
        """A loss or gradient was not a finite number; the story is plain values, as in JSON."""

    def on_warning(self, step: int, message: str) -> None:
        """Something went wrong that a person should look into."""
        self.on_message(message)

    def on_message(self, message: str) -> None:
        """Something happened that a person should know."""

    def on_end(self) -> None:
        """No more will be told."""
