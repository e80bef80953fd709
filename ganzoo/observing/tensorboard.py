"""The same reports and sheets for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from ganzoo.observing.observer import Observer


class TensorBoard(Observer):
    """Event files in the run folder; ``tensorboard --logdir runs`` shows them."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        # purge_step hides what was told after the checkpoint that the run goes on from.
        self._writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def saving(self) -> None:
        """Bring what was told to the file before the checkpoint that it belongs to."""
        self._writer.flush()

    def went_back(self, step: int) -> None:
        """Hide what was told of later steps."""
        self._writer.close()
        self._writer = SummaryWriter(str(self._folder), purge_step=step + 1)

    def warned(self, step: int, message: str) -> None:
        """A text among the run's."""
        self._writer.add_text("warnings", message, step)

    def reported(self, step: int, scalars: Mapping[str, float]) -> None:
        """One scalar each."""
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)

    def drew(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """One image; of more than four channels the first three."""
        shown = pixels[..., :3] if pixels.shape[-1] not in (1, 3, 4) else pixels
        self._writer.add_image(name, shown, step, dataformats="HWC")
        self._writer.flush()

    def closed(self) -> None:
        """Write out what is left."""
        self._writer.close()
