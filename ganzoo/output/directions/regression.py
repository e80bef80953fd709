"""Directions along which a number of the image rises, by least squares."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo.errors import RequestError
from ganzoo.output.directions.sample import PointSample
from ganzoo.output.directions.saved import Direction


def require_enough(sample: PointSample) -> None:
    """Raise RequestError if there are too few points for a regression."""
    count, width = sample.rows.shape
    if count < 3 * width:
        raise RequestError(
            f"{count} images are too few for {width} numbers of a point: use --images {3 * width} "
            "or more"
        )


def regressed(sample: PointSample, targets: Mapping[str, Tensor]) -> list[Direction]:
    """A direction for each of these numbers (N,) of the points.

    ``explained`` is the part of the variance that a linear function of the point predicts: R^2 for
    the last quarter of the points, with coefficients from the others.

    Raises RequestError if a number is the same for all points.
    """
    rows = sample.rows.double()
    count = len(rows) - len(rows) // 4
    same = [name for name, values in targets.items() if values[:count].std() < 1e-9]
    if same:
        raise RequestError(f"{', '.join(same)}: the number is the same for all images")
    y = torch.stack(list(targets.values()), 1)
    mean, y_mean = rows[:count].mean(0), y[:count].mean(0)
    x, z = rows - mean, y - y_mean
    solved = torch.linalg.lstsq(x[:count], z[:count], driver="gelsd").solution
    errors = (z - x @ solved)[count:].square().sum(0) / z[count:].square().sum(0)
    return [
        sample.direction(name, column, max(0.0, 1 - error))
        for name, column, error in zip(targets, solved.T, errors.tolist(), strict=True)
    ]
