"""An observer that writes sample grids as image files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo import ObservedRun, Observer, Options, save_image


class SampleFiles(Observer):
    """Writes sample grids, such as ``samples/step-0001000.png``, and ``samples/real.png``.

    If ``sample.every`` is in epochs, the names have the epoch, too:
    ``samples/epoch-0100-step-0031200.png``.
    """

    def __init__(self, options: Options, *, run: ObservedRun) -> None:
        self._folder = run.folder
        self._by_epoch = "epoch" in str(run.settings["sample"]["every"])
        run.folder.samples.mkdir(exist_ok=True)

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Write the grid."""
        self._folder.samples.mkdir(exist_ok=True)
        path = self._folder.sample_grid(step, epoch if self._by_epoch else None)
        save_image(pixels, path if name == "samples" else path.with_name(f"{name}.png"))
