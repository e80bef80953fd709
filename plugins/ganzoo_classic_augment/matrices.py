"""Affine matrices (n, 3, 3), one for each of n parameters, in a warp's coordinates."""

from __future__ import annotations

import torch
from torch import Tensor


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Moves by ``x`` to the right and by ``y`` down, in half heights."""
    matrix = _identity(x)
    matrix[:, 0, 2] = x
    matrix[:, 1, 2] = y
    return matrix


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Enlarges about the center, ``x`` times in width and ``y`` times in height."""
    matrix = _identity(x)
    matrix[:, 0, 0] = x
    matrix[:, 1, 1] = y
    return matrix


def rotation(angle: Tensor) -> Tensor:
    """Turns about the center, clockwise to the eye since y points down; in radians."""
    matrix = _identity(angle)
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 0, 1] = -angle.sin()
    matrix[:, 1, 0] = angle.sin()
    return matrix


def shear(tangent: Tensor) -> Tensor:
    """Moves what lies below the center to the right, by ``tangent`` times how far below."""
    matrix = _identity(tangent)
    matrix[:, 0, 1] = tangent
    return matrix


def _identity(parameters: Tensor) -> Tensor:
    return torch.eye(3, device=parameters.device).repeat(len(parameters), 1, 1)
