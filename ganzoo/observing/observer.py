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

    def preparing(self, done: int, total: int) -> None:
        """So many of the pictures are decoded and resized; told only if that has to be done."""

    def started(self, step: int, steps: int) -> None:
        """Training begins after ``step`` of ``steps`` in all."""

    def stepped(self, step: int, images_seen: int) -> None:
        """A step was made; called after each, so it must be quick."""

    def reported(self, step: int, scalars: Mapping[str, float]) -> None:
        """Means over the steps since the last report, by name."""

    def scored(self, step: int, scores: Mapping[str, NDArray[np.float32]]) -> None:
        """The critic's score of each picture of its last batch, ``real`` and ``fake``."""

    def drew(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """A sheet of pictures, (H, W, C): ``samples``, or ``real`` ones; epochs are passed ones."""

    def evaluating(self, what: str, done: int, total: int) -> None:
        """So much is done of an evaluation, or of what samples and checkpoints need."""

    def evaluated(self, found: Evaluated) -> None:
        """Generated pictures were measured."""

    def saving(self) -> None:
        """A checkpoint is about to be written: what was told so far should be on the disk."""

    def went_back(self, step: int) -> None:
        """Training goes on from this earlier step; what was told of later ones will not happen."""

    def failed(self, story: Mapping[str, Any]) -> None:
        """A loss or gradient was not a finite number; the story is plain values, as in JSON."""

    def warned(self, step: int, message: str) -> None:
        """Something went wrong that a person should look into."""
        self.noted(message)

    def noted(self, message: str) -> None:
        """Something happened that a person should know."""

    def closed(self) -> None:
        """No more will be told."""
