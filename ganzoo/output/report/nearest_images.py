"""Generated images beside their real neighbors, to see what was learned by heart."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.observers.observer import Observer
from ganzoo.output.neighbors import By, NearestNeighbors
from ganzoo.output.report.embedded_images import Embedded, EmbeddedImages
from ganzoo.output.trained import TrainedRun

SAMPLES = 64
"""Generated images of which the extremes are shown."""
_SHOWN = 4
_NEAREST = 5


class NearestImages(NamedTuple):
    """Sheets with a row for each of some samples: the sample, then its real neighbors."""

    nearest: Embedded
    """The samples that are nearest to a real image."""
    farthest: Embedded
    """The samples that are farthest from all."""
    samples: int
    real: int
    by: By
    copies: int
    """Samples that are nearer to a real image than that is to any other real one."""


def resemblance(
    run: TrainedRun, by: By, album: EmbeddedImages, observer: Observer
) -> NearestImages:
    """The samples that are nearest to real images, and the farthest ones.

    Raises RequestError if the images that the run was trained on are not there.
    """
    device = next(run.generator.parameters()).device
    neighborhood = NearestNeighbors(run, by, str(device), observer)
    made = run.generate(SAMPLES)
    found, real = neighborhood.nearest(made, _NEAREST)
    first = [row[0] for row in found]
    order = torch.tensor([each.distance for each in first]).argsort()
    near = [each.among_real is not None and each.distance < each.among_real for each in first]

    def sheet(samples: Tensor) -> Embedded:
        rows = torch.cat([made[samples, None], real[samples]], dim=1)
        grid = imaging.grid(rows.flatten(0, 1), columns=rows.shape[1])
        return album.image(imaging.to_image(grid))

    return NearestImages(
        nearest=sheet(order[:_SHOWN]),
        farthest=sheet(order[-_SHOWN:].flip(0)),
        samples=len(made),
        real=len(neighborhood),
        by=by,
        copies=sum(near),
    )
