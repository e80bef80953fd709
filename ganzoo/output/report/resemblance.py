"""Generated pictures beside their real neighbours, to see what was learnt by heart."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import pictures
from ganzoo.observing.observer import Observer
from ganzoo.output.neighbours import By, Neighbourhood
from ganzoo.output.report.album import Album, Embedded
from ganzoo.output.trained import TrainedRun

SAMPLES = 64
"""Generated pictures of which the extremes are shown."""
_SHOWN = 4
_NEAREST = 5


class Resemblance(NamedTuple):
    """Sheets with a row for each of some samples: the sample, then its real neighbours."""

    nearest: Embedded
    """The samples that are nearest to a real picture."""
    farthest: Embedded
    """The samples that are farthest from all."""
    samples: int
    real: int
    by: By
    copies: int
    """Samples that are nearer to a real picture than that is to any other real one."""


def resemblance(run: TrainedRun, by: By, album: Album, observer: Observer) -> Resemblance:
    """The samples that are nearest to real pictures, and the farthest ones.

    Raises RequestError if the pictures that the run was trained on are not there.
    """
    device = next(run.generator.parameters()).device
    neighbourhood = Neighbourhood(run, by, str(device), observer)
    made = run.generate(SAMPLES)
    found, real = neighbourhood.nearest(made, _NEAREST)
    first = [row[0] for row in found]
    order = torch.tensor([each.distance for each in first]).argsort()
    near = [each.among_real is not None and each.distance < each.among_real for each in first]

    def sheet(samples: Tensor) -> Embedded:
        rows = torch.cat([made[samples, None], real[samples]], dim=1)
        grid = pictures.grid(rows.flatten(0, 1), columns=rows.shape[1])
        return album.picture(pictures.to_image(grid))

    return Resemblance(
        nearest=sheet(order[:_SHOWN]),
        farthest=sheet(order[-_SHOWN:].flip(0)),
        samples=len(made),
        real=len(neighbourhood),
        by=by,
        copies=sum(near),
    )
