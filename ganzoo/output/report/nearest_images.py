"""Generated images with their nearest real images, to check for memorization."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.observers.observer import Observer
from ganzoo.output.neighbors import By, NearestNeighbors
from ganzoo.output.report.embedded_images import EmbeddedImage, EmbeddedImages
from ganzoo.output.trained import TrainedRun

SAMPLES = 64
"""Generated images that are compared; the nearest and the farthest are shown."""
_ROWS = 4
_NEIGHBORS = 5


class NearestImages(NamedTuple):
    """Grids with one row per generated image: the image, then its nearest real images."""

    nearest: EmbeddedImage
    """The generated images that are nearest to a real image."""
    farthest: EmbeddedImage
    """The generated images that are farthest from all real images."""
    samples: int
    real: int
    by: By
    copies: int
    """Generated images that are nearer to a real image than any other real image is to it."""


def nearest_images(
    run: TrainedRun, by: By, embedded: EmbeddedImages, observer: Observer
) -> NearestImages:
    """The generated images that are nearest to real images, and those that are farthest.

    Raises RequestError if the images that the run was trained on are missing or have changed.
    """
    device = next(run.generator.parameters()).device
    neighbors = NearestNeighbors(run, by, str(device), observer)
    images = run.generate(SAMPLES)
    found, real = neighbors.nearest(images, _NEIGHBORS)
    first = [row[0] for row in found]
    order = torch.tensor([each.distance for each in first]).argsort()
    copies = [each.among_real is not None and each.distance < each.among_real for each in first]

    def grid(indices: Tensor) -> EmbeddedImage:
        rows = torch.cat([images[indices, None], real[indices]], dim=1)
        pixels = imaging.grid(rows.flatten(0, 1), columns=rows.shape[1])
        return embedded.add(imaging.to_image(pixels))

    return NearestImages(
        nearest=grid(order[:_ROWS]),
        farthest=grid(order[-_ROWS:].flip(0)),
        samples=len(images),
        real=len(neighbors),
        by=by,
        copies=sum(copies),
    )
